/** A stage's counters, put into words when it ends. */
import { defect } from "../errors.js";
import type { JsonObject } from "../model/json.js";
import type { LinkReport, StageReport } from "../model/run-report.js";
import { type MonotonicMs, msSince } from "../time.js";
import type { Outlet } from "./outlet.js";
import { linkInto, type RunLayout } from "./run-layout.js";
import { countersOf } from "./stage-figures.js";
import type { RunShared } from "./thread-shared.js";

export function stageReport(
  label: string,
  stageIndex: number,
  layout: RunLayout,
  shared: RunShared,
  outlet: Outlet,
  startedAt: MonotonicMs,
  summary: JsonObject,
): StageReport {
  const serial = countersOf(layout, shared, stageIndex);
  const own = shared.counters.filter((_, i) => layout.threads[i]!.stageIndex === stageIndex);
  const busyMs = own.reduce((sum, counters) => sum + counters.busyMs, 0);
  const copied = own.reduce((sum, counters) => sum + counters.copied, 0);
  const depth = shared.links[linkInto(layout, stageIndex)]?.depth ?? { now: 0, most: 0 };
  return {
    stage: label,
    in: serial.in,
    out: serial.out,
    dropped: { ...outlet.dropped },
    failed: serial.failed,
    latencyMs: { p50: rounded(serial.latencyMs(0.5)), p99: rounded(serial.latencyMs(0.99)) },
    ageMs: { p50: rounded(serial.ageMs(0.5)), p99: rounded(serial.ageMs(0.99)) },
    queueDepth: depth,
    busyShare: rounded(busyMs / Math.max(1, msSince(startedAt))),
    summary,
    ...(copied > 0 ? { copied } : {}),
  };
}

function rounded(value: number): number {
  return Number(value.toPrecision(3));
}

/** What must hold for every stage and every link of every run that was not aborted. */
export function assertBalance(where: string, report: StageReport | LinkReport): void {
  const dropped = Object.values(report.dropped).reduce((sum, n) => sum + n, 0);
  const failed = "failed" in report ? report.failed : 0;
  if (report.in !== report.out + dropped + failed) {
    const what = `the ledger does not balance: ${report.in} frames in, but ${report.out} out + ${dropped} dropped + ${failed} failed`;
    throw defect(where, what, "the command you ran");
  }
}
