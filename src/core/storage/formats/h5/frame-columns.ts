/** The table of frames beside a stack: /images/frame_number and so on. */
import type { Frame } from "../../../memory/frame.js";
import { frameFields } from "../../../model/frame-header.js";
import { borrowFrameValue, checksumColumn } from "../../columns/frame-table.js";
import { type H5Writer, numberTypes } from "./h5-writer.js";

/** 2 KiB a chunk: it is written again for every frame until it is full. */
const chunkRows = 256;

/** Makes the columns; the function returned appends the values of frames. */
export function createFrameColumns(file: H5Writer): (frames: readonly Frame[]) => void {
  // Readers count frames by the other columns, so the checksum is there before them.
  const columns = [checksumColumn, ...frameFields].map((column) => ({
    column,
    dataset: file.growing(`/images/${column.name}`, numberTypes[column.type], [], chunkRows),
  }));
  return (frames) => {
    for (const { column, dataset } of columns) {
      file.append(
        dataset,
        frames.map((frame) => borrowFrameValue(frame, column).slice()),
        frames.length,
      );
    }
  };
}
