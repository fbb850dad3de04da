/**
 * Detections as a Parquet table with the columns of the tracks CSV, under the final name from the start and whole after
 * every frame. Key-value metadata: mote.descriptor (JSON), mote.pixel_size_um ("" when unknown), mote.is_complete
 * ("true" once the file was closed in order with every frame that came), mote.recorded_loss (JSON: what the run says of
 * itself then; "" before).
 */
import { codeOf, failure, reason } from "../../../errors.js";
import type { StreamDescriptor } from "../../../model/descriptor.js";
import { lossOfEnd } from "../../../model/recorded-loss.js";
import type { EndOfStream } from "../../../model/run-report.js";
import { createFile } from "../../appear.js";
import { removeOwnFile } from "../../claim/removal.js";
import { fileInTheWay } from "../../files.js";
import type { FrameStore, StoreRequest } from "../../frame-store.js";
import { GrowingGroups, type Notes } from "./growing-groups.js";
import { trackSchema } from "./track-group.js";

export const recordedLossNote = "mote.recorded_loss";

/** `end`: of the run, once the file is closed in order. */
export function parquetNotes(descriptor: StreamDescriptor, end: EndOfStream | null): Notes {
  return {
    "mote.descriptor": JSON.stringify(descriptor),
    "mote.pixel_size_um": descriptor.pixelSizeUm === null ? "" : String(descriptor.pixelSizeUm),
    "mote.is_complete": String(end !== null && !end.notStored),
    [recordedLossNote]: end === null ? "" : JSON.stringify(lossOfEnd(end)),
  };
}

export function openParquetStore(request: StoreRequest): FrameStore {
  const { path, where, descriptor, geometry } = request;
  let frames = 0;
  let rows = 0;

  function failed(error: unknown): Error {
    return failure(
      codeOf(error),
      where,
      `writing after frame ${frames} failed: ${reason(error)}`,
      "What was written before is whole; make room and run again with another --out.",
      error,
    );
  }

  let groups: GrowingGroups;
  try {
    const columns = trackSchema(descriptor.detections?.columns);
    groups = createFile(
      path,
      (fd) => new GrowingGroups(fd, columns, geometry.detectionRows, parquetNotes(descriptor, null)),
    ).begun;
  } catch (error) {
    throw fileInTheWay(where, error);
  }
  return {
    get frames() {
      return frames;
    },
    get rows() {
      return rows;
    },
    append(frame) {
      try {
        groups.append(frame);
      } catch (error) {
        throw failed(error);
      }
      frames++;
      rows += Math.max(0, frame.rowCount);
    },
    event() {},
    close(end) {
      if (end === null && frames === 0) {
        groups.close();
        removeOwnFile(path);
        return;
      }
      try {
        groups.finish(parquetNotes(descriptor, end));
        groups.sync();
      } catch (error) {
        if (end)
          throw failure(codeOf(error), where, `cannot be ended: ${reason(error)}`, "The rows so far are in it.", error);
      } finally {
        groups.close();
      }
    },
  };
}
