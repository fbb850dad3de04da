/** A container under a name that is claimed for it: locked while it grows, in the place of an old one once it is complete. */
import { dirname, extname } from "node:path";
import { codeOf, failure, MoteError, reason } from "../../errors.js";
import type { EndOfStream } from "../../model/run-report.js";
import { type Claim, claimName, type Outcome } from "../claim/claim.js";
import { containerFor } from "../container-for.js";
import type { FrameStore, StoreRequest } from "../frame-store.js";
import { syncNames, syncNamesFrom } from "../sync/sync-folder.js";

export interface ClaimedRequest extends Omit<StoreRequest, "name"> {
  /** Replaces what has the name. */
  readonly isForced: boolean;
  /** Who writes, for those who are refused: "archive". */
  readonly what: string;
}

/** Claims the name and opens the container whose extension it has; a folder that takes files beside others claims their names itself. */
export async function openClaimedStore(request: ClaimedRequest): Promise<FrameStore> {
  const { where, path, isForced, what, settings } = request;
  const container = containerFor(where, path);
  const open = await container.load();
  if (container.folderProblem) return await open(request);
  const kind = await container.kind?.(settings);
  const claim = claimName({ where, path, isForced, ...(kind && { kind }) }, what);
  try {
    const store = await open({ ...request, path: claim.growing, name: claim.path });
    // What has the name from now on is what was just made.
    claim.look(store.made);
    return claimed(store, claim, request);
  } catch (error) {
    claim.giveBack();
    throw error;
  }
}

function claimed(store: FrameStore, claim: Claim, { where, warn }: ClaimedRequest): FrameStore {
  const isMoving = claim.growing !== claim.path;
  let path = isMoving ? claim.growing : undefined;
  let parts = store.parts;
  const { appendDetections, appendTogether, sync } = store;
  const folder = dirname(claim.growing);
  /** Files whose names are synced. */
  let named = 0;

  function settle(outcome: Outcome): void {
    const settled = claim.settle(outcome);
    if (isMoving && settled.path === claim.path) {
      path = undefined;
      parts = store.parts?.map((part) => movedPart(part, claim));
    }
    if (settled.note !== undefined) warn?.(settled.note);
  }

  function syncNewNames(): void {
    try {
      syncOwnNames();
    } catch (error) {
      throw notSynced(where, error);
    }
  }

  function syncOwnNames(): void {
    const files = store.parts?.length ?? 1;
    if (named === 0) syncNamesFrom(folder);
    else if (named < files) syncNames(folder);
    named = files;
  }

  return {
    get frames() {
      return store.frames;
    },
    get rows() {
      return store.rows;
    },
    get path() {
      return path;
    },
    get parts() {
      return parts;
    },
    get bytes() {
      return store.bytes;
    },
    append(frame) {
      claim.look();
      return store.append(frame);
    },
    ...(appendTogether && {
      appendTogether(frames) {
        claim.look();
        return appendTogether.call(store, frames);
      },
    }),
    ...(appendDetections && {
      appendDetections(frame) {
        claim.look();
        return appendDetections.call(store, frame);
      },
    }),
    ...(sync && {
      async sync() {
        try {
          await sync.call(store);
          syncOwnNames();
        } catch (error) {
          throw notSynced(where, error);
        }
      },
    }),
    event: (event) => store.event(event),
    async close(end) {
      let isClosed = false;
      try {
        // Closing an empty store removes it by its name.
        if (store.frames + store.rows > 0 || !claim.isLost()) await store.close(end);
        isClosed = true;
        if (end && named === 0 && store.frames + store.rows > 0) syncNewNames();
      } finally {
        settle(outcomeOf(store, end, isClosed));
      }
    },
  };
}

function notSynced(where: string, error: unknown): MoteError {
  if (error instanceof MoteError) return error;
  return failure(codeOf(error), where, `cannot be synced to the disk: ${reason(error)}`, undefined, error);
}

/** The files of a row are called after it: run_000.h5 of run.h5. */
function movedPart(part: string, { path, growing }: Claim): string {
  const ending = extname(path).length;
  return path.slice(0, path.length - ending) + part.slice(growing.length - ending);
}

function outcomeOf({ frames, rows }: FrameStore, end: EndOfStream | null, isClosed: boolean): Outcome {
  const isEmpty = frames === 0 && rows === 0;
  if (isEmpty && !end?.isComplete) return "nothing";
  if (!isClosed || end === null) return "cut";
  return end.notStored || end.failure !== undefined ? "kept" : "complete";
}
