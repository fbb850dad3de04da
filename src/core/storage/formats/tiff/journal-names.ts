/** Which files of a folder are single TIFFs, and which the journals of their runs, by their names. */
import { readdirSync, statSync } from "node:fs";
import { basename, join } from "node:path";

/** Of single TIFFs, one a frame. */
export const tiffExtensions = [".tif", ".tiff"] as const;

/** How a journal's name ends. */
export const ending = ".tiffs.ndjson";
/** Levels of folders below the one that is named: more than any template's are not looked into. */
const mostDepth = 4;

export function isTiffJournal(name: string): boolean {
  return name.endsWith(ending);
}

/** The journals that a path speaks of: one that is named itself, else those in the folder and in the folders of its templates. */
export function tiffJournalsAt(path: string): readonly string[] {
  if (!statSync(path).isDirectory()) return isTiffJournal(basename(path)) ? [path] : [];
  return journalsIn(path, 0).sort();
}

function journalsIn(folder: string, depth: number): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    if (entry.name.startsWith(".")) return [];
    const path = join(folder, entry.name);
    if (entry.isDirectory())
      return depth < mostDepth && !/\.zarr$/i.test(entry.name) ? journalsIn(path, depth + 1) : [];
    return entry.isFile() && isTiffJournal(entry.name) ? [path] : [];
  });
}

/** TIFFs of a folder that has no journal, by name. */
export function singleTiffs(folder: string): readonly string[] {
  return readdirSync(folder)
    .filter((name) => !name.startsWith(".") && tiffExtensions.some((one) => name.toLowerCase().endsWith(one)))
    .sort();
}
