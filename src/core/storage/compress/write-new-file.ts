/** A file that appears whole or not at all, and never in the place of another. */
import {
  closeSync,
  existsSync,
  fstatSync,
  fsyncSync,
  linkSync,
  openSync,
  renameSync,
  rmSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";

/** Names of files that are still being written; a cut leaves one behind. */
export function unfinishedName(name: string): string {
  return `.${name}.part`;
}

/** The name that a file with an unfinished name was to have; undefined for other names. */
export function unfinishedTarget(name: string): string | undefined {
  return /^\.(.*)\.part$/s.exec(name)?.[1];
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
 * Writes to a temporary name, pieces of bytes or what a function does with the open file, waits until the disk has them,
 * then gives the file its name. Returns its size. Throws NameTaken, or the system's error; nothing is left behind then.
 */
export function writeNewFile(
  folder: string,
  name: string,
  content: readonly Uint8Array[] | ((file: number) => void),
): number {
  const target = join(folder, name);
  if (existsSync(target)) throw new NameTaken(name);
  const temporary = join(folder, unfinishedName(name));
  const file = openSync(temporary, "wx");
  let sizeBytes: number;
  try {
    try {
      if (typeof content === "function") content(file);
      else {
        for (const bytes of content) {
          for (let done = 0; done < bytes.length; ) done += writeSync(file, bytes, done);
        }
      }
      fsyncSync(file);
      sizeBytes = fstatSync(file).size;
    } finally {
      closeSync(file);
    }
    giveName(temporary, target, name);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
  return sizeBytes;
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
