/**
 * How the JSON of a TIFF's first page says that the file was finished: the member `end`, null while it grows. It has room from
 * the start, so that the end is said by overwriting a few bytes, on a full disk too. JSON passes over the spaces.
 */
import type { JsonObject } from "../../model/json.js";

/** The totals of a run, as they stand in the file. */
export interface TiffEnd {
  /** Pages. */
  readonly frames: number;
  /** Whether the source was exhausted. */
  readonly isComplete: boolean;
  /** Whether nobody knows what followed the last page: what was recorded or replayed was cut. */
  readonly isCut: boolean;
  /** Frames lost while recording. */
  readonly lost: number;
  /** Of these, frames that came and that the disk refused. */
  readonly notStored: number;
}

const key = '"end":';
/** Four numbers of 16 digits at most, with room for each quote as a reference of XML. */
const roomBytes = 192;

/** The member as the last one of a JSON object, `null` or the totals, in its room. */
export function endMember(end: TiffEnd | null): string {
  return `${key}${JSON.stringify(end && endJson(end))}`.padEnd(roomBytes);
}

export function endJson({ frames, isComplete, isCut, lost, notStored }: TiffEnd): JsonObject {
  return { frames, is_complete: isComplete, is_cut: isCut, lost, not_stored: notStored };
}

/** What a first page's parsed JSON says of the end: undefined where it has no such member, or one that is damaged. */
export function readEnd(json: Readonly<Record<string, unknown>>): TiffEnd | null | undefined {
  const { end } = json;
  if (end === null || end === undefined) return end;
  const { frames, is_complete: isComplete, lost, not_stored: notStored } = end as Record<string, unknown>;
  if (!isCount(frames) || !isCount(lost) || !isCount(notStored) || typeof isComplete !== "boolean") return undefined;
  return { frames, isComplete, isCut: (end as Record<string, unknown>).is_cut === true, lost, notStored };
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
