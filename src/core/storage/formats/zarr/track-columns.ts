/** Detections as 1-D arrays, tracks/x and so on, one value a detection; the columns and types of the HDF5 archive. */
import type { Frame } from "../../../memory/frame.js";
import {
  TrackBytes,
  type TrackColumn,
  type TrackColumnName,
  trackTable,
  trackTableOf,
} from "../../columns/track-table.js";
import { type ColumnTable, type TableLayout, zarrColumn } from "./column-table.js";

/** Chunks of 64 KiB. */
function layoutOf(columns: readonly TrackColumn[]): TableLayout {
  return { folder: "tracks", columns: columns.map(zarrColumn), chunkRows: 8192, dimension: "detection" };
}

/** Of all columns that there can be. */
export const widestTracksTable = layoutOf(trackTable);

/** Of a stream whose detections have these columns. */
export function tracksTable(detections: readonly string[]): TableLayout {
  return layoutOf(trackTableOf(detections));
}

const trackBytes = new TrackBytes();

/** Puts the rows of a frame's detections into the table of its stream; returns how many. */
export function putTrackRows(table: ColumnTable, frame: Frame): number {
  const rows = Math.max(0, frame.rowCount);
  if (rows === 0) return 0;
  for (const [position, { name }] of table.layout.columns.entries()) {
    table.put(position, trackBytes.borrow(frame, name as TrackColumnName));
  }
  return rows;
}
