/** Where inputs and what is made of them lie, and how much that is. */
import { mkdtempSync, readdirSync, statfsSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const leastFreeBytes = 4e9;

/** A folder for all of it: in memory where the system has room for that, since thousands of files come and go a second. */
export function makeScratch() {
  return mkdtempSync(join(hasRoom("/dev/shm") ? "/dev/shm" : tmpdir(), "mote-fuzz-"));
}

function hasRoom(folder) {
  try {
    const { bavail, bsize } = statfsSync(folder);
    return bavail * bsize > leastFreeBytes;
  } catch {
    return false;
  }
}

/** Bytes of the files in it, also while others write there; 0 when it is not there. */
export function bytesIn(path) {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (!stats?.isDirectory()) return stats?.size ?? 0;
  try {
    return readdirSync(path).reduce((sum, name) => sum + bytesIn(join(path, name)), 0);
  } catch {
    return 0;
  }
}
