/**
 * The one owner of "may I write at this name, and how does the old one go": the name is locked against other runs, a new
 * file grows under it where nothing was; where an old one is (--force) it grows beside it and takes its place when it is
 * complete. What speaks against it is a refusal (exit code 2), before a byte is written.
 */
import { existsSync, lstatSync, realpathSync } from "node:fs";
import { basename, dirname } from "node:path";
import { codeOf, failure, MoteError, type Problem, reason, refusal } from "../../errors.js";
import { msSince, now } from "../../time.js";
import { fileInTheWay, problemOfFolder } from "../files.js";
import { syncFolder } from "../sync/sync-folder.js";
import { growingName } from "./beside.js";
import { abandonedLock, type Lock, lockProblem, rowProblem, takeLock } from "./lock.js";
import { type FileIdentity, identityOf, isSameFile } from "./removal.js";
import type { Replaceable } from "./replaceable.js";
import { singleFile } from "./single-file.js";

const lookEveryMs = 1000;
/** A look at the name alone costs 8 µs: of small frames, which come faster than this, not each is worth one. */
const nameEveryMs = 10;

export interface ClaimRequest {
  /** For complaints: "archive, --out run.h5". */
  readonly where: string;
  readonly path: string;
  /** Replaces what is there. */
  readonly isForced: boolean;
  /** What is written; absent: a file. */
  readonly kind?: Replaceable;
}

/**
 * What came of a file: "complete", all that came is in it; "kept", it lacks something and is closed as it should be; "cut",
 * it was not even closed; "nothing", there is nothing in it to keep.
 */
export type Outcome = "complete" | "kept" | "cut" | "nothing";

export interface Settled {
  /** Where the file is. */
  readonly path: string;
  /** For the user, when that is not where it was to be. */
  readonly note?: string;
}

/** The file that a run writes was removed or moved by somebody else: what it stored there is not under its name. */
export class NameLost extends MoteError {
  constructor(where: string, name: string) {
    const what = `${name} was removed or moved by something else while it was written: what was stored in it is not there`;
    super([
      { code: "name-lost", where, what, hint: "Look for it where it was moved to, and record again what is lost." },
    ]);
    this.name = "NameLost";
  }
}

export interface Claim {
  /** The name that was asked for, links to a file resolved. */
  readonly path: string;
  /** Where the new file grows: created there by its writer, never over another. */
  readonly growing: string;
  /** The lock of a run that was killed was taken over: what that run left beside the name may go. */
  readonly wasAbandoned: boolean;
  /**
   * Whether the file that was there at the first look, or that its writer says it `made`, still has the name; once a second also
   * whether the lock is there. Throws NameLost when not. For who writes, at every frame.
   */
  look(made?: FileIdentity): void;
  /** Something else has the name by now, or nothing. */
  isLost(): boolean;
  /**
   * Ends the claim, once its file is closed: a complete one gets its name, any other stays where it grew, and an old one as
   * it was. The lock of a file that was cut stays beside it, as a mark for readers. Throws when the name cannot be given, and
   * NameLost when the file is gone.
   */
  settle(outcome: Outcome): Settled;
  /** Ends a claim whose file never was. */
  giveBack(): void;
}

/** What speaks against writing there, looked at before anything is opened. */
export function claimProblem({ where, path, isForced, kind = singleFile }: ClaimRequest): Problem | undefined {
  const ofFolder = problemOfFolder(where, path);
  if (ofFolder) return ofFolder;
  const real = whereItIs(path);
  const found = lockProblem(real) ?? (kind.isThere(path) ? kind.refused(path, isForced) : undefined);
  return found && { where, ...found };
}

/** Takes the name; a refusal when somebody has it, or when something is there and is not to be replaced. `what`: who writes. */
export function claimName(request: ClaimRequest, what: string): Claim {
  const { where } = request;
  try {
    const path = whereItIs(request.path);
    const wasAbandoned = abandonedLock(path) !== undefined;
    const lock = takeLock(where, path, what);
    try {
      return claimLocked({ ...request, path }, what, lock, wasAbandoned);
    } catch (error) {
      end(lock, wasAbandoned);
      throw error;
    }
  } catch (error) {
    throw error instanceof MoteError ? error : fileInTheWay(where, error);
  }
}

/** A file's own place, where its name is a link: there the new one grows, and there others meet the lock. */
function whereItIs(path: string): string {
  const name = path.replace(/\/+$/, "") || path;
  const isLink = lstatSync(name, { throwIfNoEntry: false })?.isSymbolicLink();
  return isLink && existsSync(name) ? realpathSync(name) : name;
}

