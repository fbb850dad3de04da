/** A file that appears whole or not at all, and never in the place of another. */
import { closeSync, existsSync, fsyncSync, linkSync, openSync, renameSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";

/** Names of files that are still being written; a cut leaves one behind. */
export function unfinishedName(name: string): string {
  return `.${name}.part`;
}

/** A file of that name is there already; it was not touched. */
export class NameTaken extends Error {
  constructor(name: string) {
    super(`${name} exists already`);
    this.name = "NameTaken";
  }
}

/** File systems without hard links say one of these. */
const noLinks = new Set(["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EMLINK", "EACCES"]);

/**
 * Writes to a temporary name, waits until the disk has the bytes, then gives the file its name. Throws NameTaken, or the
 * system's error; nothing is left behind then.
 */
export function writeNewFile(folder: string, name: string, pieces: readonly Uint8Array[]): void {
  const target = join(folder, name);
  if (existsSync(target)) throw new NameTaken(name);
  const temporary = join(folder, unfinishedName(name));
  const file = openSync(temporary, "wx");
  try {
    try {
      for (const bytes of pieces) {
        for (let done = 0; done < bytes.length; ) done += writeSync(file, bytes, done);
      }
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    giveName(temporary, target, name);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}

/** A rename would replace a file that came meanwhile; a hard link refuses. Where there are none, the gap is microseconds. */
function giveName(temporary: string, target: string, name: string): void {
  try {
    linkSync(temporary, target);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? "";
    if (code === "EEXIST" || existsSync(target)) throw new NameTaken(name);
    if (!noLinks.has(code)) throw error;
    renameSync(temporary, target);
    return;
  }
  try {
    rmSync(temporary);
  } catch {
    // The file has its name, that is what counts; --resume takes a second name away.
  }
}
