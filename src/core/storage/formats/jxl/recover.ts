/**
 * A folder of compressed frames into a new one: files that decode to what is known of them are copied, a new journal says
 * which; the others are put aside in `quarantine/`. With the name of a container, the frames become that instead.
 */
import { constants, copyFileSync, existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import type { Frame } from "../../../memory/frame.js";
import type { StreamDescriptor } from "../../../model/descriptor.js";
import type { StreamEvent } from "../../../model/event.js";
import { isFateEvent } from "../../../model/event-check.js";
import { bytesPerPixel, type PixelFormat } from "../../../model/pixel-format.js";
import type { EndOfStream } from "../../../model/run-report.js";
import { formatCount } from "../../../units.js";
import { makeFoldersIn } from "../../folders.js";
import { hex } from "../../image-folder/hex.js";
import { severalRuns } from "../../image-folder/several-runs.js";
import { EventsInOrder } from "../../recover/events-in-order.js";
import { nothingWhole, recoverFrames, type Salvage } from "../../recover/recover-frames.js";
import type { Recover, RecoverContext, Recovery } from "../../recover/recovery.js";
import type { FrameMetadata } from "./frame-xmp.js";
import { openJournal } from "./journal.js";
import { headerOf, type JournalEntry } from "./journal-entry.js";
import { journalName, journalNameFor, journalsAt } from "./journal-names.js";
import { quarantineName } from "./quarantine.js";
import { type DecodedFile, FileReader, frameFiles, type SurveyedJournal, surveyJournal } from "./survey-folder.js";

export const recoverFrameFolder: Recover = async (recovery, context) => {
  const found = await survey(recovery, context);
  if (context.container) await recoverFrames(new FolderSalvage(found, recovery), recovery, context);
  else await copyFolder(found, recovery);
};

interface FolderFound {
  readonly folder: string;
  readonly journal: SurveyedJournal;
  readonly files: FileReader;
  readonly descriptor: StreamDescriptor;
  /** Files that were decoded and are what is known of them, ascending by frame. */
  readonly good: readonly JournalEntry[];
  readonly bad: readonly { readonly name: string; readonly frame: number | null; readonly why: string }[];
  /** Good files of which the journal has a line that is of other pixels: it is another run's. */
  readonly strangers: number;
}

async function survey(recovery: Recovery, { where }: RecoverContext): Promise<FolderFound> {
  const { folder, names: journals } = journalsAt(recovery.path);
  if (journals.length > 1)
    throw severalRuns(
      where,
      journals.map((name) => join(folder, name)),
    );
  const [name = journalName] = journals;
  const journal = surveyJournal(folder, name);
  const isOfThis = (file: string) => folder === recovery.path || journalNameFor(folder, file) === name;
  const files = new FileReader(folder, journal);
  const byFile = new Map(journal.entries.map((entry) => [entry.file, entry]));
  const names = new Set([...byFile.keys(), ...frameFiles(folder).filter(isOfThis)]);
  const good: JournalEntry[] = [];
  const bad: { name: string; frame: number | null; why: string }[] = [];
  let descriptor = journal.descriptor;
  let strangers = 0;
  let done = 0;
  for (const name of names) {
    const entry = byFile.get(name);
    const decoded = await files.read(name, entry);
    await recovery.progress(++done, names.size * 2);
    const kept = keptOf(name, entry, decoded);
    if (kept) {
      descriptor ??= descriptorOf(kept, decoded);
      good.push(kept);
      if (entry && entry.crc32 !== kept.crc32) strangers++;
    } else {
      const frame = entry?.frame ?? decoded.own?.frame ?? null;
      bad.push({ name, frame, why: decoded.fault?.what ?? "nothing says which frame it is" });
    }
  }
  if (!descriptor || good.length === 0) throw nothingWhole(where);
  good.sort((a, b) => a.frame - b.frame);
  if (journal.damaged.length > 0) recovery.note("lines of the journal that are damaged were made anew from the files");
  // What another run's journal says of losses and of its end is nothing of these files.
  const own = strangers > 0 ? { ...journal, events: [], quarantined: 0, end: undefined, counted: undefined } : journal;
  return { folder, journal: own, files, descriptor, good, bad, strangers };
}

/** The entry of a file that can be trusted: pixels match the checksum of the journal or, where there is no line, its own. */
function keptOf(name: string, entry: JournalEntry | undefined, decoded: DecodedFile): JournalEntry | undefined {
  if (!decoded.samples) return undefined;
  const sum = hex(crc32(decoded.samples));
  const known: FrameMetadata | undefined =
    entry?.crc32 === sum ? entry : decoded.own?.crc32 === sum ? decoded.own : undefined;
  if (!known || known.rawBytes !== decoded.samples.length) return undefined;
  return { ...known, file: name, bytes: decoded.bytes, fileCrc32: decoded.fileCrc32!, isVerified: true };
}

function descriptorOf(kept: JournalEntry, { shape, stream }: DecodedFile): StreamDescriptor {
  const { height, width } = shape!;
  const pixelFormat: PixelFormat = kept.rawBytes === height * width ? "uint8" : "uint16";
  return {
    pixelFormat,
    shape: { height, width },
    bitDepth: kept.bitDepth,
    hasFrames: true,
    detections: null,
    isLinked: false,
    pixelSizeUm: stream?.pixelSizeUm ?? null,
    rateHz: stream?.rateHz ?? null,
    frameCount: null,
    isLive: false,
    source: {},
    calibration: null,
    producedBy: [],
  };
}

/** What is missing, told once: damaged and absent files, frames in quarantine, and what a cut run had not come to. */
function tellLosses({ journal, bad, good, descriptor, strangers }: FolderFound, recovery: Recovery): void {
  for (const { name, frame, why } of [...bad].sort((a, b) => (a.frame ?? -1) - (b.frame ?? -1))) {
    if (frame === null) recovery.lost(`${name}: ${why}`, null);
    else recovery.lostRange(frame, 1, `${name} ${why}`);
  }
  if (journal.quarantined > 0) {
    recovery.lost(`frames that were in ${quarantineName}/ before, as raw pixels`, journal.quarantined);
  }
  const gone = (journal.counted ?? 0) - good.length - bad.length;
  if (gone > 0)
    recovery.lost(`${formatCount(gone, "frame")} that the end of the journal counts and no line is of`, gone);
  else if (journal.breaks.length > 0) {
    recovery.lost("what lines of the journal said that were changed, or are gone or in another order", null);
  }
  if (strangers > 0) {
    const what = `the journal is of other pixels than ${formatCount(strangers, "file")} here: what was lost of their run is not known`;
    recovery.lost(what, null);
  }
  if (journal.end) {
    recovery.finished();
    return;
  }
  const next = Math.max(good.at(-1)?.frame ?? -1, ...bad.map(({ frame }) => frame ?? -1)) + 1;
  recovery.unfinishedBehind("the run was cut", next, descriptor.frameCount);
}

async function copyFolder(found: FolderFound, recovery: Recovery): Promise<void> {
  const { folder, journal, descriptor, good, bad } = found;
  const { out } = recovery;
  mkdirSync(out);
  const copy = (name: string, into: string) =>
    copyFileSync(join(folder, name), join(into, name), constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
  tellLosses(found, recovery);
  const lines = openJournal(`recover, --out ${out}`, out, undefined);
  try {
    lines.append({ journal: 1, startedAtNs: good[0]?.receivedAtNs ?? "0", verifyEvery: 1, descriptor });
    for (const event of journal.events) lines.append(event);
    for (const [done, entry] of good.entries()) {
      copy(entry.file, out);
      lines.append(entry);
      await recovery.progress(good.length + done, good.length * 2);
    }
    const aside = join(out, quarantineName);
    for (const { name, frame, why } of bad) {
      if (!existsSync(join(folder, name))) continue;
      makeFoldersIn(out, quarantineName);
      copy(name, aside);
      lines.append({ quarantined: frame, file: `${quarantineName}/${name}`, reason: why });
    }
    const rawBytes = good.reduce((sum, entry) => sum + entry.rawBytes, 0);
    const bytes = good.reduce((sum, entry) => sum + entry.bytes, 0);
    const lost = recovery.lostFrames + (Number(journal.end?.lost) || 0);
    const counts = { stored: good.length, resumed: 0, verified: good.length, quarantined: bad.length, rawBytes, bytes };
    lines.append({
      end: {
        isComplete: recovery.lossCount === 0 && journal.end?.isComplete === true,
        isCut: journal.end === undefined || journal.end.isCut === true,
        lost,
        ...counts,
      },
    });
  } finally {
    lines.close();
  }
  recovery.frames = good.length;
}

/** The files of a folder as frames for another container. */
class FolderSalvage implements Salvage {
  readonly mostRows = 0;
  readonly descriptor: StreamDescriptor;
  end: EndOfStream | null = null;
  readonly #found: FolderFound;
  readonly #recovery: Recovery;
  readonly isCut: boolean;
  readonly #events: EventsInOrder;
  #index = 0;

  constructor(found: FolderFound, recovery: Recovery) {
    this.#found = found;
    this.#recovery = recovery;
    // What `compress` leaves beside the frames, detections, is not in a folder.
    this.descriptor = { ...found.descriptor, detections: null, isLinked: false };
    this.isCut = found.journal.end?.isCut === true;
    const bad = found.bad.flatMap(({ frame }) => frame ?? []);
    this.#events = new EventsInOrder(found.journal.events.filter(isFateEvent), bad);
    tellLosses(found, recovery);
  }

  async next(frame: Frame, onEvent: (event: StreamEvent) => void): Promise<boolean> {
    const { good, files } = this.#found;
    const entry = good[this.#index];
    if (!entry) {
      for (const event of this.#events.before(Number.POSITIVE_INFINITY)) onEvent(event);
      const told = this.#found.journal.end;
      if (told) this.end = { isComplete: told.isComplete === true, lost: Number(told.lost) || 0, stages: [] };
      return false;
    }
    const { samples } = await files.read(entry.file, undefined);
    for (const event of this.#events.before(entry.frame)) onEvent(event);
    this.#index++;
    await this.#recovery.progress(good.length + this.#index, good.length * 2);
    const pixels = new Uint8Array(frame.pixels.buffer, frame.pixels.byteOffset, frame.pixels.byteLength);
    const expected =
      this.descriptor.shape.height * this.descriptor.shape.width * bytesPerPixel[this.descriptor.pixelFormat];
    if (samples?.length !== expected) {
      this.#recovery.lostRange(entry.frame, 1, `${entry.file} is of another shape`);
      return this.next(frame, onEvent);
    }
    pixels.set(samples);
    frame.header.copyFrom(headerOf(entry, this.descriptor));
    return true;
  }

  close(): void {}
}
