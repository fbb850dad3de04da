/** The files of a split archive: a row. */
import { existsSync, readdirSync } from "node:fs";
import { basename, dirname, extname, join, resolve } from "node:path";
import { lockProblem, takeLock } from "../../claim/lock.js";
import { moveOwn, removeOwnFile } from "../../claim/removal.js";
import type { Replaceable } from "../../claim/replaceable.js";
import { partPath, rowOf } from "../../claim/row-names.js";
import { singleFile } from "../../claim/single-file.js";

/** The archive that part `index` is of, by that part's own name; undefined when it was renamed. */
export function archiveOf(path: string, index: number): string | undefined {
  const row = rowOf(path);
  return row !== undefined && partPath(row, index) === path ? row : undefined;
}

/** The file before (-1) or behind (1) part `index` of a row, by that part's own name; undefined when it was renamed. */
export function neighbourOf(path: string, index: number, offset: -1 | 1): string | undefined {
  const row = archiveOf(path, index);
  return row === undefined ? undefined : partPath(row, index + offset);
}

/** Segments of this archive that are there already, from an earlier run of the same name, the first one first. */
export function existingSegments(path: string): readonly string[] {
  const folder = dirname(resolve(path));
  if (!existsSync(folder)) return [];
  const extension = extname(path);
  const stem = `${basename(path, extension)}_`;
  const numberOf = (name: string) => Number(name.slice(stem.length, name.length - extension.length));
  return readdirSync(folder)
    .filter((name) => {
      if (!name.startsWith(stem) || !name.endsWith(extension)) return false;
      return /^\d{3,}$/.test(name.slice(stem.length, name.length - extension.length));
    })
    .sort((a, b) => numberOf(a) - numberOf(b))
    .map((name) => join(dirname(path), name));
}

/** The parts of a row that a name stands for, when nothing has the name itself. */
export function partsOf(path: string): readonly string[] {
  return existsSync(path) || extname(path).toLowerCase() !== ".h5" ? [] : existingSegments(path);
}

/** The row that a run of this name wrote: its parts from the first on, without a hole. */
function wholeRow(path: string): readonly string[] {
  const row: string[] = [];
  while (existsSync(partPath(path, row.length))) row.push(partPath(path, row.length));
  return row;
}

/** A split archive as an output: all its files are replaced, so that none outlives a shorter archive of the same name, and no other. */
export const h5Segments: Replaceable = {
  isRow: true,
  parts: existingSegments,
  isThere: (path) => existingSegments(path).length > 0,
  refused(path, isForced) {
    const row = new Set(wholeRow(path));
    const stray = existingSegments(path).find((segment) => !row.has(segment));
    if (stray !== undefined) {
      const what = `${basename(stray)} exists already and has no part before it: it is not known to be of this row`;
      return { code: "exists-already", what, hint: "Move it away, or choose another name." };
    }
    for (const segment of existingSegments(path)) {
      const refused = lockProblem(segment) ?? singleFile.refused(segment, true);
      if (refused) return { ...refused, what: `${basename(segment)} ${refused.what}` };
      if (isForced) continue;
      const hint = "Choose another name, or --force to remove all its files and begin again.";
      return { code: "exists-already", what: `${basename(segment)} exists already`, hint };
    }
    return undefined;
  },
  replace(path, growing) {
    const old = new Set(wholeRow(path));
    for (const [index, segment] of wholeRow(growing).entries()) {
      const target = partPath(path, index);
      if (old.delete(target)) replaceAlone(target, () => singleFile.replace(target, segment));
      else moveOwn(segment, target);
    }
    for (const segment of old) replaceAlone(segment, () => removeOwnFile(segment));
  },
  remove(path) {
    for (const segment of wholeRow(path)) removeOwnFile(segment);
  },
};

/** A segment is a file that another run may have been asked to write. */
function replaceAlone(path: string, work: () => void): void {
  const lock = takeLock(basename(path), path, "archive");
  try {
    work();
  } finally {
    lock.release();
  }
}
