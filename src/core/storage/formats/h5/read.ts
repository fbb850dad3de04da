/** An HDF5 file as a file of images: Mote's own archives with all they recorded, or frames that another program wrote. */
import { codeOf, MoteError } from "../../../errors.js";
import { FormatProblem } from "../../../format-problem.js";
import { CheckedPixels } from "../../../imaging/checked-pixels.js";
import { type FramePlace, type ImageFile, unknownPlace } from "../../../imaging/image-file.js";
import type { Region } from "../../../imaging/region.js";
import { FrameHeader, frameFields, frameHeaderBytes } from "../../../model/frame-header.js";
import { bytesPerPixel, type PixelArray } from "../../../model/pixel-format.js";
import { checksumColumn, setFrameField } from "../../columns/frame-table.js";
import { closeOnFailure } from "../../read/close-on-failure.js";
import { openFileSource } from "../../read/file-source.js";
import { LedgerLosses } from "../../read/ledger-losses.js";
import type { ImageFormat } from "../format.js";
import { spans } from "./archive-state.js";
import { ColumnWindow } from "./column-window.js";
import { type FrameDatasets, findFrames } from "./find-frames.js";
import { type H5Reader, openH5Reader } from "./h5-reader.js";
import { jsonAttribute, recordedLossIn } from "./read-metadata.js";
import { rowPlaceOf } from "./row-place.js";

export const h5File: ImageFormat = {
  async open(path, _layout, dataset) {
    // The system's own words for a file that is not there or may not be read.
    openFileSource(path).close();
    const file = await formatProblems(() => openH5Reader(path));
    return closeOnFailure(file, () => formatProblems(() => openFrames(file, path, dataset)));
  },
};

/** The reader's failures are about the file, which the caller names. */
async function formatProblems<Result>(read: () => Result | Promise<Result>): Promise<Result> {
  try {
    return await read();
  } catch (error) {
    if (!(error instanceof MoteError)) throw error;
    throw new FormatProblem(codeOf(error), error.problems[0]?.what ?? error.message);
  }
}

async function openFrames(file: H5Reader, path: string, dataset: string | undefined): Promise<ImageFile> {
  const frames = findFrames(file, dataset);
  const { shape, pixelFormat } = frames;
  const pixelBytes = bytesPerPixel[pixelFormat];
  const attributes = file.attributes(frames.paths[0]!);
  const recordedStream = frames.isOurs ? jsonAttribute(file, "acquisition_params") : {};
  const bitDepth = numberOr(attributes.get("bit_depth"), 8 * pixelBytes);
  const readRecorded = frames.isOurs ? recordedFrames(file, frames) : undefined;
  const header = new FrameHeader(new ArrayBuffer(frameHeaderBytes), 0);
  const frameCount = wholeFrames(file, frames);
  const recordedLoss = frames.isOurs ? recordedLossIn(file) : undefined;
  const part = frames.isOurs ? await rowPlaceOf(file, path) : undefined;
  const ledgerRows = file.dataset("/metadata/ledger")?.shape[0] ?? 0;
  const losses = frames.isOurs ? new LedgerLosses(() => spans(file, ledgerRows, notBelieved)) : undefined;
  const checksumOf = frames.isOurs ? recordedChecksums(file, frames) : undefined;
  const checked = new CheckedPixels(shape, pixelFormat);

  function readPart(index: number, pixels: PixelArray, region: Region): void {
    const target = new Uint8Array(pixels.buffer, pixels.byteOffset, pixels.byteLength);
    const [offset, count] = [
      [region.y, region.x],
      [region.height, region.width],
    ];
    if (frames.isStack) {
      file.block(frames.paths[0]!, [index, ...offset!], [1, ...count!], target);
      return;
    }
    const framePath = frames.paths[index]!;
    const own = file.dataset(framePath)!;
    if (own.shape[0] !== shape.height || own.shape[1] !== shape.width) {
      throw new FormatProblem(
        "file-damaged",
        `${framePath} is ${own.shape[1]}x${own.shape[0]}, the first frame ${shape.width}x${shape.height}`,
      );
    }
    file.block(framePath, offset!, count!, target);
  }

  return {
    facts: {
      pixelFormat,
      shape,
      bitDepth,
      frameCount,
      pixelSizeUm: pixelSizeOf(attributes),
      rateHz: numberOr(attributes.get("rate_hz"), null),
      metadata: {
        format: "hdf5",
        ...(recordedStream.source ? { recording: recordedStream.source } : {}),
        ...(frames.isStack ? { dataset: frames.paths[0]! } : {}),
      },
      ...(recordedLoss && { recordedLoss }),
      ...(isStep(recordedStream.numberStep) && { numberStep: recordedStream.numberStep }),
      ...(part && { part }),
    },
    ...(losses && { losses: (after, before) => losses.between(after, before) }),
    async readFrame(index, pixels, region): Promise<FramePlace> {
      const known = checksumOf && (await formatProblems(() => checksumOf(index)));
      const pixelsCrc32 = await checked.read(pixels, region, known, `frame ${index}`, (target, part) =>
        formatProblems(() => readPart(index, target, part)),
      );
      if (!readRecorded) return unknownPlace;
      header.reset(pixelFormat, shape.height, shape.width, shape.width * pixelBytes, bitDepth);
      header.frameNumber = index;
      await formatProblems(() => readRecorded(index, header));
      const { channelIndex, zIndex, positionIndex, capturedAtNs } = header;
      const place = { channelIndex, zIndex, positionIndex, capturedAtNs, recorded: header };
      return pixelsCrc32 === undefined ? place : { ...place, pixelsCrc32 };
    },
    close: () => file.close(),
  };
}

