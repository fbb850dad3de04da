/** How a file of ours gets its name: with its first bytes in it, so that a killed process leaves no file that nothing reads. */
import { closeSync, linkSync, openSync, renameSync, unlinkSync } from "node:fs";
import { basename, dirname, join } from "node:path";

/** What file systems without hard links say (FAT, some network shares). */
const hasNoLinks = new Set(["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EMLINK"]);

/** The hidden name beside it that a file has until its first bytes are there; no other process uses it. */
function nascentName(path: string): string {
  return join(dirname(path), `.${basename(path).slice(0, 100)}.${process.pid}.part`);
}

/**
 * Makes a new file: `begin` fills it under a hidden name, then it gets its own. Throws what `begin` throws and the system's
 * errors, EEXIST when the name is taken unless `isForced`; of two that want it one gets it. Nothing is left after an error.
 */
export function appear<Begun>(path: string, isForced: boolean, begin: (nascent: string) => Begun): Begun {
  const nascent = nascentName(path);
  // Of a process of that number that was killed here.
  unlinkIfThere(nascent);
  try {
    const begun = begin(nascent);
    giveName(nascent, path, isForced);
    return begun;
  } catch (error) {
    unlinkIfThere(nascent);
    throw error;
  }
}

/** Makes a new file that `begin` writes the first bytes of; returns its descriptor, open for writing. Errors as `appear`. */
export function createFile<Begun>(
  path: string,
  isForced: boolean,
  begin: (fd: number) => Begun,
): { fd: number; begun: Begun } {
  let fd = -1;
  try {
    return appear(path, isForced, (nascent) => {
      fd = openSync(nascent, "wx");
      return { fd, begun: begin(fd) };
    });
  } catch (error) {
    if (fd >= 0) closeSync(fd);
    throw error;
  }
}

function giveName(nascent: string, path: string, isForced: boolean): void {
  if (isForced) {
    renameSync(nascent, path);
    return;
  }
  try {
    linkSync(nascent, path);
  } catch (error) {
    if (!hasNoLinks.has((error as NodeJS.ErrnoException).code ?? "")) throw error;
    closeSync(openSync(path, "wx"));
    renameSync(nascent, path);
    return;
  }
  unlinkSync(nascent);
}

function unlinkIfThere(path: string): void {
  try {
    unlinkSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  }
}
