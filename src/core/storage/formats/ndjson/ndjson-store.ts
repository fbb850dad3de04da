/**
 * Detections as a run's documents, one JSON object a line, under the final name from the start. A frame is one write of
 * whole lines, so what a killed process leaves ends at a line, at worst (killed inside that write) with a part of one;
 * there is no stop document then. Nothing is kept in memory.
 */
import { randomUUID } from "node:crypto";
import { codeOf, failure, reason } from "../../../errors.js";
import { epochNow } from "../../../time.js";
import { beginPieces } from "../../append-file.js";
import type { FrameStore, StoreRequest } from "../../frame-store.js";
import { RunDocuments } from "./documents.js";

export function openNdjsonStore(request: StoreRequest): FrameStore {
  const { where } = request;
  const documents = new RunDocuments(request.descriptor, { uid: randomUUID, now: () => Number(epochNow()) / 1e9 });
  const file = beginPieces(request, Buffer.from(documents.opening()));
  let frames = 0;
  let rows = 0;

  function write(text: string): void {
    try {
      file.append(Buffer.from(text));
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

  /** Writes a line that counts itself, or takes the count back. */
  function writeCounted(kind: "frame" | "between", text: string): void {
    try {
      write(text);
    } catch (error) {
      documents.takeBack(kind);
      throw error;
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
      writeCounted("frame", documents.frame(frame));
      frames++;
      rows += Math.max(0, frame.rowCount);
    },
    sync: () => file.sync(),
    event(event) {
      writeCounted("between", documents.between(event));
    },
    close(end) {
      if (end === null && frames === 0) return file.remove();
      try {
        write(documents.closing(end));
        file.sync();
      } catch (error) {
        if (end) throw failure(codeOf(error), where, `cannot be ended: ${reason(error)}`, undefined, error);
      } finally {
        file.close();
      }
    },
  };
}
