/**
 * Names that stand beside a file while it is written; docs/formats.md lists them and says when they go. One rule: hidden names
 * (`.NAME.kind`) are Mote's own and hold nothing that is missed; a name that may hold frames is seen (`NAME.partial.ext`).
 */
import { createHash } from "node:crypto";
import { basename, dirname, join } from "node:path";

/** Bytes that a name may have on the file systems of today (NAME_MAX). */
const mostNameBytes = 255;

/** What a hidden name beside a file is for. */
export type Beside = "lock" | "part" | "partial" | "text" | "repaired" | "undo" | "replaced";

/** `.NAME.kind` in the same folder; a name that would get too long is cut and told apart by a checksum. */
export function besideName(path: string, kind: Beside): string {
  return join(dirname(path), fitted(`.${basename(path)}`, `.${kind}`));
}

/** The name that `besideName` was given, where it could keep it; undefined for other names. */
export function besideTarget(name: string, kind: Beside): string | undefined {
  const ending = `.${kind}`;
  return name.startsWith(".") && name.endsWith(ending) && name.length > ending.length + 1
    ? name.slice(1, -ending.length)
    : undefined;
}

const extension = /(?:\.ome)?\.[^.]*$/i;

/**
 * Where a file that replaces another grows until it is complete: `run.h5` in `run.partial.h5`, the `count`-th of that name in
 * `run.partial-2.h5`. It keeps its extension, so that every program, `mote recover` included, knows what it is.
 */
export function growingName(path: string, count = 1): string {
  const name = basename(path);
  const ending = extension.exec(name)?.[0] ?? "";
  const mark = count === 1 ? ".partial" : `.partial-${count}`;
  return join(dirname(path), fitted(name.slice(0, name.length - ending.length), `${mark}${ending}`));
}

function fitted(stem: string, ending: string): string {
  if (Buffer.byteLength(stem + ending) <= mostNameBytes) return stem + ending;
  const mark = `~${createHash("sha256").update(stem).digest("hex").slice(0, 12)}`;
  let kept = "";
  let room = mostNameBytes - Buffer.byteLength(mark + ending);
  for (const letter of stem) {
    room -= Buffer.byteLength(letter);
    if (room < 0) break;
    kept += letter;
  }
  return `${kept}${mark}${ending}`;
}
