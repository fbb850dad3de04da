/**
 * The serial part of `compress`: frames arrive in order, most of them encoded already, and become files, each with its
 * line in the journal. A frame counts once its bytes, its name and its line are there.
 */
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import { withXml } from "../../../codecs/jxl/container.js";
import { codeOf, failure, MoteError, reason } from "../../../errors.js";
import { explained } from "../../../imaging/explained.js";
import { largestFrameBytes } from "../../../imaging/image-file.js";
import type { Frame } from "../../../memory/frame.js";
import type { StreamDescriptor } from "../../../model/descriptor.js";
import { isFateEvent } from "../../../model/event-check.js";
import { lossOfEnd } from "../../../model/recorded-loss.js";
import type { EpochNs } from "../../../time.js";
import { readBounded } from "../../bounded-file.js";
import { NameLost } from "../../claim/claim.js";
import { HeldFolder } from "../../claim/held-folder.js";
import { type Lock, takeLock } from "../../claim/lock.js";
import { removeOwnFile } from "../../claim/removal.js";
import { diskFault } from "../../disk/disk-fault.js";
import { makeFolders } from "../../folders.js";
import { hex } from "../../image-folder/hex.js";
import type { FrameNames } from "../../image-folder/name-template.js";
import { NameTaken, unfinishedName, unfinishedTarget, writeNewFile } from "../../image-folder/write-new-file.js";
import { syncFolder, syncNames, syncNamesFrom } from "../../sync/sync-folder.js";
import type { CompressedFolder } from "../compression.js";
import { type EncodedFrame, encodeFrame, type FrameCodec, requireEqual } from "./encode-frame.js";
import { borrowEncoded } from "./encoded-product.js";
import { frameXmp } from "./frame-xmp.js";
import { type JournalContent, type JournalWriter, openJournal, readJournal } from "./journal.js";
import { entryOf, type JournalEntry } from "./journal-entry.js";
import { quarantine } from "./quarantine.js";
import type { SourceFiles } from "./source-files.js";

const mostAttempts = 3;

export interface FrameFolderPlan {
  readonly where: string;
  readonly folder: string;
  readonly names: FrameNames;
  readonly isResumed: boolean;
  /** File name of the journal. */
  readonly journal: string;
  readonly descriptor: StreamDescriptor;
  readonly startedAtNs: EpochNs;
  /** Every n-th frame is decoded again; 0: none. */
  readonly verifyEvery: number;
  /** The files the frames come from, told what becomes of them. */
  readonly sources: SourceFiles;
  /** A fresh codec, for what the mappers left: opened when it is needed, and again after it failed. */
  openCodec(): Promise<FrameCodec>;
  warn(text: string): void;
  /** Asked after a disk without room refused a frame: true when it shall be tried again. */
  mayTryAgain?(error: unknown): boolean;
}

export type FrameFolder = Omit<CompressedFolder, "folder" | "firstName" | "isNamedByRoot" | "sources">;

/** The journal of a run that shall go on, its damage told by name. */
export function readResumed(where: string, folder: string, journal: string): JournalContent | undefined {
  try {
    return readJournal(folder, journal);
  } catch (error) {
    throw explained(where, error, failure);
  }
}

/** True when the file of a journalled frame is there with its size: nothing is left to do for it. */
export function isThere(folder: string, entry: JournalEntry | undefined): entry is JournalEntry {
  return entry !== undefined && statSync(join(folder, entry.file), { throwIfNoEntry: false })?.size === entry.bytes;
}

