/**
 * Detections as plain columns, /tracks/x and so on, one value a detection; the table's columns are those of the CSV. A frame's
 * rows are handed over with the frame, so that one commit makes both the file's content.
 */
import type { Frame } from "../../../memory/frame.js";
import { column, type DetectionColumn } from "../../../model/detection.js";
import { type TrackColumnName, timestampSeconds, trackColumnNames } from "../../columns/track-rows.js";
import type { H5Writer } from "./h5-writer.js";

/**
 * 64 KiB a chunk. Not compressed: a chunk is written again until it is full, and a compressed one would move each time;
 * float64 positions gain little anyway.
 */
const chunkRows = 8192;
const isWhole = new Set<string>(["frame", "particle_id", "flags"]);

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

/** Makes the columns; the function returned appends a frame's rows. */
export function createTrackColumns(file: H5Writer, hasFlags: boolean): (frame: Frame) => void {
  const columns = trackColumnNames(hasFlags).map((name) => ({
    name,
    dataset: file.growing(`/tracks/${name}`, isWhole.has(name) ? "<q" : "<d", [], chunkRows),
  }));
  let room = new DataView(new ArrayBuffer(1024 * 8));
  return (frame) => {
    const rows = Math.max(0, frame.rowCount);
    if (rows * 8 > room.byteLength) room = new DataView(new ArrayBuffer(rows * 8));
    for (const { name, dataset } of columns) {
      fillColumn(room, 0, frame, name);
      file.append(dataset, new Uint8Array(room.buffer, 0, rows * 8), rows);
    }
  };
}
