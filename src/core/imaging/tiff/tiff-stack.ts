/** A TIFF as a sequence of frames of one shape and type: which directory or stretch of bytes is frame n, and when it was taken. */

import { FormatProblem } from "../../format-problem.js";
import { type JsonObject, type JsonValue, parseJsonObject } from "../../model/json.js";
import { bytesPerPixel, type PixelArray } from "../../model/pixel-format.js";
import { cutRecording, type RecordedLoss } from "../../model/recorded-loss.js";
import { type ByteSource, requireBytes } from "../byte-source.js";
import type { FramePlace, ImageFile, ImageFileFacts } from "../image-file.js";
import type { Region } from "../region.js";
import { parseDateTime } from "./date-time.js";
import { TiffReader } from "./directory.js";
import type { TiffEnd } from "./end-mark.js";
import { micrometresPer, parseImageJ } from "./imagej.js";
import { type OmeDescription, parseOme } from "./ome.js";
import { isSecondary, readChunkTable, readPage, type TiffPage } from "./page.js";
import { type PageRecord, readPageRecord } from "./page-json.js";
import { compression, tag } from "./tags.js";

/** More directories than any recording has: the end of a chain that does not end. */
const mostDirectories = 1 << 24;

/** The order of the frames of a stack, fastest axis first, and its lengths. */
interface StackAxes {
  readonly order: string;
  readonly sizes: Readonly<Record<string, number>>;
}

interface Frames {
  readonly first: TiffPage;
  /** Offset of each frame's directory; empty when the frames stand one after the other behind the first directory. */
  readonly directories: readonly number[];
  /** First byte of the pixels of such a plain run of frames. */
  readonly plainFrom: number;
  readonly frameCount: number;
}

/**
 * Reads a TIFF's directories (never its pixels). Throws a FormatProblem for anything that could not be replayed right:
 * unknown pixel types, pages that differ, chains that loop, files that end early.
 */
export async function openTiff(source: ByteSource, close: () => void): Promise<ImageFile> {
  const reader = new TiffReader(source);
  const pages = walk(reader);
  const first = readPage(reader, reader.directory(pages[0]!));
  const description = pageDescription(first);
  const frames = planFrames(reader, first, pages, description);
  checkBytes(reader, frames);
  const ome = parseOme(description);
  const axes = stackAxes(description, ome, frames.frameCount);
  const firstRecord = recordOf(first, ome?.moteJson || description);
  /** Loaded with the first frame: the facts need none of it. */
  async function loadDecoder() {
    const [{ PageDecoder }, { CheckedPixels }] = await Promise.all([
      import("./decode-page.js"),
      import("../checked-pixels.js"),
    ]);
    const checked = new CheckedPixels({ height: first.height, width: first.width }, first.pixelFormat);
    return { decoder: new PageDecoder(reader), checked };
  }
  let loaded: Awaited<ReturnType<typeof loadDecoder>> | undefined;
  const prepared = new Set<number>();
  return {
    facts: describe(reader, frames, description, { ome, axes, record: firstRecord }),
    async readFrame(index: number, pixels: PixelArray, region: Region): Promise<FramePlace> {
      const place = placeOf(index, axes, ome);
      loaded ??= await loadDecoder();
      const { decoder, checked } = loaded;
      if (frames.directories.length === 0) {
        const frameBytes = first.width * first.height * bytesPerPixel[first.pixelFormat];
        decoder.readPlain(first, frames.plainFrom + index * frameBytes, pixels, region);
        return { ...place, capturedAtNs: place.capturedAtNs || pageTime(reader, first) };
      }
      const page = readPage(reader, reader.directory(frames.directories[index]!));
      if (!prepared.has(page.compression)) {
        await decoder.prepare(page.compression);
        prepared.add(page.compression);
      }
      const record = index === 0 ? firstRecord : recordOf(page, pageDescription(page));
      const known = record?.pixelsCrc32;
      const pixelsCrc32 = await checked.read(pixels, region, known, `frame ${index}`, (target, part) =>
        decoder.decode(page, target, part),
      );
      if (record) return { ...recordedPlace(record), ...(pixelsCrc32 !== undefined && { pixelsCrc32 }) };
      return { ...place, capturedAtNs: place.capturedAtNs || pageTime(reader, page) };
    },
    close,
  };

  function pageDescription({ directory }: TiffPage): string {
    return reader.text(directory.entries.get(tag.imageDescription));
  }

  /** What we wrote of a page; another program's JSON may look like it. */
  function recordOf(page: TiffPage, text: string): PageRecord | undefined {
    const isOurs = reader.text(page.directory.entries.get(tag.software)).startsWith("mote");
    return isOurs ? readPageRecord(text, page) : undefined;
  }
}

