/**
 * What is left in a pipe by those who stop using it: bytes that were written and that nobody has read. The pipe is opened
 * anew, so that the descriptor that was given stays as it was (Linux, through /proc; elsewhere nothing is found).
 */
import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";

/** A second descriptor of the pipe `fd` that reads what lies there and waits for nothing; undefined where there is none. */
export function openUnread(fd: number): number | undefined {
  try {
    if (!fstatSync(fd).isFIFO()) return undefined;
    return openSync(`/proc/self/fd/${fd}`, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch {
    return undefined;
  }
}

/** How many bytes lie unread in the pipe that `fd` writes to, after its last reader has gone; they are taken out. */
export function takeUnread(fd: number): number {
  const unread = openUnread(fd);
  if (unread === undefined) return 0;
  const scratch = new Uint8Array(65_536);
  let bytes = 0;
  try {
    for (let got = readSync(unread, scratch); got > 0; got = readSync(unread, scratch)) bytes += got;
  } catch {
    // EAGAIN: this writer's own end is open, so an empty pipe is not at its end.
  } finally {
    closeSync(unread);
  }
  return bytes;
}
