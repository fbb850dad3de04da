/** What a process that was started with --json told of its run when it ended. */
import type { RunReport } from "../../src/core/model/run-report.js";

export interface ToldReport extends RunReport {
  readonly isComplete: boolean;
}

/** In all that it said; undefined when it did not get so far. */
export function toldReport(said: string): ToldReport | undefined {
  const line = said.split("\n").findLast((one) => one.includes('"kind":"report"'));
  return line === undefined ? undefined : (JSON.parse(line) as ToldReport);
}
