/** Which format a file or folder is of, for those who verify it or get it back. */
import { closeSync, readSync, statSync } from "node:fs";
import { basename } from "node:path";
import { type MoteError, refusal } from "../errors.js";
import { explained } from "../imaging/explained.js";
import { formatCount } from "../units.js";
import { openFile } from "./bounded-file.js";
import { extensionOf } from "./extension.js";
import type { Appearance, Format } from "./formats/format.js";
import { formats } from "./formats/registry.js";

/** Looks at a path; a refusal when there is nothing that could be read. */
export function appearanceOf(where: string, path: string): Appearance {
  const name = path.replace(/[/\\]+$/, "") || path;
  try {
    if (statSync(path).isDirectory()) {
      return { path, isFolder: true, extension: extensionOf(name), head: new Uint8Array(0) };
    }
    const fd = openFile(path);
    try {
      const bytes = new Uint8Array(16);
      return { path, isFolder: false, extension: extensionOf(name), head: bytes.subarray(0, readSync(fd, bytes)) };
    } finally {
      closeSync(fd);
    }
  } catch (error) {
    throw explained(where, error, refusal);
  }
}

/** The files that a name stands for: itself, or the parts of a recording of which nothing has the name itself. */
export async function filesOf(path: string): Promise<readonly string[]> {
  for (const format of formats) {
    const parts = (await format.parts?.(path)) ?? [];
    if (parts.length > 0) return parts;
  }
  return [path];
}

/** For who wants one file and is given the name of a row of them. */
export function standsForParts(where: string, parts: readonly string[]): MoteError {
  const range = parts.length === 1 ? parts[0]! : `${parts[0]} to ${basename(parts.at(-1)!)}`;
  const what = `is no file of its own: it was split into ${formatCount(parts.length, "part")}, ${range}`;
  return refusal("wrong-kind-of-file", where, what, "Name one of the parts.");
}

/** The format of a file or folder: by its name, else by its first bytes; a refusal when it is none that is known. */
export function formatOf(where: string, path: string): Format {
  const file = appearanceOf(where, path);
  const named = formats.filter((format) => format.isNamed(file));
  if (named.length > 1 && file.isFolder) {
    const journals = named.flatMap((format) => format.locked?.(path) ?? []);
    throw refusal(
      "choice-needed",
      where,
      `holds the files of several runs: a ${named.map(({ name }) => name).join(" and a ")}`,
      `Name their journals, one after the other: ${journals.slice(0, 8).join(", ")}`,
    );
  }
  const found = named[0] ?? formats.find((format) => format.isContained(file));
  if (found) return found;
  throw refusal(
    "wrong-format",
    where,
    file.isFolder ? "the folder has no journal and is no archive" : "is no archive that Mote knows",
    `Known are ${[...new Set(formats.map(({ name }) => name))].join(", ")}.`,
  );
}

/** "run.recovered.mote" for "run.mote", "jxl.recovered" for a folder: where a recovery goes when nobody says. */
export function recoveredName(path: string): string {
  const name = path.replace(/[/\\]+$/, "") || path;
  for (const format of formats) {
    const stem = format.recoveredStem?.(name);
    if (stem !== undefined) return `${stem}.recovered`;
  }
  const extension = /(?<=[^/\\])(\.ome)?\.[^./\\]+$/i.exec(name)?.[0] ?? "";
  return `${name.slice(0, name.length - extension.length)}.recovered${extension}`;
}
