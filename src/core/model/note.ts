/** A note: what somebody says of a run, at its start or in the middle of it; it travels between two frames as an event. */
import type { StreamEvent } from "./event.js";
import { isJsonObject, parseJson } from "./json.js";

/** A note before it has a place in the stream. */
export interface Note {
  readonly text: string;
  /** When it was said, ISO 8601, UTC. */
  readonly at: string;
  /** Of a note that says what something is, `sample=mouse 3`: its two sides. */
  readonly key?: string;
  readonly value?: string;
}

/** Characters that a note may have. */
export const mostNoteLength = 1000;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

export function encodeNote(note: Note): Uint8Array {
  return encoder.encode(JSON.stringify(note));
}

/** The event of a note that was encoded; `frame`: the number of the frame that it stands before, null behind the last. */
export function noteEvent(encoded: Uint8Array, frame: number | null): StreamEvent {
  const note = parseJson(decoder.decode(encoded));
  if (!isJsonObject(note)) throw new Error("a note is an object");
  return { event: "note", text: String(note.text), ...note, frame };
}
