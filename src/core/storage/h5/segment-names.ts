/** The files of a split archive: run.h5 becomes run_000.h5, run_001.h5 and so on. */
import { readdirSync, unlinkSync } from "node:fs";
import { basename, dirname, extname, join, resolve } from "node:path";
import type { Problem } from "../../errors.js";
import { newFileProblem } from "../files.js";

/** From the thousandth on the number has four digits; Mote's own patterns sort by its value. */
export function segmentPath(path: string, index: number): string {
  const extension = extname(path);
  return `${path.slice(0, path.length - extension.length)}_${String(index).padStart(3, "0")}${extension}`;
}

/** Segments of this archive that are there already, from an earlier run of the same name. */
export function existingSegments(path: string): readonly string[] {
  const folder = dirname(resolve(path));
  const extension = extname(path);
  const stem = `${basename(path, extension)}_`;
  return readdirSync(folder)
    .filter((name) => {
      if (!name.startsWith(stem) || !name.endsWith(extension)) return false;
      return /^\d{3,}$/.test(name.slice(stem.length, name.length - extension.length));
    })
    .map((name) => join(dirname(path), name));
}

/** Removes them, so that none outlives a shorter archive of the same name. */
export function removeSegments(path: string): void {
  for (const segment of existingSegments(path)) unlinkSync(segment);
}

/** What is wrong with writing such files there, if anything: the folder, or any that is there already. */
export function segmentProblem(where: string, path: string, isForced: boolean): Problem | undefined {
  const first = newFileProblem(where, segmentPath(path, 0), isForced);
  if (first?.what === "exists already" || !first) {
    const [there] = isForced ? [] : existingSegments(path);
    if (!there) return first;
    const hint = "Choose another name, or --force to remove all its files and begin again.";
    return { where, what: `${basename(there)} exists already`, hint };
  }
  return first;
}
