import { closeSync, fsyncSync, openSync } from "node:fs";

/** Makes the names of the files as lasting as their bytes. Some file systems cannot; their own order has to do there. */
export function syncFolder(folder: string): void {
  try {
    const handle = openSync(folder, "r");
    try {
      fsyncSync(handle);
    } finally {
      closeSync(handle);
    }
  } catch {
    // Windows and some network file systems do not sync a folder.
  }
}
