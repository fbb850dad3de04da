/** The frame stream as a file: the same messages as on a pipe, with checksums and an index behind the end. */
import { closeSync, fdatasyncSync } from "node:fs";
import { MoteError } from "../../../errors.js";
import { openFileSink } from "../../../stream/file-sink.js";
import { createStreamWriter } from "../../../stream/stream-writer.js";
import { createFile } from "../../appear.js";
import { removeOwnFile } from "../../claim/removal.js";
import { imageNotStored } from "../../disk/disk-fault.js";
import { fileInTheWay } from "../../files.js";
import type { FrameStore, StoreRequest } from "../../frame-store.js";

const hint = "What was stored before is whole; make room and run again with another --out.";

export function openMoteStore(request: StoreRequest): FrameStore {
  const { path, where } = request;
  const { fd, begun } = begin();
  const { sink, writer } = begun;
  let frames = 0;
  let rows = 0;
  /** The run of frames whose pixels were given up, until it is told. */
  let withoutPixels = { firstFrame: 0, count: 0 };

  function begin() {
    try {
      return createFile(path, (opened) => {
        const file = openFileSink(where, opened, hint);
        const options = { hasChecksums: true, hasIndex: true };
        return { sink: file, writer: createStreamWriter(file, request.descriptor, options) };
      });
    } catch (error) {
      throw error instanceof MoteError ? error : fileInTheWay(where, error);
    }
  }

  function remove(): void {
    closeSync(fd);
    removeOwnFile(path);
  }

  function noteWithoutPixels(frameNumber: number): void {
    if (frameNumber !== withoutPixels.firstFrame + withoutPixels.count) tellWithoutPixels();
    if (withoutPixels.count++ === 0) withoutPixels.firstFrame = frameNumber;
  }

  function tellWithoutPixels(): void {
    if (withoutPixels.count === 0) return;
    writer.event({ event: "drop", stage: "archive", ...withoutPixels, reason: imageNotStored });
    withoutPixels = { firstFrame: 0, count: 0 };
  }

  return {
    get frames() {
      return frames;
    },
    get rows() {
      return rows;
    },
    append(frame) {
      tellWithoutPixels();
      writer.frame(frame);
      frames++;
      rows += Math.max(0, frame.rowCount);
    },
    appendDetections(frame) {
      if (frame.rowCount >= 0) writer.detections(frame);
      noteWithoutPixels(frame.header.frameNumber);
      rows += Math.max(0, frame.rowCount);
    },
    sync: () => fdatasyncSync(fd),
    event(event) {
      writer.event(event);
    },
    close(end) {
      if (end === null && frames === 0) return remove();
      try {
        if (!end) return;
        tellWithoutPixels();
        writer.end(end);
      } finally {
        sink.close();
      }
    },
  };
}