function notBelieved(what: string): never {
  throw new FormatProblem("file-damaged", what, undefined, "mote recover takes the frames and leaves such rows out.");
}

function isStep(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 1;
}

/** The checksum of a frame's pixels: from the column beside the stack, or from the attribute of its own dataset. */
function recordedChecksums(file: H5Reader, frames: FrameDatasets): (index: number) => number | undefined {
  const path = `/images/${checksumColumn.name}`;
  const column = frames.isStack && file.dataset(path) ? new ColumnWindow(file, path) : undefined;
  return (index) => {
    const value = frames.isStack
      ? column && index < column.length && column.value(index)
      : file.attribute(frames.paths[index]!, checksumColumn.name);
    return typeof value === "number" || typeof value === "bigint" ? Number(value) : undefined;
  };
}

/** What was recorded with a frame: from the columns beside the stack, or from the attributes of its own dataset. */
function recordedFrames(file: H5Reader, frames: FrameDatasets): (index: number, header: FrameHeader) => void {
  if (!frames.isStack) {
    return (index, header) => {
      for (const [name, value] of file.attributes(frames.paths[index]!)) {
        if (typeof value === "number" || typeof value === "bigint") setFrameField(header, name, value);
      }
    };
  }
  const columns = frameFields
    .map(({ name }) => name)
    .filter((name) => file.dataset(`/images/${name}`))
    .map((name) => [name, new ColumnWindow(file, `/images/${name}`)] as const);
  return (index, header) => {
    for (const [name, column] of columns) {
      if (index < column.length) setFrameField(header, name, column.value(index));
    }
  };
}

/**
 * Frames of a file that was closed; of one that was not, those with all their columns, and without the last if that does not
 * decode: another writer may have been killed in the middle of storing it.
 */
function wholeFrames(file: H5Reader, frames: FrameDatasets): number {
  const isOpen = Number(file.attribute("/metadata", "is_complete") ?? 1) === 0;
  if (!isOpen || frames.count === 0) return frames.count;
  const lengths = frames.isStack
    ? frameFields.flatMap(({ name }) => file.dataset(`/images/${name}`)?.shape[0] ?? [])
    : [];
  const count = Math.min(frames.count, ...lengths);
  const pixel = new Uint8Array(bytesPerPixel[frames.pixelFormat]);
  try {
    if (count > 0 && frames.isStack) file.block(frames.paths[0]!, [count - 1, 0, 0], [1, 1, 1], pixel);
    return count;
  } catch (error) {
    if (!(error instanceof MoteError)) throw error;
    return count - 1;
  }
}

/** Mote's own attribute, or that of ImageJ and ilastik (z, y, x) where pixels are square. */
function pixelSizeOf(attributes: ReadonlyMap<string, unknown>): number | null {
  const own = numberOr(attributes.get("pixel_size_um"), null);
  if (own !== null) return own;
  const sizes = attributes.get("element_size_um");
  if (!(sizes instanceof Float64Array || sizes instanceof Float32Array) || sizes.length < 2) return null;
  const [y, x] = [sizes.at(-2)!, sizes.at(-1)!];
  return y === x && x > 0 ? x : null;
}

function numberOr<Other>(value: unknown, other: Other): number | Other {
  return typeof value === "number" && Number.isFinite(value) ? value : other;
}