export function openFrameFolder(plan: FrameFolderPlan): FrameFolder {
  const { where, folder, names, descriptor } = plan;
  try {
    makeFolders(folder);
  } catch (error) {
    throw failure(codeOf(error), where, `cannot be made: ${reason(error)}`, undefined, error);
  }
  const held = new HeldFolder(folder);
  let lock: Lock | undefined;
  let before: JournalContent | undefined;
  let journal: JournalWriter;
  try {
    lock = takeLock(where, join(folder, plan.journal), "compress");
    before = plan.isResumed ? held.within((path) => readResumed(where, path, plan.journal)) : undefined;
    journal = held.within((path) => openJournal(where, path, before, plan.journal));
  } catch (error) {
    lock?.release();
    held.close();
    throw error;
  }
  const counts = { stored: 0, resumed: 0, verified: 0, quarantined: 0, rawBytes: 0, bytes: 0 };
  let missed = 0;
  let isFolderSynced = false;
  let codec: FrameCodec | undefined;

  function note(line: object): void {
    // Without the journal nothing says what the files are; where all of the folder is gone, nothing is there at all.
    const lost = held.lostName(plan.journal, journal.identity);
    if (lost !== undefined) throw new NameLost(where, lost);
    try {
      journal.append(line);
    } catch (error) {
      const hint = "Make room, then go on with --resume.";
      throw failure(codeOf(error), where, `the journal cannot be written: ${reason(error)}`, hint, error);
    }
  }

  if (plan.isResumed) held.within((path) => removeUnfinished(path, names));
  note({ journal: 1, startedAtNs: String(plan.startedAtNs), verifyEvery: plan.verifyEvery, descriptor });

  function count(entry: JournalEntry): void {
    note(entry);
    plan.sources.stored(entry.isVerified);
    counts.stored++;
    counts.rawBytes += entry.rawBytes;
    counts.bytes += entry.bytes;
    if (entry.isVerified) counts.verified++;
  }

  /** True when the journal says that the frame is stored; its pixels have to be those. */
  function isDone(frame: Frame, encoded: EncodedFrame | undefined): boolean {
    const entry = before?.byFrame.get(frame.header.frameNumber);
    if (entry === undefined || !held.within((path) => isThere(path, entry))) return false;
    if (hex(encoded?.crc32 ?? crc32(frame.pixelBytes)) !== entry.crc32) {
      throw failure(
        "frames-differ",
        `${where}, ${entry.file}`,
        `frame ${entry.frame} has other pixels than the one stored here`,
        "Resume with the stream that was cut, or choose another folder.",
      );
    }
    counts.resumed++;
    plan.sources.stored(entry.isVerified);
    return true;
  }

  /** A run cut between a file's name and its line: the file is ours if it decodes to this frame. */
  async function adopt(frame: Frame, name: string): Promise<boolean> {
    if (!plan.isResumed) return false;
    codec ??= await plan.openCodec();
    const { pixelBytes: pixels } = frame;
    let bytes: Uint8Array;
    try {
      bytes = readBounded(join(held.path, name), largestFrameBytes);
      requireEqual(codec.decoder, bytes, pixels, descriptor.shape);
    } catch {
      return false;
    }
    const own = {
      file: name,
      bytes: bytes.length,
      fileCrc32: hex(crc32(bytes)),
      rawBytes: pixels.length,
      crc32: hex(crc32(pixels)),
      isVerified: true,
      ...plan.sources.current,
    };
    count(entryOf(frame.header, own));
    return true;
  }

  async function attempt(frame: Frame, mapped: EncodedFrame | undefined, name: string): Promise<void> {
    let encoded = mapped;
    if (!encoded) {
      codec ??= await plan.openCodec();
      encoded = encodeFrame(codec, frame, descriptor.shape, plan.verifyEvery);
    }
    const entry = entryOf(frame.header, {
      file: name,
      bytes: 0,
      rawBytes: frame.pixels.byteLength,
      crc32: hex(encoded.crc32),
      isVerified: encoded.isVerified,
      ...plan.sources.current,
    });
    const { file: _file, bytes: _bytes, isVerified: _isVerified, ...metadata } = entry;
    const pieces = withXml(encoded.bytes, frameXmp(metadata, descriptor));
    held.within((path) => writeNewFile(path, name, pieces));
    try {
      const fileCrc32 = hex(pieces.reduce((sum, piece) => crc32(piece, sum), 0));
      count({ ...entry, bytes: pieces.reduce((sum, piece) => sum + piece.length, 0), fileCrc32 });
    } catch (error) {
      // A file without a line counts for nothing, and its name would be in the way.
      held.within((path) => removeOwnFile(join(path, name)));
      throw error;
    }
  }

  async function giveUp(frame: Frame, name: string, why: string): Promise<void> {
    const { frameNumber } = frame.header;
    let file: string;
    try {
      const { pixelBytes: pixels } = frame;
      const stem = name.replace(/\.[^.]*$/, "");
      const about = { stem, pixels, crc32: crc32(pixels), reason: why, attempts: mostAttempts };
      file = held.within((path) => quarantine(path, { header: frame.header, ...about }));
    } catch (error) {
      throw failure(
        codeOf(error),
        `${where}, ${name}`,
        `frame ${frameNumber} could not be stored (${why}), nor put into quarantine (${reason(error)})`,
        "Everything before it is stored; make room, then go on with --resume.",
        error,
      );
    }
    note({ quarantined: frameNumber, file, reason: why });
    plan.sources.lost();
    counts.quarantined++;
    plan.warn(`frame ${frameNumber} failed ${mostAttempts} times (${why}); its pixels are in ${join(folder, file)}`);
  }

  async function store(frame: Frame, encoded: EncodedFrame | undefined): Promise<"stored" | "quarantined"> {
    if (isDone(frame, encoded)) return "stored";
    const name = names.nameOf(frame.header.frameNumber);
    let why = "";
    for (let tries = 0; tries < mostAttempts; tries++) {
      try {
        await attempt(frame, encoded, name);
        return "stored";
      } catch (error) {
        // The journal gave up, or will not: trying again changes nothing.
        if (error instanceof MoteError) throw error;
        if (error instanceof NameTaken) {
          if (await adopt(frame, name)) return "stored";
          throw failure(
            "exists-already",
            `${where}, ${name}`,
            "exists already and is not this frame",
            "Move it away, then --resume.",
          );
        }
        if (diskFault(error) === "full") throw noRoom(where, name, error);
        why = reason(error);
        codec = undefined;
      }
    }
    await giveUp(frame, name, why);
    return "quarantined";
  }

  return {
    counts,
    async store(frame, product) {
      const encoded = product && borrowEncoded(product);
      for (;;) {
        try {
          return await store(frame, encoded);
        } catch (error) {
          if (!plan.mayTryAgain?.(error)) throw error;
        }
      }
    },
    miss() {
      plan.sources.lost();
      missed++;
    },
    sync() {
      try {
        held.within(syncNames);
        if (!isFolderSynced) syncNamesFrom(folder);
        isFolderSynced = true;
      } catch (error) {
        throw failure(codeOf(error), where, `cannot be synced to the disk: ${reason(error)}`, undefined, error);
      }
    },
    event(event) {
      note(event);
      if (event.event === "source") plan.sources.next(event.file);
      else if (isFateEvent(event)) plan.sources.lost();
    },
    end(ended) {
      const { isComplete, lost } = ended;
      const { isCut } = lossOfEnd(ended);
      // A file that was being read when the run was stopped may hold more frames.
      if (isComplete) plan.sources.next(undefined);
      note({ end: { isComplete: isComplete && missed === 0, isCut, lost: lost + missed, ...counts } });
      held.within(syncFolder);
    },
    close() {
      journal.close();
      held.close();
      lock.release();
    },
  };
}

function noRoom(where: string, name: string, error: unknown): MoteError {
  const hint = "Everything before it is stored; make room, then go on with --resume.";
  return failure(codeOf(error), `${where}, ${name}`, `cannot be written: ${reason(error)}`, hint, error);
}

/** What a killed run left under temporary names. */
function removeUnfinished(folder: string, names: FrameNames): void {
  for (const name of readdirSync(folder)) {
    const target = unfinishedTarget(name);
    if (target !== undefined && names.isOurs(target)) removeOwnFile(join(folder, unfinishedName(target)));
  }
}
