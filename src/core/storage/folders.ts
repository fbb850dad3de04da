/**
 * The one place that makes folders with those above them. Node's own way (mkdir, recursive) never comes back where a path is
 * relative to a folder that was deleted (20.20: it asks for the first and the second part in turns, for ever).
 */
import { mkdirSync, statSync } from "node:fs";
import { dirname, join } from "node:path";

/** Makes a folder and those above it that are not there; one that is there is as good. Throws the system's error. */
export function makeFolders(path: string): void {
  makeBelow(undefined, path);
}

/** Makes `inner` in `root`, which has to be there: where somebody took it away, it is not made again (ENOENT). */
export function makeFoldersIn(root: string, inner: string): void {
  const path = join(root, inner);
  makeBelow(dirname(join(root, "x")), path);
}

/** Each folder is tried twice at most: what goes again while its child is made is an error. */
function makeBelow(root: string | undefined, path: string): void {
  try {
    makeOne(path);
  } catch (error) {
    const parent = dirname(path);
    const { code } = error as NodeJS.ErrnoException;
    if (code !== "ENOENT" || parent === root || parent === path || parent === ".") throw error;
    makeBelow(root, parent);
    makeOne(path);
  }
}

function makeOne(path: string): void {
  try {
    mkdirSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST" || !statSync(path).isDirectory()) throw error;
  }
}
