/** Frames out of a table of Arrow: Mote's own with all that was recorded, and any column of fixed-shape tensors. */
import { crc32 } from "node:zlib";
import type { DataType, Field } from "apache-arrow";
import { ChecksumMismatch, FormatProblem } from "../../../format-problem.js";
import type { ByteSource } from "../../../imaging/byte-source.js";
import { CheckedPixels } from "../../../imaging/checked-pixels.js";
import { type FramePlace, type ImageFile, largestFrameBytes, unknownPlace } from "../../../imaging/image-file.js";
import { copyOverlap } from "../../../imaging/region.js";
import type { FrameShape } from "../../../model/descriptor.js";
import type { FateEvent } from "../../../model/event.js";
import { eventFault, isFateEvent } from "../../../model/event-check.js";
import { FrameHeader, frameHeaderBytes } from "../../../model/frame-header.js";
import { isJsonObject, type JsonValue } from "../../../model/json.js";
import { bytesPerPixel, type PixelFormat } from "../../../model/pixel-format.js";
import { checksumColumn, frameTable } from "../../columns/frame-table.js";
import { typeBytes } from "../../columns/table-column.js";
import { closeOnFailure } from "../../read/close-on-failure.js";
import { openFileSource } from "../../read/file-source.js";
import type { ImageFormat } from "../format.js";
import { type Arrow, loadArrow } from "./library.js";
import { type ArrowContent, bufferPlace, type FoundBatch, noteOf, readContent, readValues } from "./messages.js";
import { runEnd } from "./run-end.js";
import { extensionMetadata, noteKeys } from "./schema.js";

export const arrowFile: ImageFormat = {
  async open(path) {
    const arrow = await loadArrow();
    const source = openFileSource(path);
    return closeOnFailure(source, async () => openFrames(arrow, source, () => source.close()));
  },
};

export interface TensorColumn {
  readonly shape: FrameShape;
  readonly pixelFormat: PixelFormat;
  /** The buffer of its values among those of a batch. */
  readonly buffer: number;
}

/** The column of frames; a FormatProblem where there is none, or not exactly one. */
export function tensorOf(arrow: Arrow, fields: readonly Field[]): TensorColumn {
  const found: TensorColumn[] = [];
  let buffer = 0;
  for (const { type, metadata, name } of fields) {
    if (arrow.DataType.isFixedSizeList(type)) {
      const pixelFormat = pixelFormatOf(arrow, type.children[0]!.type);
      const shape = shapeOf(metadata.get(extensionMetadata));
      if (pixelFormat && shape?.height * shape?.width === type.listSize) {
        found.push({ shape, pixelFormat, buffer: buffer + 2 });
      }
      buffer += 3;
    } else if (arrow.DataType.isInt(type) || arrow.DataType.isFloat(type) || arrow.DataType.isTimestamp(type)) {
      buffer += 2;
    } else throw new FormatProblem("unsupported", `column ${name} is of ${type}, which is not read beside frames`);
  }
  const [tensor, ...more] = found;
  if (tensor && more.length === 0) return tensor;
  const what = tensor ? `there are ${found.length} columns of frames` : "holds no column of frames";
  const hint =
    "Frames are a column of the extension type arrow.fixed_shape_tensor with two axes of uint8, uint16 or float32.";
  throw new FormatProblem("wrong-format", what, undefined, hint);
}

function pixelFormatOf(arrow: Arrow, type: DataType): PixelFormat | undefined {
  const { DataType, Precision } = arrow;
  if (DataType.isFloat(type)) return type.precision === Precision.SINGLE ? "float32" : undefined;
  if (!DataType.isInt(type) || type.isSigned) return undefined;
  return type.bitWidth === 8 ? "uint8" : type.bitWidth === 16 ? "uint16" : undefined;
}

function shapeOf(text: string | undefined): FrameShape {
  const { shape } = (noteOf(text) ?? {}) as { readonly shape?: unknown };
  const [height, width] = Array.isArray(shape) && shape.length === 2 ? (shape as unknown[]) : [];
  return Number.isSafeInteger(height) && Number.isSafeInteger(width)
    ? { height: height as number, width: width as number }
    : { height: 0, width: 0 };
}

