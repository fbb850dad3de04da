/** Where a file stands in the row of a split archive, as it says itself, and which of its neighbours are not there. */
import { existsSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import type { RecordingPart } from "../../../imaging/image-file.js";
import type { H5Reader } from "./h5-reader.js";
import { archiveOf, neighbourOf } from "./segment-names.js";

/** Undefined of a file that is no part of a row. */
export function rowPlaceOf(file: H5Reader, path: string): RecordingPart | undefined {
  const told = file.attribute("/metadata", "segment_index");
  if (told === null) return undefined;
  const index = Number(told);
  const neighbour = (name: string, offset: -1 | 1) => {
    const recorded = file.attribute("/metadata", name);
    if (typeof recorded !== "string" || recorded === "") return undefined;
    return { recorded, path: neighbourOf(path, index, offset) ?? join(dirname(path), basename(recorded)) };
  };
  const missing = (found: { readonly path: string } | undefined) =>
    found && !existsSync(found.path) ? basename(found.path) : null;
  const [before, behind] = [neighbour("previous_file", -1), neighbour("next_file", 1)];
  return {
    recording: archiveOf(path, index) ?? join(dirname(path), rowOfName(before?.recorded ?? behind?.recorded ?? path)),
    index,
    missingBefore: missing(before),
    missingBehind: missing(behind),
  };
}

/** A part that was renamed is known by the names of the row that it recorded. */
function rowOfName(name: string): string {
  return basename(name).replace(/_\d{3,}(\.[^.]*)$/, "$1");
}
