/** What `mote inspect` knows of a file's end: by the mark of its format, by what it says of its run, and by a lock beside it. */
import { lossOfEnd, type RecordedLoss } from "../model/recorded-loss.js";
import { formatCount } from "../units.js";
import { holderClause, locksBeside } from "./claim/lock-beside.js";
import type { FileDescription } from "./inspect-file.js";

export interface Ending {
  /** "unknown": nothing in the file says whether it was finished, as in a table of lines. */
  readonly state: "ended" | "cut" | "unknown";
  /** Why it is not all there, why nobody knows, or what its end says besides, as a clause; null where there is nothing to say. */
  readonly why: string | null;
}

const ended: Ending = { state: "ended", why: null };

/** A format's own mark says more than a lock, unless somebody writes just now; `path` is "-" for stdin. */
export function endingOf(path: string, description: FileDescription): Ending {
  const own = ownEnding(description);
  const lock = path === "-" ? undefined : locksBeside([path])[0];
  if (!lock || own.state === "cut" || (own.state === "ended" && lock.state !== "alive")) return own;
  return { state: "cut", why: holderClause(lock) };
}

function ownEnding(description: FileDescription): Ending {
  switch (description.kind) {
    case "stream": {
      const { fault, end } = description.facts;
      if (fault !== null) return { state: "cut", why: fault };
      return byLoss(end && { ...lossOfEnd(end), ...(end.notStored && { notStored: end.notStored }) });
    }
    case "hdf5":
    case "zarr": {
      const { isComplete, recordedLoss } = description.facts;
      if (isComplete === null) return { state: "unknown", why: "Mote did not write it" };
      return isComplete ? byLoss(recordedLoss ?? null) : { state: "cut", why: "it was not closed in order" };
    }
    case "table": {
      const { isWhole, run } = description.facts;
      if (!isWhole) return { state: "cut", why: "the last line was cut" };
      if (!run) return { state: "unknown", why: "a table does not say whether it was finished" };
      return run.isClosed ? byLoss(run.recordedLoss) : { state: "cut", why: "the run was cut" };
    }
    case "images": {
      const { recordedLoss } = description.facts;
      return recordedLoss ? byLoss(recordedLoss) : { state: "unknown", why: "it does not say whether it was finished" };
    }
  }
}

function byLoss(loss: Pick<RecordedLoss, "isCut" | "isComplete" | "notStored"> | null): Ending {
  if (loss?.notStored) return { state: "cut", why: `the disk refused ${formatCount(loss.notStored, "frame")}` };
  if (loss?.isCut) return { state: "cut", why: "what was recorded here had been cut" };
  return loss?.isComplete === false ? { state: "ended", why: "of a run that was ended early" } : ended;
}
