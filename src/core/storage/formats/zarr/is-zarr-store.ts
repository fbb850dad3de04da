import { existsSync, statSync } from "node:fs";
import { join } from "node:path";

const marks = ["zarr.json", ".zgroup", ".zarray"];

/** Whether the path is a folder with the metadata of a Zarr group or array (version 2 or 3). */
export function isZarrStore(path: string): boolean {
  if (!statSync(path, { throwIfNoEntry: false })?.isDirectory()) return false;
  return marks.some((name) => existsSync(join(path, name)));
}
