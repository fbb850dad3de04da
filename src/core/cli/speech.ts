/** How a run is spoken to: the options of every run, decoded. */
import type { Note } from "../model/note.js";
import { epochNow, isoText } from "../time.js";

/** Where it listens; "none": nowhere. */
export type ControlPlace = "none" | { readonly path: string };

/** `--note sample=mouse 3`. */
export interface RunNote {
  readonly key: string;
  readonly value: string;
}

export interface Speech {
  readonly name: string | undefined;
  readonly control: ControlPlace | undefined;
  readonly notes: readonly RunNote[];
}

/** What is noted down before the first frame. */
export function openingNotes({ notes }: Speech): readonly Note[] {
  const at = isoText(epochNow());
  return notes.map(({ key, value }) => ({ text: `${key}=${value}`, at, key, value }));
}
