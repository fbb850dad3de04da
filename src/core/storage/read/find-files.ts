/** From what the user typed (files, folders, patterns) to the files to replay, in order. */
import { readdirSync, statSync } from "node:fs";
import { basename, dirname, extname, join, resolve } from "node:path";
import { OverBudget } from "../../budget.js";
import { codeOf, reason, refusal } from "../../errors.js";
import { nearestName } from "../../option/names.js";
import { formatCount } from "../../units.js";
import { rowOf } from "../claim/row-names.js";
import { expandGlob, isPattern } from "./glob.js";
import { isKnownFormat, isRecordingFolder, knownExtensions } from "./image-formats.js";
import { naturalOrder, undoShellOrder } from "./natural-order.js";

/**
 * Files and folders that are a recording are taken as named, other folders as all their image files in natural order, patterns
 * (when no file has that name) as their matches in natural order. Refuses, with exit code 2: what does not exist, cannot be read, or holds nothing.
 */
export function findFiles(where: string, paths: readonly string[]): readonly string[] {
  const found: string[] = [];
  let isAllFiles = true;
  for (const path of paths) {
    const kind = kindOf(where, path);
    if (kind === "file") found.push(path);
    else {
      isAllFiles = false;
      if (kind === "folder") found.push(...imagesIn(where, path));
      else found.push(...matchesOf(where, path));
    }
  }
  return isAllFiles ? undoShellOrder(found) : found;
}

function kindOf(where: string, path: string): "file" | "folder" | "pattern" {
  try {
    const stats = statSync(path);
    if (stats.isDirectory()) return isRecordingFolder(path) ? "file" : "folder";
    if (stats.isFile()) return "file";
    throw refusal(
      "wrong-kind-of-file",
      `${where}, ${path}`,
      "is neither a file nor a folder",
      "A frame stream is read with --input.",
    );
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === undefined) throw error;
    if (isPattern(path)) return "pattern";
    throw refusal(codeOf(error), `${where}, ${path}`, `cannot be opened (${reason(error)})`, suggestion(path), error);
  }
}

function suggestion(path: string): string {
  const folder = dirname(path);
  try {
    const extension = extname(path);
    const parts = readdirSync(folder).filter((name) => rowOf(name) === basename(path));
    if (parts.length > 0) {
      const pattern = `${path.slice(0, path.length - extension.length)}_*${extension}`;
      return `It was split into ${formatCount(parts.length, "part")}: '${pattern}' replays them as one.`;
    }
    const nearest = nearestName(basename(path), readdirSync(folder));
    return nearest ? `Did you mean ${join(folder, nearest)}?` : `There is no such file in ${inWords(folder)}.`;
  } catch {
    return `The folder ${inWords(folder)} cannot be read either.`;
  }
}

/** A folder within a sentence, where "." and ".." would be its full stop. */
function inWords(folder: string): string {
  return folder.endsWith(".") ? resolve(folder) : folder;
}

function imagesIn(where: string, folder: string): string[] {
  let names: string[];
  try {
    names = readdirSync(folder, { withFileTypes: true })
      .filter((entry) => !entry.name.startsWith("."))
      .filter((entry) => !entry.isDirectory() || isRecordingFolder(join(folder, entry.name)))
      .map((entry) => entry.name);
  } catch (error) {
    throw refusal(
      codeOf(error),
      `${where}, ${folder}`,
      `the folder cannot be read (${reason(error)})`,
      "Check its permissions.",
      error,
    );
  }
  const images = names.filter(isKnownFormat).sort(naturalOrder);
  if (images.length > 0) return images.map((name) => join(folder, name));
  const what = names.length === 0 ? "the folder is empty" : `none of its ${names.length} files is an image`;
  throw refusal("nothing-in-it", `${where}, ${folder}`, what, `Images are files with ${knownExtensions.join(", ")}.`);
}

function matchesOf(where: string, pattern: string): string[] {
  let matches: string[];
  try {
    matches = expandGlob(pattern).filter((path) => statSync(path).isFile() || isRecordingFolder(path));
  } catch (error) {
    if (!(error instanceof OverBudget)) throw error;
    throw refusal(
      "too-large",
      `${where}, ${pattern}`,
      error.message,
      "Begin the pattern with the folder that is meant.",
      error,
    );
  }
  if (matches.length === 0)
    throw refusal(
      "no-such-file",
      `${where}, ${pattern}`,
      "no file matches",
      `There is nothing like it in ${inWords(dirname(pattern))}.`,
    );
  return matches;
}
