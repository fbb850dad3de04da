/** The table of frames: images/frame_number and so on, one value a frame, named as in HDF5. */
import { FormatProblem } from "../../../format-problem.js";
import type { Frame } from "../../../memory/frame.js";
import type { JsonValue } from "../../../model/json.js";
import { borrowFrameValue, frameTable } from "../../columns/frame-table.js";
import { type ColumnTable, type TableLayout, zarrColumn } from "./column-table.js";
import { readNodeIn } from "./read-node.js";

/** Chunks of 32 KiB. */
export const framesTable: TableLayout = {
  folder: "images",
  columns: frameTable.map(zarrColumn),
  chunkRows: 4096,
  dimension: "t",
};

/** What the group says of itself: its columns, so that one that is gone is told from one that a later Mote added. */
export const framesAttributes = { columns: framesTable.columns.map(({ name }) => name) };

/** The columns of stores from before they said which. */
const firstColumns: readonly string[] = [
  ...["frame_number", "device_frame_number", "captured_at_ns", "received_at_ns", "source_index", "channel_index"],
  ...["z_index", "position_index", "exposure_ms", "temperature_c", "stage_x_um", "stage_y_um", "stage_z_um"],
  ...["roi_x", "roi_y", "binning_x", "binning_y", "pixels_crc32"],
];

/** The table that a store was made with, as far as this Mote knows its columns. */
export function framesTableOf(store: string): TableLayout {
  const columns = statedColumns(store) ?? firstColumns;
  return { ...framesTable, columns: framesTable.columns.filter(({ name }) => columns.includes(name)) };
}

/** Undefined where nothing is stated, or nothing can be read: what is damaged is found when the columns are opened. */
function statedColumns(store: string): JsonValue[] | undefined {
  try {
    const columns = readNodeIn(store, framesTable.folder)?.attributes.columns;
    return Array.isArray(columns) ? columns : undefined;
  } catch (error) {
    if (error instanceof FormatProblem) return undefined;
    throw error;
  }
}

/** Puts the row of a frame. */
export function putFrameRow(table: ColumnTable, frame: Frame): void {
  for (const [position, column] of frameTable.entries()) table.put(position, borrowFrameValue(frame, column));
}
