/**
 * A folder of single TIFFs into a new one: the files that are whole, with a journal that says what is missing. With the name of
 * a container, the frames become that instead.
 */
import { constants, copyFileSync, mkdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { codeOf, failure, reason } from "../../../errors.js";
import { wholeOf } from "../../../imaging/region.js";
import type { TiffEnd } from "../../../imaging/tiff/end-mark.js";
import type { Frame } from "../../../memory/frame.js";
import type { StreamDescriptor } from "../../../model/descriptor.js";
import type { StreamEvent } from "../../../model/event.js";
import { bytesPerPixel } from "../../../model/pixel-format.js";
import type { EndOfStream } from "../../../model/run-report.js";
import { formatCount } from "../../../units.js";
import { compileNames, type FrameNames } from "../../image-folder/name-template.js";
import { severalRuns } from "../../image-folder/several-runs.js";
import { EventsInOrder } from "../../recover/events-in-order.js";
import { nothingWhole, recoverFrames, type Salvage } from "../../recover/recover-frames.js";
import type { Recover, RecoverContext, Recovery } from "../../recover/recovery.js";
import { syncFolder } from "../../sync/sync-folder.js";
import { filesWithoutLine, openTiffJournal, surveyTiffRun, type TiffEntry, type TiffRun } from "./folder-journal.js";
import { singleTiffs, tiffJournalsAt } from "./journal-names.js";
import { tiffFile } from "./read.js";
import { describeTiff } from "./recover.js";
import { notesIn, verifiedTiff } from "./verify-folder.js";

export const recoverTiffFolder: Recover = async (recovery, context) => {
  const found = await survey(recovery, context);
  if (!context.container) return await copyFolder(found, recovery);
  const descriptor = await describeTiff(join(found.folder, found.good[0]!.file), recovery);
  await recoverFrames(new TiffFolderSalvage(found, descriptor, recovery), recovery, context);
};

interface Found {
  readonly folder: string;
  /** Undefined: there is no journal. */
  readonly run: TiffRun | undefined;
  /** Files that are whole, ascending by frame. */
  readonly good: readonly TiffEntry[];
  /** Frames whose files are not, ascending; null: nothing says which. */
  readonly bad: readonly { readonly file: string; readonly frame: number | null; readonly why: string }[];
}

async function survey(recovery: Recovery, { where }: RecoverContext): Promise<Found> {
  const { path } = recovery;
  const journals = tiffJournalsAt(path);
  if (journals.length > 1) throw severalRuns(where, journals);
  const run = journals[0] === undefined ? undefined : surveyTiffRun(journals[0]);
  const folder = run?.folder ?? path;
  const byFile = new Map(run?.entries.map((entry) => [entry.file, entry]));
  const files = run ? [...byFile.keys(), ...filesWithoutLine(run)] : singleTiffs(folder);
  const good: TiffEntry[] = [];
  const bad: { file: string; frame: number | null; why: string }[] = [];
  for (const [index, file] of files.entries()) {
    await recovery.progress(index, files.length * 2);
    const entry = byFile.get(file);
    const one = join(folder, file);
    const why = await faultIn(one, entry);
    if (why !== undefined) {
      bad.push({ file, frame: entry?.frame ?? null, why });
      continue;
    }
    const notes = notesIn(one);
    const frame = entry?.frame ?? notes?.header.frameNumber ?? index;
    good.push({ file, frame, bytes: statSync(one).size, crc32: entry?.crc32 ?? notes?.pixelsCrc32 ?? 0 });
  }
  if (good.length === 0) throw nothingWhole(where);
  good.sort((a, b) => a.frame - b.frame);
  bad.sort((a, b) => (a.frame ?? -1) - (b.frame ?? -1));
  return { folder, run, good, bad };
}

/** Why a file is not whole; undefined when it is. */
async function faultIn(path: string, entry: TiffEntry | undefined): Promise<string | undefined> {
  if (!statSync(path, { throwIfNoEntry: false })?.isFile()) return "the file is not there";
  return (await verifiedTiff(path, entry)).findings[0]?.what;
}

/** What is missing, told once: files that are gone or not whole, lines that are, and what a cut run had not come to. */
function tellLosses({ run, good, bad }: Found, recovery: Recovery): void {
  for (const { file, frame, why } of bad) {
    if (frame === null) recovery.lost(`${file}: ${why}`, null);
    else recovery.lostRange(frame, 1, `${file}: ${why}`);
  }
  if (!run) return;
  const gone = (run.end?.frames ?? 0) - good.length - bad.length;
  if (gone > 0)
    recovery.lost(`${formatCount(gone, "frame")} that the end of the journal counts and no line is of`, gone);
  else if (run.breaks.length > 0) recovery.lost("what lines of the journal said that were changed or are gone", null);
  if (run.end) recovery.finished();
  else recovery.unfinishedBehind("the run was cut", Math.max(good.at(-1)!.frame, bad.at(-1)?.frame ?? -1) + 1);
}

async function copyFolder(found: Found, recovery: Recovery): Promise<void> {
  const { folder, run, good } = found;
  const { out } = recovery;
  tellLosses(found, recovery);
  const where = `recover, --out ${out}`;
  try {
    mkdirSync(out);
    // A folder that had no journal stays one of which nothing says what was in it.
    const journal = run && openTiffJournal(where, out, run.names ?? plainNames);
    try {
      for (const [done, entry] of good.entries()) {
        const mode = constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE;
        copyFileSync(join(folder, entry.file), join(out, entry.file), mode);
        journal?.append(entry);
        await recovery.progress(good.length + done, good.length * 2);
      }
      for (const event of eventsOf(found).before(Number.POSITIVE_INFINITY)) journal?.tell(event);
      journal?.end(endOf(found, recovery));
    } finally {
      journal?.close();
    }
    syncFolder(out);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === undefined) throw error;
    throw failure(codeOf(error), where, `cannot be written: ${reason(error)}`, "Make room and run again.", error);
  }
  recovery.frames = good.length;
}

