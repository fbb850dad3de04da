/** Opens a lossless grey JPEG XL on disk; the journal that `compress` left beside it knows its number and times. */
import { existsSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { crc32 } from "node:zlib";
import { readXml } from "../../../codecs/jxl/container.js";
import { type JxlHeader, readJxlHeader } from "../../../codecs/jxl/jxl-header.js";
import { asDamage } from "../../../decoding.js";
import { FormatProblem } from "../../../format-problem.js";
import { type FramePlace, type ImageFile, largestFrameBytes, unknownPlace } from "../../../imaging/image-file.js";
import { copyOverlap } from "../../../imaging/region.js";
import { bytesPerPixel, type PixelFormat } from "../../../model/pixel-format.js";
import { hex } from "../../image-folder/hex.js";
import { closeOnFailure } from "../../read/close-on-failure.js";
import { type FileSource, openFileSource } from "../../read/file-source.js";
import { type JournalOfFrames, lossesWith } from "../../read/journal-losses.js";
import type { ImageFormat } from "../format.js";
import { type FrameMetadata, readFrameXmp } from "./frame-xmp.js";
import { type JournalContent, readJournal } from "./journal.js";
import { headerOf } from "./journal-entry.js";
import { journalNameFor } from "./journal-names.js";

export const jxlFile: ImageFormat = {
  open(path) {
    const source = openFileSource(path);
    return closeOnFailure(source, async () => openJxl(path, source));
  },
};

/** The folder read last: its files come one after the other, and its journal has a line for each. */
let lastJournal: { readonly key: string; readonly content: JournalContent } | undefined;
/** The same for losses; of the journal read last. */
let lastFrames: { readonly of: JournalContent; readonly frames: JournalOfFrames } | undefined;

function framesOf(folder: string, content: JournalContent): JournalOfFrames {
  if (lastFrames?.of === content) return lastFrames.frames;
  const { byFrame, events, end } = content;
  const numbers = [...byFrame.keys()].sort((a, b) => a - b);
  const isThere = (frame: number) => existsSync(join(folder, byFrame.get(frame)!.file));
  lastFrames = { of: content, frames: { stage: "compress", numbers, isThere, events, end } };
  return lastFrames.frames;
}

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
  const { openJxlDecoder } = await import("../../../codecs/jxl/jxl-codec.js");
  return openJxlDecoder();
}

function openJxl(path: string, source: FileSource): ImageFile {
  const head = readJxlHeader(source);
  const { shape, bits } = head;
  const pixelFormat: PixelFormat = bits <= 8 ? "uint8" : "uint16";
  const rawBytes = shape.height * shape.width * bytesPerPixel[pixelFormat];
  if (rawBytes > largestFrameBytes) {
    throw new FormatProblem(
      "too-large",
      `an image of ${shape.width}x${shape.height} pixels, more than ${largestFrameBytes} bytes`,
    );
  }
  const journalName = journalNameFor(dirname(path), basename(path));
  const journal = journalBeside(dirname(path), journalName);
  const entry = journal?.byFile.get(basename(path));
  if (entry && (entry.bytes !== source.sizeBytes || entry.rawBytes !== rawBytes)) {
    throw new FormatProblem(
      "file-damaged",
      `${source.sizeBytes} bytes of ${shape.width}x${shape.height} pixels, but ${journalName} says ${entry.bytes} bytes of ${entry.rawBytes}`,
    );
  }
  const recording = entry ? journal?.descriptor : undefined;
  const xml = entry ? undefined : readXml(source);
  const own = xml === undefined ? undefined : readFrameXmp(xml);
  const kept = entry ?? own?.frame;
  if (kept && kept.rawBytes !== rawBytes) {
    throw new FormatProblem(
      "file-damaged",
      `${shape.width}x${shape.height} pixels, but its metadata speaks of ${kept.rawBytes} bytes`,
    );
  }
  const told = entry && journal && lossesWith(framesOf(dirname(path), journal), entry.frame);
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
      ...told?.facts,
    },
    ...(told && { losses: told.losses }),
    async readFrame(_index, pixels, region): Promise<FramePlace> {
      const samples = await decode(source, head, rawBytes);
      const checksum = crc32(samples);
      if (kept && hex(checksum) !== kept.crc32) {
        throw new FormatProblem(
          "checksum-mismatch",
          `its pixels do not match their checksum in ${entry ? journalName : "its metadata"}`,
        );
      }
      const target = new Uint8Array(pixels.buffer, pixels.byteOffset, pixels.byteLength);
      copyOverlap(samples, 0, 0, shape.width, shape.height, target, region, bytesPerPixel[pixelFormat]);
      if (!kept) return unknownPlace;
      const isWhole = region.width === shape.width && region.height === shape.height;
      const recorded = headerOf(kept, { pixelFormat, shape });
      return { ...placeOf(kept), recorded, ...(isWhole ? { pixelsCrc32: checksum } : {}) };
    },
    close: () => source.close(),
  };
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
    throw asDamage(error, { hint: "The file is damaged; copy it again." });
  }
}
