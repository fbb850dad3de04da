/** Runs scripted stages on real threads; needs the build (`npm test` builds first). */
import type { StageReport } from "../../../src/core/model/run-report.js";
import type { RawOptions } from "../../../src/core/option/decode-options.js";
import { planRun } from "../../../src/core/pipeline/negotiate.js";
import { type Run, startRun } from "../../../src/core/pipeline/run-pipeline.js";
import type { StageDeclaration } from "../../../src/core/pipeline/stage.js";
import type { ThreadMessage, ThreadPlan } from "../../../src/core/pipeline/thread-plan.js";
import { spawnWorker } from "../../../src/core/workers/spawn-worker.js";

const entry = new URL("./scripted-stages.mjs", import.meta.url);
const { scripted } = (await import(entry.href)) as { scripted: Record<string, StageDeclaration> };

type Stages = readonly (readonly [string, RawOptions])[];

/** A run, and a promise of the moment when its threads are going. */
export async function start(stages: Stages, onWarning: (text: string) => void = () => {}) {
  const requests = stages.map(([name, raw]) => ({ stage: scripted[name]!, label: name, raw }));
  const planned = await planRun(requests, "0");
  let onStart = () => {};
  const going = new Promise<void>((resolve) => {
    onStart = resolve;
  });
  const spawn = (plan: ThreadPlan, onMessage: (message: ThreadMessage) => void) =>
    spawnWorker<ThreadMessage>(entry, plan.label, plan, onMessage);
  return { ...startRun(planned, { spawn, onStart, onWarning }), going };
}

/** What came of a run; `collected` is what the stage `collect` says of itself. */
export async function outcomeOf(started: Run) {
  const { report, isComplete, quietReason } = await started.outcome;
  const stage = Object.fromEntries(report.stages.map((entry) => [entry.stage, entry])) as Record<string, StageReport>;
  const collected = stage.collect?.summary as {
    count: number;
    numbers: number[];
    events: unknown[];
    upstream: string[];
  };
  return { report, stage, collected, isComplete, quietReason };
}

export async function run(...stages: Stages) {
  return outcomeOf(await start(stages));
}

export const numbersTo = (n: number) => Array.from({ length: n }, (_, i) => i);
