/** Detections as 1-D arrays, tracks/x and so on, one value a detection; the columns and types of the HDF5 archive. */
import type { Frame } from "../../../memory/frame.js";
import { column, type DetectionColumn } from "../../../model/detection.js";
import { trackColumns } from "../../columns/track-rows.js";
import type { ColumnTable, TableLayout } from "./column-table.js";

const isWhole = new Set<string>(["frame", "particle_id", "flags"]);

/** Chunks of 64 KiB. */
export function tracksTable(hasFlags: boolean): TableLayout {
  const names = hasFlags ? [...trackColumns, "flags"] : trackColumns;
  return {
    folder: "tracks",
    columns: names.map((name) => ({ name, dataType: isWhole.has(name) ? "int64" : "float64" })),
    chunkRows: 8192,
    dimension: "detection",
  };
}

/** Puts the rows of a frame's detections; returns how many. Timestamps are seconds since the Unix epoch, NaN when unknown. */
export function putTrackRows(table: ColumnTable, frame: Frame): number {
  const rows = Math.max(0, frame.rowCount);
  if (rows === 0) return 0;
  const { detections, header } = frame;
  const integers = new BigInt64Array(rows);
  const reals = new Float64Array(integers.buffer);
  const bytes = new Uint8Array(integers.buffer);
  for (const [position, { name }] of table.layout.columns.entries()) {
    if (name === "frame") integers.fill(BigInt(header.frameNumber));
    else if (name === "timestamp") reals.fill(secondsOf(header.capturedAtNs));
    else if (name === "particle_id" || name === "flags") {
      const first = column[name] * rows;
      for (let row = 0; row < rows; row++) {
        const value = detections[first + row]!;
        integers[row] = value >= 0 ? BigInt(Math.trunc(value)) : -1n;
      }
    } else {
      // The slot's column as it stands.
      const start = detections.byteOffset + column[name as DetectionColumn] * rows * 8;
      table.put(position, new Uint8Array(detections.buffer, start, rows * 8));
      continue;
    }
    table.put(position, bytes);
  }
  return rows;
}

/** Microseconds kept as in the CSV (a float64 has 0.24 us there). */
function secondsOf(atNs: bigint): number {
  return atNs <= 0n ? Number.NaN : Number(atNs / 1000n) / 1e6;
}
