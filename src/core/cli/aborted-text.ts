/** The last word on a run that was aborted: what became of every frame, by the counters its threads left. */
import type { PlannedStage } from "../pipeline/negotiate.js";
import type { RunView } from "../pipeline/run-pipeline.js";
import { type PathFigures, pathFigures } from "../pipeline/stage-figures.js";
import { formatCount } from "../units.js";
import { isEndOfLine, ownLabel } from "./end-of-line.js";

/** A sentence for every sink; undefined when nothing had been taken. */
export function abortedText({ layout, shared, labels }: RunView, stages: readonly PlannedStage[]): string | undefined {
  const sinks = layout.sinksBehind[0]!;
  const sentences = sinks.map((sink) => {
    const figures = pathFigures(layout, shared, sink);
    return sentence(sinks.length === 1 ? ownLabel(stages) : labels[sink]!, figures, stages);
  });
  return pathFigures(layout, shared, sinks[0]!).taken === 0 ? undefined : sentences.join("\n");
}

function sentence(label: string, figures: PathFigures, stages: readonly PlannedStage[]): string {
  const { taken, settled, spooled, lost, leftOut, onTheirWay } = figures;
  const parts = [
    `${formatCount(taken, "frame")} ${stages[0]!.stage.isTransport ? "came in" : "taken"}`,
    `${settled.toLocaleString("en-US")} ${isEndOfLine(stages) ? "stored" : "sent on"}`,
  ];
  if (spooled > 0) parts.push(`${spooled.toLocaleString("en-US")} in the spool`);
  if (leftOut > 0) parts.push(`${leftOut.toLocaleString("en-US")} left out`);
  if (lost > 0) parts.push(`${lost.toLocaleString("en-US")} lost before`);
  const were = onTheirWay === 1 ? "was on its way" : "were on their way";
  return `${label}: aborted: ${parts.join(", ")}; lost: ${formatCount(onTheirWay, "frame")} ${were}`;
}
