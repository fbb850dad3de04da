/** What `mote inspect` knows of a file's end: by the mark of its format, by what it says of its run, and by a lock beside it. */
import type { RecordedLoss } from "../../model/recorded-loss.js";
import { formatCount } from "../../units.js";
import { holderClause, locksBeside } from "../claim/lock-beside.js";

export interface Ending {
  /** "unknown": nothing in the file says whether it was finished, as in a table of lines. */
  readonly state: "ended" | "cut" | "unknown";
  /** Why it is not all there, why nobody knows, or what its end says besides, as a clause; null where there is nothing to say. */
  readonly why: string | null;
}

const ended: Ending = { state: "ended", why: null };

/** A format's own mark says more than a lock, unless somebody writes just now; `path` is "-" for stdin. */
export function endingOf(path: string, { ending: own }: { readonly ending: Ending }): Ending {
  const lock = path === "-" ? undefined : locksBeside([path])[0];
  if (!lock || own.state === "cut" || (own.state === "ended" && lock.state !== "alive")) return own;
  return { state: "cut", why: holderClause(lock) };
}

/** Of a store that says of itself whether it was closed in order; null: it says nothing, as it is not of Mote. */
export function storeEnding(isComplete: boolean | null, recordedLoss: RecordedLoss | null | undefined): Ending {
  if (isComplete === null) return { state: "unknown", why: "Mote did not write it" };
  return isComplete ? endingByLoss(recordedLoss ?? null) : { state: "cut", why: "it was not closed in order" };
}

/** Of what was closed in order: by what it says of its losses. */
export function endingByLoss(loss: Pick<RecordedLoss, "isCut" | "isComplete" | "notStored"> | null): Ending {
  if (loss?.notStored) return { state: "cut", why: `the disk refused ${formatCount(loss.notStored, "frame")}` };
  if (loss?.isCut) return { state: "cut", why: "what was recorded here had been cut" };
  return loss?.isComplete === false ? { state: "ended", why: "of a run that was ended early" } : ended;
}
