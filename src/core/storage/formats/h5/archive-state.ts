/**
 * How much of an HDF5 archive is there and fits together: lengths of its columns, its ledger, its frames. HDF5's flush is not
 * atomic: a process killed in the middle of one leaves the frame it was storing in the length of some datasets and not in
 * others, or without its chunk. Such a frame was never stored; it is told apart from damage by standing last in a file that
 * was not closed.
 */
import { crc32 } from "node:zlib";
import { failure, MoteError } from "../../../errors.js";
import type { ByteSource } from "../../../imaging/byte-source.js";
import type { FrameShape } from "../../../model/descriptor.js";
import { joined, type LedgerSpan, spanFault } from "../../../model/ledger.js";
import type { PixelArray, PixelFormat } from "../../../model/pixel-format.js";
import { checksumColumn } from "../../columns/frame-table.js";
import { type Chunk, readChunkMap } from "./chunk-map.js";
import { ColumnWindow } from "./column-window.js";
import type { H5Reader } from "./h5-reader.js";
import { pixelTypes } from "./h5-writer.js";
import { type ReadLedgerRow, readLedgerRow } from "./ledger.js";

export interface StoredFrames {
  /** Dataset of the stack; empty when every frame is a dataset of its own. */
  readonly path: string;
  /** Frames that are datasets of their own, ascending by number; null in a stack. */
  readonly alone: readonly { readonly path: string; readonly number: number }[] | null;
  readonly count: number;
  readonly shape: FrameShape;
  readonly pixelFormat: PixelFormat;
}

export interface ArchiveState {
  /** Null when the file does not say: Mote did not write it. */
  readonly isClosed: boolean | null;
  /** Null without frames. */
  readonly frames: StoredFrames | null;
  /** Lengths of the columns beside the frames, by name. */
  readonly columns: ReadonlyMap<string, number>;
  /** Lengths of the tracks' columns; empty without tracks. */
  readonly tracks: ReadonlyMap<string, number>;
  /** Tables of detections by frame number, where each frame has one of its own. */
  readonly tables: ReadonlyMap<number, string>;
  /** Rows of the ledger; null without one. */
  readonly ledgerRows: number | null;
  /** Where frames are in the file; undefined when that cannot be told. */
  readonly chunks: ReadonlyMap<number, Chunk> | undefined;
}

export function readArchiveState(file: H5Reader, source: ByteSource): ArchiveState {
  const complete = file.attribute("/metadata", "is_complete");
  const lengths = (folder: string) =>
    new Map(
      file.paths
        .filter((path) => path.startsWith(folder) && !path.slice(folder.length).includes("/"))
        .flatMap((path): [string, number][] => {
          const shape = file.dataset(path)?.shape;
          return shape?.length === 1 ? [[path.slice(folder.length), shape[0]!]] : [];
        }),
    );
  const tables = new Map(alone(file, "/tracks/").map(({ path, number }) => [number, path]));
  const frames = framesAlone(file) ?? storedFrames(file);
  const isStack = frames !== null && frames.alone === null;
  return {
    isClosed: complete === null ? null : Number(complete) === 1,
    frames,
    columns: isStack ? lengths("/images/") : new Map(),
    tracks: tables.size > 0 ? new Map() : lengths("/tracks/"),
    tables,
    ledgerRows: file.dataset("/metadata/ledger")?.shape[0] ?? null,
    chunks: isStack ? readChunkMap(source) : undefined,
  };
}

/** Datasets frame_000000 and so on of a folder, ascending by number. */
function alone(file: H5Reader, folder: string): { path: string; number: number }[] {
  return file.paths
    .flatMap((path) => {
      const number = path.startsWith(folder) ? /^frame_(\d+)$/.exec(path.slice(folder.length))?.[1] : undefined;
      return number === undefined ? [] : [{ path, number: Number(number) }];
    })
    .sort((a, b) => a.number - b.number);
}

/** Frames as datasets of their own; those of another shape than the first are left to the decoding to complain of. */
function framesAlone(file: H5Reader): StoredFrames | null {
  const places = alone(file, "/images/");
  for (const { path } of places) {
    const dataset = file.dataset(path);
    const pixelFormat = (Object.keys(pixelTypes) as PixelFormat[]).find((name) => pixelTypes[name] === dataset?.type);
    const [height = 0, width = 0] = dataset?.shape ?? [];
    if (!pixelFormat || dataset?.shape.length !== 2 || height < 1 || width < 1) continue;
    return { path: "", alone: places, count: places.length, shape: { height, width }, pixelFormat };
  }
  return null;
}

/** Frames as they come out of the file. */
export interface StoredPixels {
  /** The checksum that stands beside frame `index`; undefined where none does. */
  checksum(index: number): number | undefined;
  /** Decodes frame `index`; throws a failure when it does not decode, is of another shape, or not what the checksum is of. */
  read(index: number): PixelArray;
}

