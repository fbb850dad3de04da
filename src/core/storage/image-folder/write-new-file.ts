/** A file that appears whole or not at all, and never in the place of another. */
import { closeSync, existsSync, fstatSync, fsyncSync, openSync } from "node:fs";
import { join } from "node:path";
import { besideName, besideTarget } from "../claim/beside.js";
import { nameNew, removeOwnFile } from "../claim/removal.js";
import { writeAll } from "../write-all.js";

/** Names of files that are still being written; a cut leaves one behind. */
export function unfinishedName(name: string): string {
  return besideName(name, "part");
}

/** The name that a file with an unfinished name was to have; undefined for other names. */
export function unfinishedTarget(name: string): string | undefined {
  return besideTarget(name, "part");
}

/** A file of that name is there already; it was not touched. */
export class NameTaken extends Error {
  constructor(name: string) {
    super(`${name} exists already`);
    this.name = "NameTaken";
  }
}

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
        for (const bytes of content) writeAll(file, bytes);
      }
      fsyncSync(file);
      sizeBytes = fstatSync(file).size;
    } finally {
      closeSync(file);
    }
    nameNew(temporary, target);
  } catch (error) {
    removeOwnFile(temporary);
    throw (error as NodeJS.ErrnoException).code === "EEXIST" ? new NameTaken(name) : error;
  }
  return sizeBytes;
}
