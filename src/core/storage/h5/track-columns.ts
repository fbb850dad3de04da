/**
 * Detections as plain columns, /tracks/x and so on, one value a detection; the table's columns are those of the CSV. Rows wait
 * in memory and are written for many frames at once: a write of a few rows costs as much as one of thousands.
 */
import type { Frame } from "../../memory/frame.js";
import { column, type DetectionColumn } from "../../model/detection.js";
import { timestampSeconds, trackColumns } from "../csv/track-rows.js";
import type { GrowingDataset, H5Writer } from "./h5-writer.js";

/** Rows of at most so many frames wait, and none for a frame stored so long before the newest. */
export const trackBatchFrames = 100;
export const trackBatchMs = 1000;

/**
 * 64 KiB a chunk. Not compressed: a chunk is written again until it is full, and a compressed one would move each time;
 * float64 positions gain little anyway.
 */
const chunkRows = 8192;
const isWhole = new Set<string>(["frame", "particle_id", "flags"]);

export type TrackColumnName = (typeof trackColumns)[number] | "flags";

export function trackColumnNames(hasFlags: boolean): readonly TrackColumnName[] {
  return hasFlags ? [...trackColumns, "flags"] : trackColumns;
}

/** Integers in the file: frame, particle_id, flags; float64 the others. */
export function isWholeColumn(name: TrackColumnName): boolean {
  return isWhole.has(name);
}

/** Writes `count` eight-byte values of one column of a frame's detections. */
export function fillColumn(target: DataView, at: number, frame: Frame, name: TrackColumnName): void {
  const { detections, header } = frame;
  const rows = Math.max(0, frame.rowCount);
  if (name === "timestamp") {
    const seconds = timestampSeconds(header.capturedAtNs);
    for (let row = 0; row < rows; row++) target.setFloat64(at + row * 8, seconds, true);
  } else if (name === "frame") {
    const number = BigInt(header.frameNumber);
    for (let row = 0; row < rows; row++) target.setBigInt64(at + row * 8, number, true);
  } else if (isWhole.has(name)) {
    const first = column[name as DetectionColumn] * rows;
    for (let row = 0; row < rows; row++) {
      const value = detections[first + row]!;
      target.setBigInt64(at + row * 8, value >= 0 ? BigInt(Math.trunc(value)) : -1n, true);
    }
  } else {
    const first = column[name as DetectionColumn] * rows;
    // As they stand in the slot, which is little-endian like the file.
    new Uint8Array(target.buffer, target.byteOffset + at, rows * 8).set(
      new Uint8Array(detections.buffer, detections.byteOffset + first * 8, rows * 8),
    );
  }
}

/** The columns of a file, and the rows that wait for them. */
export class TrackColumns {
  readonly #file: H5Writer;
  readonly #columns: readonly { readonly name: TrackColumnName; readonly dataset: GrowingDataset }[];
  #waiting: DataView[];
  #capacity = 1024;
  #rows = 0;
  #frames = 0;
  #writtenAtMs = Number.NEGATIVE_INFINITY;

  constructor(file: H5Writer, hasFlags: boolean) {
    this.#file = file;
    this.#columns = trackColumnNames(hasFlags).map((name) => ({
      name,
      dataset: file.growing(`/tracks/${name}`, isWhole.has(name) ? "<q" : "<d", [], chunkRows),
    }));
    this.#waiting = this.#columns.map(() => room(this.#capacity));
  }

  /** Lets a frame's detections wait; the function returned takes them out again, for a frame that could not be stored. */
  add(frame: Frame): () => void {
    const before = this.#rows;
    const rows = Math.max(0, frame.rowCount);
    this.#grow(before + rows);
    for (const [index, { name }] of this.#columns.entries()) {
      fillColumn(this.#waiting[index]!, before * 8, frame, name);
    }
    this.#rows += rows;
    this.#frames++;
    return () => {
      this.#rows = before;
      this.#frames--;
    };
  }

  /** Whether the waiting rows are to be written with this frame. A slow recording has every frame's rows written with it. */
  isDue(nowMs: number): boolean {
    return this.#frames >= trackBatchFrames || nowMs - this.#writtenAtMs >= trackBatchMs;
  }

  /** Hands the waiting rows to the file; they keep waiting until `written`, since the commit may fail. */
  write(): void {
    for (const [index, { dataset }] of this.#columns.entries()) {
      this.#file.append(dataset, new Uint8Array(this.#waiting[index]!.buffer, 0, this.#rows * 8), this.#rows);
    }
  }

  /** The rows are committed. */
  written(nowMs: number): void {
    this.#rows = 0;
    this.#frames = 0;
    this.#writtenAtMs = nowMs;
  }

  #grow(rows: number): void {
    if (rows <= this.#capacity) return;
    this.#capacity = Math.max(rows, 2 * this.#capacity);
    this.#waiting = this.#waiting.map((old) => {
      const grown = room(this.#capacity);
      new Uint8Array(grown.buffer).set(new Uint8Array(old.buffer, 0, this.#rows * 8));
      return grown;
    });
  }
}

function room(rows: number): DataView {
  return new DataView(new ArrayBuffer(rows * 8));
}