export function openStoredPixels(file: H5Reader, frames: StoredFrames): StoredPixels {
  const { alone: own, path, shape } = frames;
  const count = shape.height * shape.width;
  const column = `/images/${checksumColumn.name}`;
  const checksums = !own && file.dataset(column) ? new ColumnWindow(file, column) : undefined;
  const checksum = (index: number) => {
    if (own) return numberOr(file.attribute(own[index]!.path, checksumColumn.name));
    return checksums && index < checksums.length ? Number(checksums.value(index)) : undefined;
  };
  return {
    checksum,
    read(index) {
      const pixels = (
        own ? file.rows(own[index]!.path, 0, shape.height) : file.rows(path, index, index + 1)
      ) as PixelArray;
      if (pixels.length !== count)
        throw failure("file-damaged", path, `has ${pixels.length} pixels, expected ${count}`);
      const known = checksum(index);
      const bytes = new Uint8Array(pixels.buffer, pixels.byteOffset, pixels.byteLength);
      if (known === undefined || crc32(bytes) === known) return pixels;
      throw failure("checksum-mismatch", path, "its pixels do not match their checksum");
    },
  };
}

function numberOr(value: unknown): number | undefined {
  return typeof value === "number" || typeof value === "bigint" ? Number(value) : undefined;
}

/** /images/frames, or else the first dataset that could be frames. */
function storedFrames(file: H5Reader): StoredFrames | null {
  const found = file.paths
    .filter((path) => path === "/images/frames" || !file.paths.includes("/images/frames"))
    .flatMap((path): StoredFrames[] => {
      const dataset = file.dataset(path);
      if (dataset?.shape.length !== 3) return [];
      const [count, height, width] = dataset.shape as [number, number, number];
      const pixelFormat = (Object.keys(pixelTypes) as PixelFormat[]).find((name) => pixelTypes[name] === dataset.type);
      return pixelFormat && height > 0 && width > 0
        ? [{ path, alone: null, count, shape: { height, width }, pixelFormat }]
        : [];
    });
  return found[0] ?? null;
}

/** Rows of the ledger in order, as they stand there. */
export function* ledgerRows(file: H5Reader, rows: number): Generator<ReadLedgerRow> {
  const batch = 4096;
  for (let from = 0; from < rows; from += batch) {
    for (const row of file.rows("/metadata/ledger", from, Math.min(rows, from + batch)) as unknown[][]) {
      yield readLedgerRow(row);
    }
  }
}

/** A row that can be believed. */
export type LedgerRow = ReadLedgerRow & LedgerSpan;

/** The rows that can be believed, runs of the same fate as one; of each other row, why it cannot. */
export function spans(file: H5Reader, rows: number, onFault: (what: string) => void): Generator<LedgerRow> {
  return joined(believed());

  function* believed(): Generator<LedgerRow> {
    let at = 0;
    for (const row of ledgerRows(file, rows)) {
      const fault = spanFault(row);
      if (fault === undefined) yield row as LedgerRow;
      else onFault(`row ${at} of the ledger ${fault}`);
      at++;
    }
  }
}

/** Undefined where the column cannot be read, which is no fault of the frame: the ledger has its number. */
function readNumber(numbers: ColumnWindow, index: number): number | undefined {
  try {
    return Number(numbers.value(index));
  } catch (error) {
    if (error instanceof MoteError) return undefined;
    throw error;
  }
}

/** Numbers of the frames that the ledger says are stored, in order. */
export function storedNumbers(file: H5Reader, { ledgerRows: rows }: ArchiveState): Float64Array {
  // Grows by what is there: the file's own count of rows is a claim.
  const numbers: number[] = [];
  for (const { firstFrame, fate } of ledgerRows(file, rows ?? 0)) if (fate === "stored") numbers.push(firstFrame);
  return Float64Array.from(numbers);
}

/** Why frame `index` of the file is not whole by what stands beside it; undefined when nothing speaks against it. */
export type FrameFault = (index: number) => string | undefined;

export function frameFaults(file: H5Reader, state: ArchiveState, sizeBytes: number): FrameFault {
  const { frames, columns, chunks } = state;
  if (!frames) return () => undefined;
  const stored = state.ledgerRows === null ? undefined : storedNumbers(file, state);
  if (frames.alone) {
    const known = stored && new Set(stored);
    return (index) => (known && !known.has(frames.alone![index]!.number) ? "is not in the ledger" : undefined);
  }
  const numbers = columns.has("frame_number") ? new ColumnWindow(file, "/images/frame_number") : undefined;
  const shortest = [...columns].reduce(
    (least, [name, length]) => (length < least[1] ? ([name, length] as const) : least),
    ["", Number.POSITIVE_INFINITY] as readonly [string, number],
  );
  return (index) => {
    if (index >= shortest[1]) return `has no ${shortest[0]}`;
    if (stored && index >= stored.length) return "is not in the ledger";
    const chunk = chunks?.get(index);
    if (chunks && !chunk) return "has no pixels";
    if (chunk && chunk.at + chunk.bytes > sizeBytes) return "has pixels behind the end of the file";
    if (stored && numbers) {
      const number = readNumber(numbers, index);
      if (number !== undefined && number !== stored[index])
        return `is number ${number}, the ledger says ${stored[index]}`;
    }
    return undefined;
  };
}
