/** How a file of ours gets its name: with its first bytes in it, so that a killed process leaves no file that nothing reads. */
import { closeSync, openSync } from "node:fs";
import { besideName } from "./claim/beside.js";
import { nameNew, removeOwnFile } from "./claim/removal.js";

/**
 * Makes a new file: `begin` fills it under a hidden name, then it gets its own. Throws what `begin` throws and the system's
 * errors, EEXIST when the name is taken. Nothing is left after an error.
 */
export function appear<Begun>(path: string, begin: (nascent: string) => Begun): Begun {
  const nascent = besideName(path, "part");
  // The name is claimed: what stands there is of a process that was killed here.
  removeOwnFile(nascent);
  try {
    const begun = begin(nascent);
    nameNew(nascent, path);
    return begun;
  } catch (error) {
    removeOwnFile(nascent);
    throw error;
  }
}

/** Makes a new file that `begin` writes the first bytes of; returns its descriptor, open for writing. Errors as `appear`. */
export function createFile<Begun>(path: string, begin: (fd: number) => Begun): { fd: number; begun: Begun } {
  let fd = -1;
  try {
    return appear(path, (nascent) => {
      fd = openSync(nascent, "wx");
      return { fd, begun: begin(fd) };
    });
  } catch (error) {
    if (fd >= 0) closeSync(fd);
    throw error;
  }
}