/** Offsets of all directories that are images of their own, in the order of the chain. */
function walk(reader: TiffReader): number[] {
  const seen = new Set<number>();
  const pages: number[] = [];
  let offset = reader.firstDirectory;
  let first: TiffPage | undefined;
  while (offset !== 0) {
    if (seen.has(offset)) throw new FormatProblem("file-damaged", "the chain of directories runs in a circle", offset);
    if (seen.size >= mostDirectories)
      throw new FormatProblem("too-large", `more than ${mostDirectories} directories`, offset);
    seen.add(offset);
    const directory = reader.directory(offset);
    if (!isSecondary(reader, directory)) {
      const page = readPage(reader, directory);
      first ??= page;
      if (page.width !== first.width || page.height !== first.height || page.pixelFormat !== first.pixelFormat) {
        throw new FormatProblem(
          "frames-differ",
          `page ${pages.length} is ${word(page)}, the pages before are ${word(first)}`,
          offset,
          "Mote replays frames of one shape and type; save the pages as files of their own.",
        );
      }
      pages.push(offset);
    }
    offset = directory.nextOffset;
  }
  if (pages.length === 0)
    throw new FormatProblem("nothing-in-it", "the TIFF holds thumbnails or masks only", reader.firstDirectory);
  return pages;
}

function word(page: TiffPage): string {
  return `${page.width}x${page.height} ${page.pixelFormat}`;
}

/** ImageJ (beyond 4 GB) and tifffile (`truncate`) write one directory and all planes behind each other. */
function planFrames(reader: TiffReader, first: TiffPage, pages: readonly number[], description: string): Frames {
  const promised = Math.max(parseImageJ(description)?.images ?? 1, truncatedPlanes(description));
  if (promised <= pages.length) return { first, directories: pages, plainFrom: 0, frameCount: pages.length };
  const at = first.directory.offset;
  if (pages.length > 1) {
    throw new FormatProblem(
      "file-damaged",
      `the file promises ${promised} images and has ${pages.length} directories`,
      at,
    );
  }
  if (first.compression !== compression.none || first.isTiled) {
    throw new FormatProblem(
      "file-damaged",
      `the file promises ${promised} images in one directory that is compressed or tiled`,
      at,
    );
  }
  const table = readChunkTable(reader, first);
  for (let chunk = 1; chunk < table.offsets.length; chunk++) {
    if (table.offsets[chunk] !== table.offsets[chunk - 1]! + table.byteCounts[chunk - 1]!) {
      throw new FormatProblem(
        "file-damaged",
        `the file promises ${promised} images, but their rows do not follow each other`,
        at,
      );
    }
  }
  return { first, directories: [], plainFrom: table.offsets[0]!, frameCount: promised };
}

/** Planes of tifffile's `{"shape": [5, 64, 64], "truncated": true}`; 1 otherwise. */
function truncatedPlanes(description: string): number {
  if (!description.startsWith('{"shape"')) return 1;
  const { shape, truncated } = parseJsonObject(description) ?? {};
  if (truncated !== true || !Array.isArray(shape)) return 1;
  const planes = (shape as readonly JsonValue[])
    .slice(0, -2)
    .reduce((product: number, length) => product * Number(length), 1);
  return Number.isSafeInteger(planes) && planes > 0 ? planes : 1;
}

/** Makes sure that the last frame's bytes are there, so that a cut file is refused before the run and not at its end. */
function checkBytes(reader: TiffReader, frames: Frames): void {
  if (frames.directories.length === 0) {
    const frameBytes = frames.first.width * frames.first.height * bytesPerPixel[frames.first.pixelFormat];
    const whole = Math.floor((reader.source.sizeBytes - frames.plainFrom) / frameBytes);
    if (whole < frames.frameCount) {
      throw new FormatProblem(
        "file-cut",
        `the file promises ${frames.frameCount} images and ends after ${whole}`,
        reader.source.sizeBytes,
        "The file is cut short; copy it again from where it was written.",
      );
    }
    return;
  }
  readChunkTable(reader, frames.first);
  const last = readPage(reader, reader.directory(frames.directories[frames.directories.length - 1]!));
  const { offsets, byteCounts } = readChunkTable(reader, last);
  const end = offsets.length - 1;
  requireBytes(reader.source.sizeBytes, offsets[end]!, byteCounts[end]!);
}

function stackAxes(description: string, ome: OmeDescription | undefined, frameCount: number): StackAxes | undefined {
  const imageJ = parseImageJ(description);
  const axes: StackAxes | undefined = ome
    ? { order: `${ome.order}P`, sizes: { C: ome.sizeC, Z: ome.sizeZ, T: ome.sizeT, P: ome.images } }
    : imageJ && { order: "CZT", sizes: { C: imageJ.channels, Z: imageJ.slices, T: imageJ.frames } };
  if (!axes) return undefined;
  // Where the description and the directories disagree (a file of a set), no position is better than a wrong one.
  return [...axes.order].reduce((planes, axis) => planes * (axes.sizes[axis] ?? 1), 1) === frameCount
    ? axes
    : undefined;
}

