/** Whether a run is the last of its pipeline, which then has the last word, and what it is called. */
import type { PlannedStage } from "../pipeline/negotiate.js";
import { endsInFile } from "../stream/transports/registry.js";

/** Position of the stage, on whatever branch, whose output another program reads as it comes; -1: there is none. */
export function feedingStage(stages: readonly PlannedStage[]): number {
  return stages.findIndex(({ stage, plan }) => stage.feedsReader?.(plan) === true);
}

/** False when its frames go on to another program, which says what became of them. */
export function isEndOfLine(stages: readonly PlannedStage[]): boolean {
  const { stage, plan } = stages.findLast(({ isTap }) => !isTap)!;
  return stage.name !== "stream-out" || endsInFile((plan as { readonly output: string }).output);
}

/** The label of the last stage that is not the stream's way in or out. */
export function ownLabel(stages: readonly PlannedStage[]): string {
  return stages.findLast(({ stage }) => stage.isTransport !== true)?.label ?? "run";
}
