/** Runs scripted stages on real threads; needs the build (`npm test` builds first). */
import { Held } from "../../../src/core/held.js";
import type { StageReport } from "../../../src/core/model/run-report.js";
import type { RawOptions } from "../../../src/core/option/decode-options.js";
import { Connections } from "../../../src/core/pipeline/connections.js";
import { type FailurePolicy, planRun, type StageRequest } from "../../../src/core/pipeline/negotiate.js";
import type { ThreadSize } from "../../../src/core/pipeline/run-layout.js";
import { type Run, type RunView, startRun } from "../../../src/core/pipeline/run-pipeline.js";
import type { StageDeclaration } from "../../../src/core/pipeline/stage.js";
import type { ThreadMessage, ThreadPlan } from "../../../src/core/pipeline/thread-plan.js";
import { spawnWorker } from "../../../src/core/workers/spawn-worker.js";
import { until } from "../../until.js";
import { world } from "../world.js";

const entry = new URL("./scripted-stages.mjs", import.meta.url);
export const { scripted } = (await import(entry.href)) as { scripted: Record<string, StageDeclaration> };

/** Where a stage stands in a run that is no row. */
type Place = Pick<StageRequest, "from" | "link"> & { readonly label?: string };
/** Name in `scripted`, options, and its place. */
export type Stages = readonly (readonly [string, RawOptions, Place?])[];

/** A run, and promises of what it comes to while it goes. */
export async function start(stages: Stages, onWarning: (text: string) => void = () => {}, onFailure?: FailurePolicy) {
  const requests = stages.map(([name, raw, place]) => ({ stage: scripted[name]!, label: name, raw, ...place }));
  const held = new Held();
  const planned = await planRun(requests, "0", { ...world, holder: held }, onFailure);
  const connections = new Connections(held);
  await connections.connect(planned.stages);
  let view: RunView | undefined;
  const onStart = (begun: RunView) => {
    view = begun;
  };
  const counters = (label: string) => {
    const stageIndex = stages.findIndex(([name]) => name === label);
    const isOwn = (thread: ThreadSize) => thread.stageIndex === stageIndex && thread.part === "serial";
    return view?.shared.counters[view.layout.threads.findIndex(isOwn)];
  };
  const spawn = (plan: ThreadPlan, onMessage: (message: ThreadMessage) => void) =>
    spawnWorker<ThreadMessage>(entry, plan.label, plan, onMessage);
  return {
    ...startRun(planned, { connections, isPoisoning: true, spawn, onStart, onWarning }),
    /** The stage of this name has taken in so many frames. */
    reached: (label: string, frames: number) =>
      until(() => (counters(label)?.in ?? 0) >= frames, { what: `${frames} frames at ${label}` }),
    /** The source of this name waits for its next frame. */
    waits: (label: string) => until(() => counters(label)?.waitingSince !== undefined, { what: `${label} to wait` }),
    /** The source has nowhere to put its next frame. */
    standsStill: () =>
      until(() => view !== undefined && !view.shared.links[0]!.hasRoom, { what: "the first link to fill up" }),
    /** Frames wait on the disk, behind so many links at a time. */
    spilled: (links = 1) =>
      until(() => (view?.shared.overflows.filter((overflow) => (overflow?.frames ?? 0) > 0).length ?? 0) >= links, {
        what: "a frame to spill",
      }),
  };
}

/** What came of a run that did not fail; what failed is thrown. `collected` is what the stage `collect` says of itself. */
export async function outcomeOf(started: Run) {
  const { failure, ...found } = await anyOutcomeOf(started);
  if (failure) throw failure;
  return found;
}

/** The same also of a run that failed. */
export async function anyOutcomeOf(started: Run) {
  const { report, isComplete, quietReason, failure } = await started.outcome;
  const stage = Object.fromEntries(report.stages.map((entry) => [entry.stage, entry])) as Record<string, StageReport>;
  const collected = stage.collect?.summary as unknown as Collected;
  return { report, stage, collected, isComplete, quietReason, failure };
}

/** What the scripted sink says of itself. */
export interface Collected {
  readonly count: number;
  readonly numbers: number[];
  readonly events: unknown[];
  /** How many frames had come each time that it did its upkeep. */
  readonly kept: number[];
  readonly upstream: string[];
  readonly lostUpstream: number | null;
  readonly failureUpstream: string | null;
}

export async function run(...stages: Stages) {
  return outcomeOf(await start(stages));
}

export const numbersTo = (n: number) => Array.from({ length: n }, (_, i) => i);
