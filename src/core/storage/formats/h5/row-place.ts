/**
 * Where a file stands in the row of a split archive, as it says itself, and which of its neighbours are not there: one whose
 * name another part or another run's file has is not.
 */
import { existsSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { MoteError } from "../../../errors.js";
import type { RecordingPart } from "../../../imaging/image-file.js";
import { type H5Reader, openH5Reader } from "./h5-reader.js";
import { archiveOf, neighbourOf } from "./segment-names.js";

/** Undefined of a file that is no part of a row. */
export async function rowPlaceOf(file: H5Reader, path: string): Promise<RecordingPart | undefined> {
  const told = file.attribute("/metadata", "segment_index");
  if (told === null) return undefined;
  const index = Number(told);
  const neighbour = (name: string, offset: -1 | 1) => {
    const recorded = file.attribute("/metadata", name);
    if (typeof recorded !== "string" || recorded === "") return undefined;
    return { recorded, path: neighbourOf(path, index, offset) ?? join(dirname(path), basename(recorded)) };
  };
  const row = rowIn(file);
  const missing = async (found: { readonly path: string } | undefined, at: number) => {
    if (!found) return null;
    if (!existsSync(found.path)) return basename(found.path);
    return (await isPart(found.path, row, at)) ? null : `${basename(found.path)} (another file has its name)`;
  };
  const [before, behind] = [neighbour("previous_file", -1), neighbour("next_file", 1)];
  return {
    recording: archiveOf(path, index) ?? join(dirname(path), rowOfName(before?.recorded ?? behind?.recorded ?? path)),
    index,
    row,
    missingBefore: await missing(before, index - 1),
    missingBehind: await missing(behind, index + 1),
  };
}

/** What the parts of one row have alone: null in files written before they said so. */
function rowIn(file: H5Reader): string | null {
  const row = file.attribute("/metadata", "row_id");
  return typeof row === "string" && row !== "" ? row : null;
}

/** Whether a file is that part of that row; of one that cannot be read its own verification tells. */
async function isPart(path: string, row: string | null, index: number): Promise<boolean> {
  let file: H5Reader;
  try {
    file = await openH5Reader(path);
  } catch (error) {
    if (error instanceof MoteError) return true;
    throw error;
  }
  try {
    const own = rowIn(file);
    return Number(file.attribute("/metadata", "segment_index") ?? -1) === index && (row === null || own === row);
  } catch (error) {
    if (error instanceof MoteError) return true;
    throw error;
  } finally {
    file.close();
  }
}

/** A part that was renamed is known by the names of the row that it recorded. */
function rowOfName(name: string): string {
  return basename(name).replace(/_\d{3,}(\.[^.]*)$/, "$1");
}
