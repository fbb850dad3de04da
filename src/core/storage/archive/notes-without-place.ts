/** Notes that somebody made of a run (model/note.ts), where a container has no place for them: the user is told. */
import type { StreamEvent } from "../../model/event.js";

/** Hears every event; warns of the first note when there are files that cannot keep it. */
export function notesWithoutPlace(
  paths: readonly string[],
  warn: (text: string) => void,
): (event: StreamEvent) => void {
  let isTold = paths.length === 0;
  return (event) => {
    if (isTold || event.event !== "note" || event.at === undefined) return;
    isTold = true;
    const has = paths.length === 1 ? "has" : "have";
    warn(
      `${paths.join(", ")} ${has} no place for notes, as the one made at ${event.at}; a .mote, .ndjson or .arrow file beside keeps them`,
    );
  };
}
