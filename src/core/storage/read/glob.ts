/** Patterns for file names, for shells that leave them to us (quotes, Windows): * ? [a-z] {a,b} and ** for folders. */
import { readdirSync } from "node:fs";
import { join, parse } from "node:path";
import { naturalOrder } from "./natural-order.js";

export function isPattern(path: string): boolean {
  return /[*?[{]/.test(path);
}

/** Files and folders that match, in natural order; hidden names only where the pattern begins with a dot. */
export function expandGlob(pattern: string): string[] {
  const { root } = parse(pattern);
  const segments = pattern
    .slice(root.length)
    .split(/[\\/]+/)
    .filter((segment) => segment !== "" && segment !== ".");
  return match(root, segments).sort(naturalOrder);
}

function match(folder: string, segments: readonly string[]): string[] {
  const [segment, ...rest] = segments;
  if (segment === undefined) return [folder];
  if (!isPattern(segment)) return match(join(folder, segment), rest).filter((path) => rest.length > 0 || exists(path));
  if (segment === "**") {
    const below = list(folder).filter((entry) => entry.isFolder && !entry.name.startsWith("."));
    return [...match(folder, rest), ...below.flatMap((entry) => match(join(folder, entry.name), segments))];
  }
  const test = segmentTest(segment);
  return list(folder)
    .filter((entry) => test.test(entry.name) && (rest.length === 0 || entry.isFolder))
    .flatMap((entry) => match(join(folder, entry.name), rest));
}

function exists(path: string): boolean {
  const { dir, base } = parse(path);
  return list(dir).some((entry) => entry.name === base);
}

function list(folder: string): { name: string; isFolder: boolean }[] {
  try {
    const entries = readdirSync(folder || ".", { withFileTypes: true });
    return entries.map((entry) => ({ name: entry.name, isFolder: entry.isDirectory() || entry.isSymbolicLink() }));
  } catch {
    return [];
  }
}

/** One path segment of a pattern as a regular expression over a whole name. */
export function segmentTest(segment: string): RegExp {
  let source = segment.startsWith(".") ? "^" : "^(?!\\.)";
  let depth = 0;
  for (let at = 0; at < segment.length; at++) {
    const letter = segment[at]!;
    const close = letter === "[" ? segment.indexOf("]", at + 2) : -1;
    if (letter === "*") source += ".*";
    else if (letter === "?") source += ".";
    else if (close > 0) {
      const set = segment
        .slice(at + 1, close)
        .replace(/^!/, "^")
        .replaceAll("\\", "\\\\");
      source += `[${set}]`;
      at = close;
    } else if (letter === "{" && segment.indexOf("}", at) > 0) {
      source += "(?:";
      depth++;
    } else if (letter === "}" && depth > 0) {
      source += ")";
      depth--;
    } else if (letter === "," && depth > 0) source += "|";
    else source += letter.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  }
  return new RegExp(`${source}$`);
}
