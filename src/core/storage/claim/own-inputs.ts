/**
 * Whether an output of a run is one of its own inputs, or another of its outputs: by device and number, so that links,
 * descriptors and spellings are seen through. Looked at before anything is opened for writing.
 */
import { type BigIntStats, fstatSync, statSync } from "node:fs";
import { dirname, resolve } from "node:path";
import type { Problem } from "../../errors.js";
import type { UsedFile, UsedFiles } from "../../model/used-files.js";
import { realPath } from "../files.js";
import { rowOf } from "./row-names.js";

interface Found extends UsedFile {
  /** One text for one file; undefined of what is no file or folder, as a pipe. */
  readonly key: string | undefined;
  readonly isFolder: boolean;
}

/** All outputs that are inputs or are given twice; also a file inside of a folder (a Zarr store) that is read or written. */
export function fileConflicts({ reads = [], writes = [] }: UsedFiles): readonly Problem[] {
  if (writes.length === 0) return [];
  const inputs = new Map<string, Found>();
  const foldersOfInputs = new Map<string, Found>();
  const folders = new Set<string>();
  for (const found of reads.map(find)) {
    if (found.key === undefined) continue;
    inputs.set(found.key, found);
    if (found.isFolder) folders.add(found.key);
    for (const above of keysAbove(found, foldersOfInputs)) foldersOfInputs.set(above, found);
  }
  const problems: Problem[] = [];
  const outputs = new Map<string, Found>();
  const rows = new Map(writes.filter(({ isRow }) => isRow).map((row) => [realPath(String(row.file)), row]));
  for (const found of writes.map(find)) {
    const { key, where } = found;
    if (key === undefined) continue;
    const above = [...keysAbove(found)];
    const folder = above.find((one) => folders.has(one));
    const input =
      inputs.get(key) ?? foldersOfInputs.get(key) ?? (folder === undefined ? undefined : inputs.get(folder));
    const row = rowOver(found, rows);
    const twin = outputs.get(key) ?? above.map((one) => outputs.get(one)).find((one) => one?.isFolder);
    if (input) {
      const hint = "Choose another name: a file cannot be read while it is written.";
      problems.push({ code: "own-input", where, what: `is a file that this run reads (${input.where})`, hint });
    } else if (row) {
      const hint = "Choose another name for one of the two.";
      problems.push({
        code: "own-input",
        where,
        what: `is a name that a part of ${row.where} will have, which is split`,
        hint,
      });
    } else if (twin) {
      const hint = "Each file needs a name of its own.";
      problems.push({ code: "own-input", where, what: `is given twice (${twin.where})`, hint });
    }
    outputs.set(key, found);
  }
  return problems;
}

/** The row, another output, that has a file of this name as one of its parts. */
function rowOver({ file, where }: UsedFile, rows: ReadonlyMap<string, UsedFile>): UsedFile | undefined {
  if (rows.size === 0 || typeof file !== "string") return undefined;
  const row = rows.get(rowOf(realPath(file)) ?? "");
  return row?.where === where ? undefined : row;
}

function find(used: UsedFile): Found {
  const stats = statsOf(used.file);
  if (stats) {
    const isFolder = stats.isDirectory();
    return { ...used, key: stats.isFile() || isFolder ? keyOf(stats) : undefined, isFolder };
  }
  return { ...used, key: typeof used.file === "string" ? realPath(used.file) : undefined, isFolder: false };
}

/** Keys of the folders that a named file is in, up to one that is known to be in `known` with all those above it. */
function* keysAbove({ file }: UsedFile, known?: ReadonlyMap<string, unknown>): Generator<string> {
  if (typeof file !== "string") return;
  let folder = dirname(realPath(file));
  for (;;) {
    const stats = statsOf(folder);
    const key = stats && keyOf(stats);
    if (key !== undefined) {
      if (known?.has(key)) return;
      yield key;
    }
    const above = resolve(folder, "..");
    if (above === folder) return;
    folder = above;
  }
}

function statsOf(file: string | number): BigIntStats | undefined {
  try {
    return typeof file === "number" ? fstatSync(file, { bigint: true }) : statSync(file, { bigint: true });
  } catch {
    return undefined;
  }
}

function keyOf({ dev, ino }: BigIntStats): string {
  return `${dev} ${ino}`;
}
