/** Detections as plain columns, /tracks/x and so on, one value a detection; the table's columns are those of the CSV. */
import type { Frame } from "../../memory/frame.js";
import { column, type DetectionColumn } from "../../model/detection.js";
import { timestampSeconds, trackColumns } from "../csv/track-rows.js";
import type { GrowingDataset, H5Writer } from "./h5-writer.js";

/**
 * 64 KiB a chunk. Not compressed: a chunk is written again until it is full, and a compressed one would move, so that a
 * process killed between two flushes could leave an index to a chunk that is gone; float64 positions gain little anyway.
 */
const chunkRows = 8192;
const isWhole = new Set<string>(["frame", "particle_id", "flags"]);

/** Makes the columns; the function returned appends a frame's detections. */
export function createTrackColumns(file: H5Writer, hasFlags: boolean): (frame: Frame) => void {
  file.group("/tracks");
  const names = hasFlags ? [...trackColumns, "flags"] : trackColumns;
  const datasets = names.map((name): [string, GrowingDataset] => [
    name,
    file.growing(`/tracks/${name}`, isWhole.has(name) ? "<q" : "<d", [], chunkRows),
  ]);
  let converted = new Uint8Array(8 * 1024);
  let integers = new BigInt64Array(converted.buffer);
  let reals = new Float64Array(converted.buffer);
  return (frame) => {
    const rows = Math.max(0, frame.rowCount);
    if (rows === 0) return;
    if (rows * 8 > converted.length) {
      converted = new Uint8Array(rows * 12);
      integers = new BigInt64Array(converted.buffer, 0, rows);
      reals = new Float64Array(converted.buffer, 0, rows);
    }
    const { detections, header } = frame;
    for (const [name, dataset] of datasets) {
      if (name === "frame") integers.fill(BigInt(header.frameNumber), 0, rows);
      else if (name === "timestamp") reals.fill(timestampSeconds(header.capturedAtNs), 0, rows);
      else if (name === "particle_id") {
        const first = column.particle_id * rows;
        for (let row = 0; row < rows; row++) {
          const id = detections[first + row]!;
          integers[row] = id >= 0 ? BigInt(Math.trunc(id)) : -1n;
        }
      } else if (name === "flags") {
        const first = column.flags * rows;
        for (let row = 0; row < rows; row++) integers[row] = BigInt(detections[first + row]!);
      } else {
        // The slot's column as it stands: one copy, into the library.
        const start = detections.byteOffset + column[name as DetectionColumn] * rows * 8;
        file.append(dataset, new Uint8Array(detections.buffer, start, rows * 8), rows);
        continue;
      }
      file.append(dataset, converted.subarray(0, rows * 8), rows);
    }
  };
}
