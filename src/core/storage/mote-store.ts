/** The frame stream as a file: the same messages as on a pipe, with checksums and an index behind the end. */
import { ftruncateSync, openSync, unlinkSync } from "node:fs";
import { openByteSink } from "../stream/byte-pipe.js";
import { createStreamWriter } from "../stream/stream-writer.js";
import { syncFile } from "../stream/transport.js";
import { fileInTheWay } from "./files.js";
import type { FrameStore, StoreRequest } from "./frame-store.js";

export function openMoteStore(request: StoreRequest): FrameStore {
  let fd: number;
  try {
    fd = openSync(request.path, request.isForced ? "w" : "wx");
  } catch (error) {
    throw fileInTheWay(request.where, error);
  }
  const sink = openByteSink(
    request.path,
    fd,
    () => false,
    () => syncFile(fd),
  );
  const writer = createStreamWriter(sink, request.descriptor, request.geometry, { hasChecksums: true, hasIndex: true });
  let frames = 0;
  let rows = 0;
  return {
    get frames() {
      return frames;
    },
    get rows() {
      return rows;
    },
    append(frame) {
      const whole = sink.position;
      try {
        writer.frame(frame);
      } catch (error) {
        ftruncateSync(fd, whole);
        throw error;
      }
      frames++;
      rows += Math.max(0, frame.rowCount);
    },
    event(event) {
      writer.event(event);
    },
    close(end) {
      if (end) writer.end(end);
      sink.close();
      if (end === null && frames === 0) unlinkSync(request.path);
    },
  };
}