/** Reads what stands beside the pixels of a frame, in a table of Mote's. */
export function readHeader(source: ByteSource, batch: FoundBatch, row: number, into: FrameHeader): number {
  let pixelsCrc32 = -1;
  let sum = 0;
  for (const [at, column] of frameTable.entries()) {
    const size = typeBytes[column.type];
    const values = readValues(source, batch, at, size);
    sum = crc32(values, sum);
    const cell = new DataView(values.buffer, row * size, size);
    if (column.name === checksumColumn.name) pixelsCrc32 = cell.getUint32(0, true);
    else if (column.type === "int64") column.set(into, cell.getBigInt64(0, true));
    else if (column.type === "float64") column.set(into, cell.getFloat64(0, true));
  }
  const note = noteOf(batch.notes.get(noteKeys.frame)) as JsonValue | undefined;
  // A program that put batches together has no notes of them.
  if (note !== undefined && (!isJsonObject(note) || note.crc32 !== sum)) {
    throw new ChecksumMismatch("what stands beside its pixels does not match its checksum", batch.at);
  }
  return pixelsCrc32;
}

/** Whether a table has the columns that Mote writes of frames; a Mote of another day may have others. */
export function hasFrameColumns({ schema, descriptor }: ArrowContent): boolean {
  return descriptor !== undefined && frameTable.every(({ name }, at) => schema.fields[at]?.name === name);
}

function openFrames(arrow: Arrow, source: ByteSource, close: () => void): ImageFile {
  const content = readContent(arrow, source);
  const { descriptor, batches, schema, ending } = content;
  if (typeof ending === "object") throw new FormatProblem("file-damaged", ending.fault, ending.byte);
  const { shape, pixelFormat, buffer } = tensorOf(arrow, schema.fields);
  const wholeBytes = shape.height * shape.width * bytesPerPixel[pixelFormat];
  if (wholeBytes === 0 || wholeBytes > largestFrameBytes) {
    throw new FormatProblem("file-damaged", `holds frames of ${shape.width}x${shape.height} pixels`);
  }
  if (batches.some(({ isCompressed }) => isCompressed)) {
    throw new FormatProblem(
      "unsupported",
      "its batches are compressed, which is not read",
      undefined,
      "Write it without.",
    );
  }
  const lying = batches.find(({ rows, bodyAt, nextAt }) => rows < 0 || rows * wholeBytes > nextAt - bodyAt);
  if (lying)
    throw new FormatProblem("file-damaged", `a batch claims ${lying.rows} frames, more than it holds`, lying.at);
  const places = batches.flatMap((batch) => Array.from({ length: batch.rows }, (_, row) => ({ batch, row })));
  const isOurs = hasFrameColumns(content);
  const header = new FrameHeader(new ArrayBuffer(frameHeaderBytes), 0);
  const checked = new CheckedPixels(shape, pixelFormat);
  const pixelBytes = bytesPerPixel[pixelFormat];
  const whole = new Uint8Array(wholeBytes);

  return {
    facts: {
      ...{ pixelFormat, shape, frameCount: places.length },
      bitDepth: descriptor?.bitDepth ?? 8 * pixelBytes,
      pixelSizeUm: descriptor?.pixelSizeUm ?? null,
      rateHz: descriptor?.rateHz ?? null,
      metadata: { format: "Arrow", ...(descriptor && { recording: descriptor.source }) },
      ...(isOurs && { recordedLoss: runEnd(content) }),
      ...(descriptor?.numberStep && { numberStep: descriptor.numberStep }),
    },
    *losses(after, before) {
      const from = after < 0 ? 0 : batches.indexOf(places[after]!.batch);
      const to = before < places.length ? batches.indexOf(places[before]!.batch) : batches.length;
      for (const { notes } of batches.slice(from, to)) {
        const event = noteOf(notes.get(noteKeys.event));
        if (event !== undefined && eventFault(event) === undefined && isFateEvent(event as FateEvent)) {
          yield event as FateEvent;
        }
      }
    },
    async readFrame(index, pixels, region): Promise<FramePlace> {
      const { batch, row } = places[index]!;
      header.reset(
        pixelFormat,
        shape.height,
        shape.width,
        shape.width * pixelBytes,
        descriptor?.bitDepth ?? 8 * pixelBytes,
      );
      const known = isOurs ? readHeader(source, batch, row, header) : undefined;
      const at = bufferPlace(batch, buffer, batch.rows * wholeBytes) + row * wholeBytes;
      const pixelsCrc32 = await checked.read(pixels, region, known, `frame ${index}`, async (target, part) => {
        source.readInto(whole, at);
        const into = new Uint8Array(target.buffer, target.byteOffset, target.byteLength);
        copyOverlap(whole, 0, 0, shape.width, shape.height, into, part, pixelBytes);
      });
      if (!isOurs) return unknownPlace;
      const { channelIndex, zIndex, positionIndex, capturedAtNs } = header;
      const own = { channelIndex, zIndex, positionIndex, capturedAtNs, recorded: header };
      return pixelsCrc32 === undefined ? own : { ...own, pixelsCrc32 };
    },
    close,
  };
}
