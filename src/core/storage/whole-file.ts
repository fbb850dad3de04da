/** Files that appear whole: written beside their place and renamed into it, so that no reader meets half of one. */
import { closeSync, fdatasyncSync, openSync } from "node:fs";
import { basename } from "node:path";
import { besideName, besideTarget } from "./claim/beside.js";
import { moveOwn, removeOwnFile } from "./claim/removal.js";
import { writeAll } from "./write-all.js";

/** The name a file has until it is whole; readers of Zarr take no notice of names that are no keys. */
export function partialName(path: string): string {
  return besideName(path, "partial");
}

/** The name in its folder that a file is to have: of one that has it not yet, that which it was written for. */
export function wholeName(path: string): string {
  const name = basename(path);
  return besideTarget(name, "partial") ?? name;
}

/** Replaces or makes a file; when that fails the file of before is untouched and nothing is left beside it. */
export function writeWhole(path: string, ...parts: readonly Uint8Array[]): void {
  replace(path, parts, () => {});
}

/** The same, and a power cut leaves the new or the old one: else the name may be on the disk before the bytes. */
export function writeWholeSynced(path: string, ...parts: readonly Uint8Array[]): void {
  replace(path, parts, fdatasyncSync);
}

function replace(path: string, parts: readonly Uint8Array[], sync: (fd: number) => void): void {
  const partial = partialName(path);
  const fd = openSync(partial, "w");
  try {
    let at = 0;
    try {
      for (const part of parts) {
        writeAll(fd, part, at);
        at += part.length;
      }
      sync(fd);
    } finally {
      closeSync(fd);
    }
    moveOwn(partial, path);
  } catch (error) {
    removeOwnFile(partial);
    throw error;
  }
}
