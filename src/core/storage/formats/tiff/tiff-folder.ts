/**
 * Frames as TIFFs of one page each, in a folder: every file has all metadata, appears under its name when the disk has it,
 * and never takes the place of another. The run's journal beside them says which there are, and that it ended.
 */
import { accessSync, constants, readdirSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import { codeOf, failure, type MoteError, type Problem, reason } from "../../../errors.js";
import { checksumOf } from "../../../memory/pixel-checksum.js";
import type { StreamDescriptor } from "../../../model/descriptor.js";
import { isFateEvent } from "../../../model/event-check.js";
import type { EndOfStream } from "../../../model/run-report.js";
import { formatCount } from "../../../units.js";
import { NameLost } from "../../claim/claim.js";
import { HeldFolder } from "../../claim/held-folder.js";
import { type Lock, lockProblem, takeLock } from "../../claim/lock.js";
import { removeOwnFile } from "../../claim/removal.js";
import { nearestFolder } from "../../files.js";
import { makeFolders } from "../../folders.js";
import type { FrameStore } from "../../frame-store.js";
import { compileNames, type FrameNames, inFolder } from "../../image-folder/name-template.js";
import { NameTaken, unfinishedTarget, writeNewFile } from "../../image-folder/write-new-file.js";
import { syncNames, syncNamesFrom } from "../../sync/sync-folder.js";
import { openTiffJournal, type TiffJournal, tiffJournalName } from "./folder-journal.js";
import type { TiffNames } from "./folder-options.js";
import { createStripEncoder } from "./strip-encoder.js";
import { plainTiff, type TiffSettings } from "./tiff-options.js";
import { createTiffWriter, omeNameOf, tiffEndOf } from "./tiff-writer.js";

export interface TiffFolderRequest {
  /** Made when it is not there. */
  readonly folder: string;
  /** For complaints: "archive, --out tifs/". */
  readonly where: string;
  readonly names: TiffNames;
  readonly descriptor: StreamDescriptor;
  readonly settings?: TiffSettings;
  /** Threads that compress; 1 when it is not given. */
  readonly workers?: number;
  warn?(text: string): void;
}

/** The folder that the files stand in, and their names there. */
function placeOf(folder: string, { template, run, date }: TiffNames): { place: string; names: FrameNames } {
  const split = inFolder(template, { run, date });
  return { place: join(folder, split.folder), names: compileNames(split.template, { run, date }) };
}

/** What speaks against writing there, looked at before anything is made. */
export function tiffFolderProblem({
  folder,
  where,
  names: wanted,
}: Pick<TiffFolderRequest, "folder" | "where" | "names">): Problem | undefined {
  const { place, names } = placeOf(folder, wanted);
  const base = nearestFolder(place);
  if (!statSync(base).isDirectory())
    return { code: "wrong-kind-of-file", where, what: `${base} is not a folder`, hint: "Choose another name." };
  try {
    accessSync(base, constants.W_OK | constants.X_OK);
  } catch {
    return {
      code: "no-permission",
      where,
      what: `the folder ${base} cannot be written to`,
      hint: "Choose another folder.",
    };
  }
  if (!statSync(place, { throwIfNoEntry: false })) return undefined;
  const journal = tiffJournalName(names);
  const held = lockProblem(join(place, journal));
  if (held) return { where, ...held };
  const taken = readdirSync(place)
    .filter((name) => name === journal || names.isOurs(unfinishedTarget(name) ?? name))
    .sort();
  if (taken.length === 0) return undefined;
  const more = taken.length > 1 ? ` (and ${formatCount(taken.length - 1, "file")} more like it)` : "";
  return {
    code: "exists-already",
    where,
    what: `${join(place, taken[0]!)} exists already${more}`,
    hint: "Choose another folder, --run or --name-template; files in a folder are never replaced, with --force neither.",
  };
}

/** `frames` counts files that have their name. */
export function openTiffFolder(request: TiffFolderRequest): FrameStore {
  const { folder, where, descriptor, workers = 1, warn } = request;
  const { place, names } = placeOf(folder, request.names);
  const settings = request.settings ?? plainTiff;
  const { dateTime } = settings;
  try {
    makeFolders(place);
  } catch (error) {
    throw failure(codeOf(error), where, `cannot be made: ${reason(error)}`, undefined, error);
  }
  const journalName = tiffJournalName(names);
  const held = new HeldFolder(place);
  // Runs may share a folder: what is taken are the names of these files.
  let lock: Lock | undefined;
  let journal: TiffJournal;
  try {
    lock = takeLock(where, join(place, journalName), "archive");
    journal = held.within((path) => openTiffJournal(where, path, names));
  } catch (error) {
    lock?.release();
    held.close();
    throw error;
  }
  const encoder = createStripEncoder({
    descriptor,
    settings,
    workers,
    ...(warn && { warn }),
  });
  const { layout } = encoder;
  let frames = 0;
  let bytes = 0;
  let isPlaceSynced = false;

  function endJournal(end: EndOfStream): void {
    try {
      journal.end(tiffEndOf(end, frames));
    } catch (error) {
      const what = `the journal cannot be ended: ${reason(error)}`;
      throw failure(codeOf(error), where, what, `The ${formatCount(frames, "file")} are whole.`, error);
    } finally {
      journal.close();
    }
  }

  function notSynced(error: unknown): MoteError {
    return failure(codeOf(error), where, `cannot be synced to the disk: ${reason(error)}`, undefined, error);
  }

  /** The names of the files and, once, of the folders that may have been made for them. */
  function syncFolders(): void {
    try {
      held.within(syncNames);
      if (!isPlaceSynced) syncNamesFrom(place);
      isPlaceSynced = true;
    } catch (error) {
      throw notSynced(error);
    }
  }

  /** Nothing is found in a folder, or without a journal, whose name is another's. */
  function look(): void {
    const lost = held.lostName(journalName, journal.identity);
    if (lost !== undefined) throw new NameLost(where, lost);
  }

  return {
    get frames() {
      return frames;
    },
    get bytes() {
      return bytes;
    },
    rows: 0,
    async append(frame) {
      const { header } = frame;
      const name = names.nameOf(header.frameNumber);
      try {
        const strips = await encoder.encode(frame);
        look();
        // A frame has at most 1 GB, so that it fits into a classic TIFF.
        const plan = {
          descriptor,
          layout,
          isBig: false,
          omeName: omeNameOf(basename(name)),
          journal: journalName,
          dateTime,
        };
        const pixelsCrc32 = checksumOf(frame);
        const write = (fd: number) => {
          const writer = createTiffWriter(fd, plan);
          writer.append({ header, pixelsCrc32 }, strips);
          writer.finish({ isComplete: true, lost: 0, stages: [] });
        };
        const size = held.within((path) => writeNewFile(path, name, write));
        try {
          journal.append({ file: name, frame: header.frameNumber, bytes: size, crc32: pixelsCrc32 });
        } catch (error) {
          // A file without a line counts for nothing, and its name would be in the way.
          held.within((path) => removeOwnFile(join(path, name)));
          throw error;
        }
        bytes += size;
        frames++;
      } catch (error) {
        if (error instanceof NameLost) throw error;
        if (error instanceof NameTaken) {
          throw failure(
            "exists-already",
            `${where}, ${name}`,
            "exists already",
            "Choose another folder, --run or --name-template.",
          );
        }
        throw failure(
          codeOf(error),
          `${where}, ${name}`,
          `writing frame ${header.frameNumber} failed: ${reason(error)}`,
          `The ${formatCount(frames, "file")} before are whole; make room and record the rest under other names.`,
          error,
        );
      }
    },
    // Each file is synced before it has its name.
    sync() {
      syncFolders();
      try {
        journal.sync();
      } catch (error) {
        throw notSynced(error);
      }
    },
    event(event) {
      if (isFateEvent(event)) journal.tell(event);
    },
    async close(end) {
      let isEnded = false;
      try {
        // A run without a frame leaves no file, as a stack does.
        if (frames === 0) journal.remove();
        else if (end) endJournal(end);
        else journal.close();
        isEnded = end !== null || frames === 0;
        await encoder.close();
        if (frames > 0) look();
        if (isEnded && frames > 0) syncFolders();
      } finally {
        held.close();
        if (isEnded) lock.release();
        else lock.leave();
      }
    },
  };
}
