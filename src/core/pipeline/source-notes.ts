/** Notes that come from outside while a run goes on: told where the stream begins, between two frames, so that they travel with them. */
import { noteEvent } from "../model/note.js";
import type { Outlet } from "./outlet.js";
import type { RunShared } from "./thread-shared.js";

interface Notes {
  readonly shared: Pick<RunShared, "mailbox">;
  readonly outlet: Pick<Outlet, "event">;
}

/** Tells the notes that wait, before the frame of this number; null: behind the last one. */
export function tellNotes({ shared, outlet }: Notes, frame: number | null): void {
  for (let note = shared.mailbox.take(); note; note = shared.mailbox.take()) outlet.event(noteEvent(note, frame));
}

/** The last frame has gone: tells what still waits, and no note is taken any more. */
export function endNotes(notes: Notes): void {
  do tellNotes(notes, null);
  while (!notes.shared.mailbox.close());
}
