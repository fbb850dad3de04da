/**
 * Detections as plain columns, /tracks/x and so on, one value a detection. A frame's rows are handed over with the frame, so
 * that one commit makes both the file's content.
 */
import type { Frame } from "../../../memory/frame.js";
import { TrackBytes, trackTableOf } from "../../columns/track-table.js";
import { type H5Writer, numberTypes } from "./h5-writer.js";

/**
 * 64 KiB a chunk. Not compressed: a chunk is written again until it is full, and a compressed one would move each time;
 * float64 positions gain little anyway.
 */
const chunkRows = 8192;

/** Makes the columns of a stream's detections; the function returned appends the rows of frames. */
export function createTrackColumns(file: H5Writer, detections: readonly string[]): (frames: readonly Frame[]) => void {
  const columns = trackTableOf(detections).map((column) => ({
    column,
    dataset: file.growing(`/tracks/${column.name}`, numberTypes[column.type], [], chunkRows),
  }));
  const bytes = new TrackBytes();
  return (frames) => {
    const rows = frames.reduce((sum, { rowCount }) => sum + Math.max(0, rowCount), 0);
    for (const { column, dataset } of columns) {
      file.append(
        dataset,
        frames.map((frame) => bytes.borrow(frame, column.name).slice()),
        rows,
      );
    }
  };
}
