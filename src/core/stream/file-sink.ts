/** Bytes into a file, each write whole or not at all, so that a recording never has half a message in it. */
import { closeSync, fsyncSync, ftruncateSync, writevSync } from "node:fs";
import { failure, reason } from "../errors.js";
import type { ByteSink } from "./byte-pipe.js";

/** Over an empty file that is open for writing; `where` and `hint` are for complaints. Closing syncs. */
export function openFileSink(where: string, fd: number, hint: string): ByteSink {
  let position = 0;

  function writeAll(views: readonly Uint8Array[]): number {
    let at = position;
    let rest = [...views];
    while (rest.length > 0) {
      let wrote = writevSync(fd, rest, at);
      at += wrote;
      // A disk may take a part: what is left of the first view that was not taken whole, and those behind it.
      const next = rest.findIndex((view) => {
        if (wrote < view.length) return true;
        wrote -= view.length;
        return false;
      });
      rest = next < 0 ? [] : [rest[next]!.subarray(wrote), ...rest.slice(next + 1)];
    }
    return at;
  }

  return {
    name: where,
    get position() {
      return position;
    },
    write(views) {
      try {
        position = writeAll(views.filter((view) => view.length > 0));
      } catch (error) {
        try {
          ftruncateSync(fd, position);
        } catch {
          // What is behind the last whole message is overwritten by the next, or looks like a cut.
        }
        throw failure(where, `cannot be written at byte ${position}: ${reason(error)}`, hint, error);
      }
    },
    close() {
      try {
        fsyncSync(fd);
      } catch (error) {
        throw failure(where, `cannot be synced to the disk: ${reason(error)}`, undefined, error);
      } finally {
        closeSync(fd);
      }
    },
  };
}
