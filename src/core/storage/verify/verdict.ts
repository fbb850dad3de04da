/** The four words that a verification ends in, from the best to the worst, and the exit code of each. */
import type { ExitCode } from "../../errors.js";

/**
 * - whole: everything was checked, and is right
 * - unchecked: what can be checked is right, and something cannot be known: no checksum, no mark of an end
 * - incomplete: readable with loss; what is there is intact
 * - damaged: bytes are not those that were written
 */
export const verdicts = ["whole", "unchecked", "incomplete", "damaged"] as const;
export type Verdict = (typeof verdicts)[number];

export const exitCodeOf: Readonly<Record<Verdict, ExitCode>> = { whole: 0, unchecked: 0, incomplete: 3, damaged: 1 };

/** The verdict on several files is the worst of theirs. */
export function worstOf(found: readonly Verdict[]): Verdict {
  return verdicts.findLast((verdict) => found.includes(verdict)) ?? "whole";
}