function end(lock: Lock, wasAbandoned: boolean): void {
  if (wasAbandoned) lock.leave();
  else lock.release();
}

function claimLocked(request: ClaimRequest, what: string, lock: Lock, wasAbandoned: boolean): Claim {
  const { where, path, isForced, kind = singleFile } = request;
  const ofRow = rowProblem(path);
  if (ofRow) throw refusal(ofRow.code, where, ofRow.what, ofRow.hint);
  kind.mend?.(path);
  if (!kind.isThere(path)) {
    if (kind.isRow) lock.isOfAnother("row");
    return newClaim(path, lock, watchOf(request, path, lock), wasAbandoned);
  }
  const refused = kind.refused(path, isForced);
  if (refused) throw refusal(refused.code, where, refused.what, refused.hint);
  let growing = growingName(path);
  for (let count = 2; kind.isThere(growing); count++) growing = growingName(path, count);
  // A second lock: what a killed run leaves is marked where it grew, and the old file is as whole as it was.
  const growingLock = takeLock(where, growing, what);
  lock.isOfAnother(kind.isRow ? "row" : "file");

  function leave(outcome: "kept" | "cut" | "nothing"): void {
    if (outcome === "cut") growingLock.leave();
    else growingLock.release();
    end(lock, wasAbandoned);
  }

  const watch = watchOf(request, growing, growingLock);
  return {
    path,
    growing,
    wasAbandoned,
    look: watch.look,
    isLost: watch.isLost,
    settle(outcome) {
      if (watch.isLost()) {
        leave("nothing");
        throw watch.lost();
      }
      if (outcome === "complete") {
        try {
          kind.replace(path, growing);
          syncFolder(dirname(path));
        } catch (error) {
          leave("kept");
          const hint = `It is whole, and is called ${growing}.`;
          throw failure(
            codeOf(error),
            where,
            `the new file cannot take the old one's place: ${reason(error)}`,
            hint,
            error,
          );
        }
        growingLock.release();
        lock.release();
        return { path };
      }
      if (outcome === "nothing" && kind.isThere(growing)) kind.remove(growing);
      leave(outcome);
      const kept = `${where}: ${basename(path)} is as it was before`;
      if (outcome === "nothing") return { path, note: kept };
      return { path: growing, note: `${kept}; what this run stored is in ${growing}` };
    },
    giveBack: () => leave("nothing"),
  };
}

/** Of a name that nothing had: the file stands under it from its first byte, so that a kill leaves it readable there. */
function newClaim(path: string, lock: Lock, watch: NameWatch, wasAbandoned: boolean): Claim {
  return {
    path,
    growing: path,
    wasAbandoned,
    look: watch.look,
    isLost: watch.isLost,
    settle(outcome) {
      const isLost = outcome !== "nothing" && watch.isLost();
      if (outcome === "cut" && !isLost) lock.leave();
      else lock.release();
      if (isLost) throw watch.lost();
      return { path };
    },
    giveBack: () => lock.release(),
  };
}

interface NameWatch {
  look(made?: FileIdentity): void;
  isLost(): boolean;
  lost(): NameLost;
}

/** Looks after the file that grows under `growing`, and after its lock, which goes with the folder even where another run made both anew. */
function watchOf({ where, kind = singleFile }: ClaimRequest, growing: string, lock: Lock): NameWatch {
  let lookedAt = now();
  let namedAt: typeof lookedAt | undefined;
  /** The file at the first look; undefined before, and for a row, which has no file of this name. */
  let own: FileIdentity | undefined;
  const found = () => {
    const there = lstatSync(growing, { bigint: true, throwIfNoEntry: false });
    return there && identityOf(there);
  };
  const isAnother = () => {
    const there = own && found();
    return own !== undefined && !(there && isSameFile(there, own));
  };
  const isLost = () => isAnother() || !lock.isThere() || !kind.isThere(growing);
  const lost = () => new NameLost(where, basename(growing));
  return {
    isLost,
    lost,
    look(made) {
      if (namedAt !== undefined && msSince(namedAt) < nameEveryMs) return;
      namedAt = now();
      own ??= made ?? found();
      if (isAnother()) throw lost();
      if (msSince(lookedAt) < lookEveryMs) return;
      lookedAt = now();
      if (isLost()) throw lost();
    },
  };
}
