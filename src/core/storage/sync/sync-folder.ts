/** Makes the names of files as lasting as their bytes (fsync(2): a file's own sync says nothing of its entry in the folder). */
import { closeSync, fsyncSync, openSync } from "node:fs";
import { dirname, resolve } from "node:path";

/** What file systems that do not sync folders say, as do some over a network; their own order has to do there. */
const cannot = new Set(["EINVAL", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EISDIR", "EPERM", "EBADF"]);

/** Throws what the disk says. */
export function syncNames(folder: string): void {
  try {
    const handle = openSync(folder, "r");
    try {
      fsyncSync(handle);
    } finally {
      closeSync(handle);
    }
  } catch (error) {
    if (!cannot.has((error as NodeJS.ErrnoException).code ?? "")) throw error;
  }
}

/** The names in a folder, and its own and those of the folders above it, which may be as new. */
export function syncNamesFrom(folder: string): void {
  let at = resolve(folder);
  syncNames(at);
  for (let above = dirname(at); above !== at; above = dirname(at)) {
    at = above;
    try {
      syncNames(at);
    } catch (error) {
      // One that we may not even look into holds nothing that we made.
      if ((error as NodeJS.ErrnoException).code !== "EACCES") throw error;
    }
  }
}

/** The same as far as it goes, for who has nothing else to promise. */
export function syncFolder(folder: string): void {
  try {
    syncNames(folder);
  } catch {
    // What cannot be synced is as lasting as its file system makes it.
  }
}