function placeOf(index: number, axes: StackAxes | undefined, ome: OmeDescription | undefined): FramePlace {
  const at: Record<string, number> = { C: 0, Z: 0, T: 0, P: 0 };
  let rest = axes ? index : 0;
  for (const axis of axes?.order ?? "") {
    at[axis] = rest % (axes?.sizes[axis] ?? 1);
    rest = Math.floor(rest / (axes?.sizes[axis] ?? 1));
  }
  const delta = axes && at.P === 0 ? ome?.deltaS.get(`${at.C},${at.Z},${at.T}`) : undefined;
  const acquired = ome?.acquiredAtNs ?? 0n;
  const capturedAtNs = acquired !== 0n && delta !== undefined ? acquired + BigInt(Math.round(delta * 1e9)) : 0n;
  return { channelIndex: at.C!, zIndex: at.Z!, positionIndex: at.P!, capturedAtNs };
}

function recordedPlace({ header }: PageRecord): FramePlace {
  const { channelIndex, zIndex, positionIndex, capturedAtNs } = header;
  return { channelIndex, zIndex, positionIndex, capturedAtNs, recorded: header };
}

/** Of the DateTime tag, in ns; 0 without. */
function pageTime(reader: TiffReader, page: TiffPage): bigint {
  return parseDateTime(reader.text(page.directory.entries.get(tag.dateTime)));
}

/** What the descriptions tell beyond the tags. */
interface Told {
  readonly ome: OmeDescription | undefined;
  readonly axes: StackAxes | undefined;
  readonly record: PageRecord | undefined;
}

function describe(
  reader: TiffReader,
  frames: Frames,
  description: string,
  { ome, axes, record }: Told,
): ImageFileFacts {
  const stream = record?.stream;
  const { first } = frames;
  const entries = first.directory.entries;
  const imageJ = parseImageJ(description);
  const bits = first.pixelFormat === "float32" ? 32 : bytesPerPixel[first.pixelFormat] * 8;
  const omeBits = ome && ome.significantBits > 0 && ome.significantBits < bits ? ome.significantBits : undefined;
  const omeRate = ome && ome.sizeC * ome.sizeZ * ome.images === 1 ? ome.rateHz : null;
  const imageJRate =
    imageJ && imageJ.intervalS > 0 && imageJ.channels * imageJ.slices === 1 ? 1 / imageJ.intervalS : null;
  const metadata: Record<string, JsonValue> = { format: reader.isBig ? "BigTIFF" : "TIFF" };
  const software = reader.text(entries.get(tag.software));
  if (software) metadata.software = software;
  if (stream) metadata.recording = stream.source ?? {};
  else if (description)
    metadata.imageDescription = description.length > 4096 ? `${description.slice(0, 4096)}…` : description;
  if (axes) metadata.axes = { order: axes.order, ...axes.sizes } as JsonObject;
  return {
    pixelFormat: first.pixelFormat,
    shape: { height: first.height, width: first.width },
    bitDepth: stream?.bitDepth ?? omeBits ?? bits,
    frameCount: frames.frameCount,
    // Of OME-XML the size that is written there counts: people correct it with other programs.
    pixelSizeUm: ome ? ome.pixelSizeUm : (stream?.pixelSizeUm ?? imageJPixelSize(reader, first, imageJ?.unit ?? "")),
    rateHz: stream?.rateHz ?? omeRate ?? imageJRate,
    metadata,
    ...(record?.end !== undefined && { recordedLoss: lossOf(record.end) }),
    ...(record?.journal !== undefined && { journal: record.journal }),
    ...(stream?.numberStep && { numberStep: stream.numberStep }),
  };
}

/** Null: the file was not closed. */
function lossOf(end: TiffEnd | null): RecordedLoss {
  if (!end) return cutRecording;
  const { isCut, isComplete, lost, notStored } = end;
  return { isCut, isComplete, lost, reasons: [], ...(notStored > 0 && { notStored }) };
}

/** ImageJ names the unit of the resolution tags; without it they are a printer's dots per inch and mean nothing here. */
function imageJPixelSize(reader: TiffReader, page: TiffPage, unit: string): number | null {
  const micrometres = micrometresPer(unit);
  const perUnitX = reader.rational(page.directory.entries.get(tag.xResolution));
  const perUnitY = reader.rational(page.directory.entries.get(tag.yResolution));
  if (micrometres === undefined || !(perUnitX > 0) || Math.abs(perUnitX - perUnitY) > 1e-6 * perUnitX) return null;
  return micrometres / perUnitX;
}
