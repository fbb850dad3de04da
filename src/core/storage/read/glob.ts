/** Patterns for file names, for shells that leave them to us (quotes, Windows): * ? [a-z] {a,b} and ** for folders. */
import { readdirSync, type Stats, statSync } from "node:fs";
import { join, parse } from "node:path";
import { Budget } from "../../budget.js";
import { type NamePattern, namePattern } from "./name-pattern.js";
import { naturalOrder } from "./natural-order.js";

/** Names that are looked at for one pattern, at most: more is a whole disk. */
const mostNames = 2_000_000;

export function isPattern(path: string): boolean {
  return /[*?[{]/.test(path);
}

/** A part of a pattern: a name as it stands, what names have to match, or any number of folders. */
type Segment = string | NamePattern | "**";

/**
 * Files and folders that match, in natural order; hidden names only where the pattern begins with a dot. Every folder is
 * looked through once, however many ways the pattern has to get there, and ** follows no symbolic links. Throws an
 * OverBudget when there are too many names to look at.
 */
export function expandGlob(pattern: string): string[] {
  const { root } = parse(pattern);
  const segments = pattern
    .slice(root.length)
    .split(/[\\/]+/)
    .filter((segment) => segment !== "" && segment !== ".")
    .map((segment): Segment => (segment !== "**" && isPattern(segment) ? namePattern(segment) : segment));
  const found = new Set<string>();
  walk(root, new Set([0]), segments, found, new Budget("names", mostNames));
  return [...found].sort(naturalOrder);
}

/** `places`: how many segments are behind us, for each way in which the pattern got to this folder. */
function walk(
  folder: string,
  places: ReadonlySet<number>,
  segments: readonly Segment[],
  found: Set<string>,
  budget: Budget,
) {
  const open = new Set<number>();
  for (const place of places) {
    // Any number of folders may be none.
    let at = place;
    for (open.add(at); segments[at] === "**"; open.add(at)) at++;
  }
  if (open.has(segments.length) && folder !== "") found.add(folder);
  /** Places in the folders and files below, by name. */
  const below = new Map<string, Set<number>>();
  const enter = (name: string, place: number) => {
    const known = below.get(name);
    if (known) known.add(place);
    else below.set(name, new Set([place]));
  };
  const listed = [...open].some(
    (at) => at < segments.length && (segments[at] === "**" || typeof segments[at] !== "string"),
  );
  const entries = listed ? list(folder) : [];
  budget.take(entries.length);
  for (const at of open) {
    const segment = segments[at];
    if (segment === undefined) continue;
    if (segment === "**") {
      for (const { name, isFolder } of entries) if (isFolder && !name.startsWith(".")) enter(name, at);
    } else if (typeof segment === "string") enter(segment, at + 1);
    else for (const { name } of entries) if (segment.test(name)) enter(name, at + 1);
  }
  for (const [name, ways] of below) {
    const path = join(folder, name);
    const stats = statsOf(path);
    if (!stats) continue;
    if (stats.isDirectory()) walk(path, ways, segments, found, budget);
    else if (ways.has(segments.length)) found.add(path);
  }
}

/** Undefined for what is not there, and for links that lead nowhere or in circles. */
function statsOf(path: string): Stats | undefined {
  try {
    return statSync(path);
  } catch {
    return undefined;
  }
}

/** `isFolder` is true of a folder itself, not of a link to one. */
function list(folder: string): { name: string; isFolder: boolean }[] {
  try {
    const entries = readdirSync(folder || ".", { withFileTypes: true });
    return entries.map((entry) => ({ name: entry.name, isFolder: entry.isDirectory() }));
  } catch {
    return [];
  }
}
