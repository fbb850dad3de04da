/** Opens a lossless grey JPEG XL on disk; the journal that `compress` left beside it knows its number and times. */
import { statSync } from "node:fs";
import { basename, dirname } from "node:path";
import { crc32 } from "node:zlib";
import { readXml } from "../../codecs/jxl/container.js";
import { type JxlHeader, readJxlHeader } from "../../codecs/jxl/jxl-header.js";
import { FormatProblem } from "../../format-problem.js";
import { type FramePlace, type ImageFile, largestFrameBytes, unknownPlace } from "../../imaging/image-file.js";
import { copyOverlap } from "../../imaging/region.js";
import type { FateEvent } from "../../model/event.js";
import { isLossEvent } from "../../model/event-check.js";
import { bytesPerPixel, type PixelFormat } from "../../model/pixel-format.js";
import { cutRecording, type RecordedLoss } from "../../model/recorded-loss.js";
import { type FrameMetadata, readFrameXmp } from "../compress/frame-xmp.js";
import { type JournalContent, journalNameFor, readJournal } from "../compress/journal.js";
import { headerOf, hex } from "../compress/journal-entry.js";
import { closeOnFailure } from "./close-on-failure.js";
import { type FileSource, openFileSource } from "./file-source.js";
import type { ImageFormat } from "./formats.js";

export const jxlFile: ImageFormat = {
  open(path) {
    const source = openFileSource(path);
    return closeOnFailure(source, async () => openJxl(path, source));
  },
};

/** The folder read last: its files come one after the other, and its journal has a line for each. */
let lastJournal: { readonly key: string; readonly content: JournalContent } | undefined;

function journalBeside(folder: string, name: string): JournalContent | undefined {
  const stats = statSync(`${folder}/${name}`, { throwIfNoEntry: false });
  if (!stats) return undefined;
  const key = `${stats.size} ${stats.mtimeMs} ${stats.ino} ${folder}`;
  if (lastJournal?.key === key) return lastJournal.content;
  const content = readJournal(folder, name);
  lastJournal = content && { key, content };
  return content;
}

/** The decoder of this thread; a file needs no other. */
let decoder: ReturnType<typeof openDecoder> | undefined;

async function openDecoder() {
  const { openJxlDecoder } = await import("../../codecs/jxl/jxl-codec.js");
  return openJxlDecoder();
}

function openJxl(path: string, source: FileSource): ImageFile {
  const head = readJxlHeader(source);
  const { shape, bits } = head;
  const pixelFormat: PixelFormat = bits <= 8 ? "uint8" : "uint16";
  const rawBytes = shape.height * shape.width * bytesPerPixel[pixelFormat];
  if (rawBytes > largestFrameBytes) {
    throw new FormatProblem(`an image of ${shape.width}x${shape.height} pixels, more than ${largestFrameBytes} bytes`);
  }
  const journalName = journalNameFor(dirname(path), basename(path));
  const journal = journalBeside(dirname(path), journalName);
  const entry = journal?.byFile.get(basename(path));
  if (entry && (entry.bytes !== source.sizeBytes || entry.rawBytes !== rawBytes)) {
    throw new FormatProblem(
      `${source.sizeBytes} bytes of ${shape.width}x${shape.height} pixels, but ${journalName} says ${entry.bytes} bytes of ${entry.rawBytes}`,
    );
  }
  const recording = entry ? journal?.descriptor : undefined;
  const xml = entry ? undefined : readXml(source);
  const own = xml === undefined ? undefined : readFrameXmp(xml);
  const kept = entry ?? own?.frame;
  if (kept && kept.rawBytes !== rawBytes) {
    throw new FormatProblem(`${shape.width}x${shape.height} pixels, but its metadata speaks of ${kept.rawBytes} bytes`);
  }
  const place = entry && journal && placeIn(journal, entry.frame);
  return {
    facts: {
      pixelFormat,
      shape,
      bitDepth: kept?.bitDepth ?? bits,
      frameCount: 1,
      pixelSizeUm: recording?.pixelSizeUm ?? own?.stream.pixelSizeUm ?? null,
      rateHz: recording?.rateHz ?? own?.stream.rateHz ?? null,
      metadata: { format: "JPEG XL", ...(recording ? { recording: recording.source } : {}) },
      ...(recording?.numberStep && { numberStep: recording.numberStep }),
      ...(place?.isLast && { recordedLoss: lossOf(journal!) }),
    },
    ...(place && { losses: (after: number) => lossesAt(journal!, place, after < 0) }),
    async readFrame(_index, pixels, region): Promise<FramePlace> {
      const samples = await decode(source, head, rawBytes);
      const checksum = crc32(samples);
      if (kept && hex(checksum) !== kept.crc32) {
        throw new FormatProblem(`its pixels do not match their checksum in ${entry ? journalName : "its metadata"}`);
      }
      const target = new Uint8Array(pixels.buffer, pixels.byteOffset, pixels.byteLength);
      copyOverlap(samples, 0, 0, shape.width, shape.height, target, region, bytesPerPixel[pixelFormat]);
      if (!kept) return { ...unknownPlace, capturedAtNs: source.modifiedAtNs };
      const isWhole = region.width === shape.width && region.height === shape.height;
      const recorded = headerOf(kept, { pixelFormat, shape });
      return { ...placeOf(kept), recorded, ...(isWhole ? { pixelsCrc32: checksum } : {}) };
    },
    close: () => source.close(),
  };
}