/** What the journal said, and the frames that are lost by their files. */
function eventsOf({ run, bad }: Found): EventsInOrder {
  const frames = bad.flatMap(({ frame }) => frame ?? []);
  return new EventsInOrder(run?.events ?? [], frames);
}

const plainNames: FrameNames = compileNames("frame_{frame:06}.tif", { run: 1, date: "" });

/** What the new journal ends with: of what was cut, that nobody knows what followed. */
function endOf({ run, good }: Found, recovery: Recovery): TiffEnd {
  const { isComplete = false, isCut = true, lost = 0, notStored = 0 } = run?.end ?? {};
  const isWhole = isComplete && recovery.lossCount === 0;
  return { frames: good.length, isComplete: isWhole, isCut, lost: lost + recovery.lostFrames, notStored };
}

/** The files of a folder as frames for another container. */
class TiffFolderSalvage implements Salvage {
  readonly mostRows = 0;
  readonly descriptor: StreamDescriptor;
  readonly isCut: boolean;
  end: EndOfStream | null = null;
  readonly #found: Found;
  readonly #recovery: Recovery;
  readonly #events: EventsInOrder;
  #index = 0;

  constructor(found: Found, descriptor: StreamDescriptor, recovery: Recovery) {
    this.#found = found;
    this.#recovery = recovery;
    this.descriptor = { ...descriptor, frameCount: null };
    this.isCut = found.run?.end?.isCut === true;
    this.#events = eventsOf(found);
    tellLosses(found, recovery);
  }

  async next(frame: Frame, onEvent: (event: StreamEvent) => void): Promise<boolean> {
    const { good, folder, run } = this.#found;
    for (;;) {
      const entry = good[this.#index++];
      for (const event of this.#events.before(entry?.frame ?? Number.POSITIVE_INFINITY)) onEvent(event);
      if (!entry) break;
      await this.#recovery.progress(good.length + this.#index, good.length * 2);
      if (await this.#read(join(folder, entry.file), entry, frame)) return true;
      this.#recovery.lostRange(entry.frame, 1, `${entry.file} is of another shape or type`);
    }
    if (run?.end) {
      const { isComplete, lost, notStored } = run.end;
      this.end = { isComplete, lost, stages: [], ...(notStored > 0 && { notStored }) };
    }
    return false;
  }

  close(): void {}

  async #read(path: string, entry: TiffEntry, frame: Frame): Promise<boolean> {
    const file = await tiffFile.open(path);
    try {
      const { shape, pixelFormat, bitDepth } = file.facts;
      const own = this.descriptor;
      if (pixelFormat !== own.pixelFormat || shape.height !== own.shape.height || shape.width !== own.shape.width) {
        return false;
      }
      const { recorded, pixelsCrc32 = -1 } = await file.readFrame(0, frame.pixels, wholeOf(shape));
      frame.header.reset(pixelFormat, shape.height, shape.width, shape.width * bytesPerPixel[pixelFormat], bitDepth);
      if (recorded) frame.header.copyFrom(recorded);
      frame.header.frameNumber = entry.frame;
      frame.pixelsCrc32 = pixelsCrc32;
      return true;
    } finally {
      file.close();
    }
  }
}
