/** Bytes into a file, each write whole or not at all, so that a recording never has half a message in it. */
import { closeSync, fstatSync, fsyncSync, ftruncateSync } from "node:fs";
import { codeOf, failure, reason } from "../errors.js";
import { writeAllOf } from "../storage/write-all.js";
import type { ByteSink } from "./byte-pipe.js";

/**
 * Over a file that is open for writing; `where` and `hint` are for complaints. Closing syncs. `isShared`: the file is
 * another program's too, as a redirected stdout is: the stream goes behind what is there, the next program's behind the
 * stream, and the descriptor stays open.
 */
export function openFileSink(where: string, fd: number, hint: string, isShared = false): ByteSink {
  const start = isShared ? fstatSync(fd).size : 0;
  let position = 0;
  /** Written bytes were taken back, so the descriptor's own place is behind the end. */
  let isPlaceLost = false;

  return {
    name: where,
    get position() {
      return position;
    },
    write(views) {
      try {
        writeAllOf(fd, views, isShared && !isPlaceLost ? null : start + position);
        position += views.reduce((sum, { length }) => sum + length, 0);
      } catch (error) {
        isPlaceLost = true;
        try {
          ftruncateSync(fd, start + position);
        } catch {
          // What is behind the last whole message is overwritten by the next, or looks like a cut.
        }
        throw failure(codeOf(error), where, `cannot be written at byte ${position}: ${reason(error)}`, hint, error);
      }
    },
    close() {
      try {
        fsyncSync(fd);
      } catch (error) {
        throw failure(codeOf(error), where, `cannot be synced to the disk: ${reason(error)}`, undefined, error);
      } finally {
        if (!isShared) closeSync(fd);
      }
    },
  };
}
