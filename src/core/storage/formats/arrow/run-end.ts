/** What a table of Mote's says of its run: the note behind the last batch, and the mark of the end. */

import { isJsonObject, type JsonValue } from "../../../model/json.js";
import { cutRecording, type RecordedLoss } from "../../../model/recorded-loss.js";
import { type ArrowContent, noteOf } from "./messages.js";
import { noteKeys } from "./schema.js";

export interface RunEnd extends RecordedLoss {
  readonly frames: number | null;
}

/** Of a table that was not closed, or whose end cannot be believed: cut. */
export function runEnd({ batches, ending }: ArrowContent): RunEnd {
  const note = noteOf(batches.at(-1)?.notes.get(noteKeys.end));
  if (ending !== "end" || !isJsonObject(note as JsonValue | undefined)) {
    return { ...cutRecording, frames: null };
  }
  const { isCut, isComplete, lost, reasons, notStored, frames } = note as Readonly<Record<string, JsonValue>>;
  return {
    isCut: isCut === true,
    isComplete: isComplete === true,
    lost: typeof lost === "number" ? lost : null,
    reasons: Array.isArray(reasons) ? reasons.filter((reason) => typeof reason === "string") : [],
    ...(typeof notStored === "number" && notStored > 0 && { notStored }),
    frames: typeof frames === "number" ? frames : null,
  };
}