/** Where a frame stands among those of a journal. */
interface JournalPlace {
  readonly frame: number;
  /** Of the frame before; -1 before the first. */
  readonly before: number;
  readonly isLast: boolean;
}

/** Numbers of a journal's frames, ascending; of the journal read last. */
let lastNumbers: { readonly of: JournalContent; readonly sorted: readonly number[] } | undefined;

function placeIn(journal: JournalContent, frame: number): JournalPlace {
  if (lastNumbers?.of !== journal) {
    lastNumbers = { of: journal, sorted: [...journal.byFrame.keys()].sort((a, b) => a - b) };
  }
  const { sorted } = lastNumbers;
  let [low, high] = [0, sorted.length - 1];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle]! < frame) low = middle + 1;
    else high = middle;
  }
  return { frame, before: sorted[low - 1] ?? -1, isLast: low === sorted.length - 1 };
}

/** What the journal says of the run, told with its last frame. */
function lossOf({ end }: JournalContent): RecordedLoss {
  return end ? { isCut: end.isCut, isComplete: end.isComplete, lost: null, reasons: [] } : cutRecording;
}

/** What became of the frames before this one, or behind it when it is the last. */
function* lossesAt(journal: JournalContent, place: JournalPlace, isBefore: boolean): Generator<FateEvent> {
  const { events } = journal;
  const [from, to] = isBefore ? [place.before, place.frame] : [place.frame, Number.POSITIVE_INFINITY];
  if (!isBefore && !place.isLast) return;
  let next = place.frame + 1;
  for (let at = firstFrom(events, from); at < events.length && events[at]!.firstFrame <= to; at++) {
    const event = events[at]!;
    // The second copy of a frame comes behind it.
    const position = event.event === "duplicate" ? event.firstFrame + 0.5 : event.firstFrame;
    if (position <= from || position > to) continue;
    yield event;
    next = Math.max(next, event.firstFrame + event.count);
  }
  if (isBefore) return;
  const told = events.reduce((sum, event) => sum + (isLossEvent(event) ? event.count : 0), 0);
  const missed = (journal.end?.lost ?? 0) - told;
  if (missed <= 0) return;
  // What a full disk refused comes behind the last frame that it took.
  yield {
    event: "drop",
    stage: "compress",
    firstFrame: next,
    count: missed,
    reason: "not stored, as the journal says",
  };
}

/** Place of the first event that begins at frame `least` or behind it. */
function firstFrom(events: readonly FateEvent[], least: number): number {
  let [low, high] = [0, events.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (events[middle]!.firstFrame < least) low = middle + 1;
    else high = middle;
  }
  return low;
}

function placeOf(entry: FrameMetadata): FramePlace {
  return {
    channelIndex: entry.channel,
    zIndex: entry.z,
    positionIndex: entry.position,
    capturedAtNs: BigInt(entry.capturedAtNs),
  };
}

async function decode(source: FileSource, head: JxlHeader, rawBytes: number): Promise<Uint8Array> {
  decoder ??= openDecoder();
  const codec = await decoder;
  const file = new Uint8Array(source.sizeBytes);
  source.readInto(file, 0);
  try {
    const { shape, bits, samples } = codec.borrowDecoded(file);
    if (shape.height === head.shape.height && shape.width === head.shape.width && bits === head.bits) {
      if (samples.length === rawBytes) return samples;
    }
    throw new Error(`it holds ${shape.width}x${shape.height} pixels of ${bits} bits, against its header`);
  } catch (error) {
    // The codec's state after a failure is not known: the next file gets a fresh one.
    decoder = undefined;
    throw new FormatProblem(
      `cannot be decoded (${(error as Error).message})`,
      undefined,
      "The file is damaged; copy it again.",
    );
  }
}
