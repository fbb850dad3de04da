/** The one place that completes short writes: the system may take fewer bytes than it was given. */
import { writeSync } from "node:fs";

/** Writes all bytes, at this position of the file or, without one, where the descriptor stands; throws the system's error. */
export function writeAll(fd: number, bytes: Uint8Array, at: number | null = null): void {
  for (let done = 0; done < bytes.length; ) {
    const count = writeSync(fd, bytes, done, bytes.length - done, at === null ? null : at + done);
    // Trying again would go on forever.
    if (count === 0) throw Object.assign(new Error("the disk took nothing"), { code: "EIO" });
    done += count;
  }
}
