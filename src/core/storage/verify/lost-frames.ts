/** What a file says itself of frames that it does not have. */
import type { LedgerSpan } from "../../model/ledger.js";
import type { RecordedLoss } from "../../model/recorded-loss.js";
import { formatCount } from "../../units.js";
import type { Verification } from "./verification.js";

/** Of a recording of Mote whose ledger is gone. */
export const noLedger = "there is no ledger, and what was lost is not known";

/** Rows of a ledger: how many there are, of stored frames, and the frames that are lost by them. */
export function countFates(ledger: Iterable<LedgerSpan>): { rows: number; stored: number; lost: number } {
  const counts = { rows: 0, stored: 0, lost: 0 };
  for (const { fate, count } of ledger) {
    counts.rows++;
    if (fate === "stored") counts.stored++;
    // The second copy of a frame is no loss.
    else if (fate !== "duplicate") counts.lost += count;
  }
  return counts;
}

/** What a run's end says of it: that it was ended early, which loses nothing, or that what it read had been cut: it is not all there. */
export function noteUnfinished(
  report: Verification,
  { isCut, isComplete }: Pick<RecordedLoss, "isCut" | "isComplete">,
): void {
  if (isCut) {
    const what = "what was recorded here had been cut: what followed the last frame is unknown";
    report.missing("completeness", what, { code: "recording-cut" });
  } else if (!isComplete) report.note("the run was ended before its source was");
}

export function noteLost(report: Verification, frames: number): void {
  if (frames > 0) report.note(`${formatCount(frames, "frame")} lost while recording, as the ledger says`);
}
