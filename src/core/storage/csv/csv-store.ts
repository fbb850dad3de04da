/**
 * Tracks as text, one line a detection, under the final name from the start. Only whole lines are written, once a frame,
 * so a process killed between two frames leaves a table that any reader takes; nothing is kept in memory.
 */
import { closeSync, fsyncSync, ftruncateSync, openSync, unlinkSync, writeSync } from "node:fs";
import { failure, reason } from "../../errors.js";
import { fileInTheWay } from "../files.js";
import type { FrameStore, StoreRequest } from "../frame-store.js";
import { TrackRows } from "./track-rows.js";

export function openCsvStore(request: StoreRequest): FrameStore {
  const { path, where } = request;
  let fd: number;
  try {
    // wx: of two runs started together one gets the name.
    fd = openSync(path, request.isForced ? "w" : "wx");
  } catch (error) {
    throw fileInTheWay(where, error);
  }
  const lines = new TrackRows(request.descriptor.detections?.columns.includes("flags") ?? false);
  let written = 0;
  let frames = 0;
  let rows = 0;

  /** All of it, or the file as it was before. */
  function write(bytes: Uint8Array): void {
    try {
      for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at, bytes.length - at, written + at);
      written += bytes.length;
    } catch (error) {
      ftruncateSync(fd, written);
      throw failure(
        where,
        `writing after frame ${frames} failed: ${reason(error)}`,
        "What was written before is whole; make room and run again with another --out.",
        error,
      );
    }
  }

  function remove(): void {
    closeSync(fd);
    unlinkSync(path);
  }

  try {
    write(lines.header());
  } catch (error) {
    remove();
    throw error;
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
    event() {},
    close(end) {
      if (end === null && frames === 0) return remove();
      try {
        fsyncSync(fd);
      } catch (error) {
        if (end) throw failure(where, `cannot be synced to the disk: ${reason(error)}`, undefined, error);
      } finally {
        closeSync(fd);
      }
    },
  };
}
