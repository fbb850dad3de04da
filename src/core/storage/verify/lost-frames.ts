/** What a file says itself of frames that it does not have. */
import type { LedgerSpan } from "../../model/ledger.js";
import { formatCount } from "../../units.js";
import type { Verification } from "./verification.js";

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

export function noteLost(report: Verification, frames: number): void {
  if (frames > 0) report.note(`${formatCount(frames, "frame")} were lost while recording, as the ledger says`);
}
