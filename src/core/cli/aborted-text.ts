/** The last word on a run that was aborted: what became of every frame, by the counters its threads left. */
import type { PlannedStage } from "../pipeline/negotiate.js";
import type { RunView } from "../pipeline/run-pipeline.js";
import { formatCount } from "../units.js";
import { isEndOfLine, ownLabel } from "./end-of-line.js";

/** Undefined when nothing had been taken. Frames in queues and slots are in nobody's report: they are what is left over. */
export function abortedText({ layout, shared }: RunView, stages: readonly PlannedStage[]): string | undefined {
  const inOrder = layout.threads.flatMap(({ part }, i) =>
    part === "mapper" ? [] : [{ part, of: shared.counters[i]! }],
  );
  const taken = inOrder[0]!.of.in;
  if (taken === 0) return undefined;
  const settled = inOrder.findLast(({ part }) => part === "serial")!.of.out;
  const spooled = shared.overflows.reduce((sum, overflow) => sum + (overflow?.frames ?? 0), 0);
  const lost = inOrder.reduce((sum, { of }) => sum + of.lost + of.failed, 0);
  const harmless = inOrder.reduce((sum, { of }) => sum + of.dropped - of.lost, 0);
  const parts = [
    `${formatCount(taken, "frame")} ${stages[0]!.stage.isTransport ? "came in" : "taken"}`,
    `${settled.toLocaleString("en-US")} ${isEndOfLine(stages) ? "stored" : "sent on"}`,
  ];
  if (spooled > 0) parts.push(`${spooled.toLocaleString("en-US")} in the spool`);
  if (harmless > 0) parts.push(`${harmless.toLocaleString("en-US")} left out`);
  if (lost > 0) parts.push(`${lost.toLocaleString("en-US")} lost before`);
  const onTheirWay = Math.max(0, taken - settled - spooled - lost - harmless);
  const were = onTheirWay === 1 ? "was on its way" : "were on their way";
  return `${ownLabel(stages)}: aborted: ${parts.join(", ")}; lost: ${formatCount(onTheirWay, "frame")} ${were}`;
}
