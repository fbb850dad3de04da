/**
 * Tracks as text, one line a detection, under the final name from the start. Only whole lines are written, once a frame,
 * so a process killed between two frames leaves a table that any reader takes; nothing is kept in memory.
 */
import { codeOf, failure, reason } from "../../../errors.js";
import { beginPieces } from "../../append-file.js";
import { TrackRows } from "../../columns/track-rows.js";
import { trackTableOf } from "../../columns/track-table.js";
import type { FrameStore, StoreRequest } from "../../frame-store.js";
import type { CsvSettings } from "./csv-options.js";

export function openCsvStore(request: StoreRequest): FrameStore {
  const { where } = request;
  const chosen = (request.settings?.csv as CsvSettings | undefined)?.columns;
  const lines = new TrackRows(chosen ?? trackTableOf(request.descriptor.detections?.columns).map(({ name }) => name));
  const file = beginPieces(request, lines.header());
  let frames = 0;
  let rows = 0;

  function write(bytes: Uint8Array): void {
    try {
      file.append(bytes);
    } catch (error) {
      throw failure(
        codeOf(error),
        where,
        `writing after frame ${frames} failed: ${reason(error)}`,
        "What was written before is whole; make room and run again with another --out.",
        error,
      );
    }
  }

  return {
    get frames() {
      return frames;
    },
    get rows() {
      return rows;
    },
    append(frame) {
      const bytes = lines.borrowLines(frame);
      if (bytes.length > 0) write(bytes);
      frames++;
      rows += Math.max(0, frame.rowCount);
    },
    sync: () => file.sync(),
    event() {},
    close(end) {
      if (end === null && frames === 0) return file.remove();
      try {
        file.sync();
      } catch (error) {
        if (end)
          throw failure(codeOf(error), where, `cannot be synced to the disk: ${reason(error)}`, undefined, error);
      } finally {
        file.close();
      }
    },
  };
}
