/** The serial part of a stage's work: a source that fills frames, or a transform or sink that takes them in order. */
import type { Taken } from "../memory/link.js";
import { slotKind } from "../memory/slot-layout.js";
import type { StageCounters } from "../memory/stage-counters.js";
import type { JsonObject } from "../model/json.js";
import type { EndOfStream } from "../model/run-report.js";
import { longAgo, type MonotonicMs, msBetween, msSince, now } from "../time.js";
import { readEvent } from "./event-slot.js";
import { linkFullReason, type Outlet } from "./outlet.js";
import type { RunLayout } from "./run-layout.js";
import type { FlowInstance, SourceInstance, StageContext } from "./stage.js";
import { stageReport } from "./stage-report.js";
import type { ThreadPlan } from "./thread-plan.js";
import type { RunShared } from "./thread-shared.js";

export interface SerialRun {
  readonly plan: ThreadPlan;
  readonly layout: RunLayout;
  readonly shared: RunShared;
  readonly outlet: Outlet;
  readonly counters: StageCounters;
  readonly context: StageContext;
  readonly startedAt: MonotonicMs;
}

/** Runs a source to its end; undefined when the run was aborted. */
export async function runSource(source: SourceInstance, run: SerialRun): Promise<EndOfStream | undefined> {
  const { shared, outlet, counters } = run;
  const { pool, control } = shared;
  const isRelay = source.upstreamEnd !== undefined;
  let wasInterrupted = false;
  for (;;) {
    // A relay is asked even while draining: the process before us was interrupted too and is about to say its last word.
    if (control.isStopped || (control.isDraining && !isRelay)) {
      wasInterrupted = true;
      break;
    }
    const frame = pool.acquire(control);
    if (!frame) return undefined;
    const before = now();
    counters.waitingSince = before;
    let outcome = source.next(frame);
    if (outcome instanceof Promise) outcome = await outcome;
    counters.waitingSince = undefined;
    counters.countBusy(msSince(before));
    if (outcome === "end") {
      pool.release(frame.slot);
      break;
    }
    frame.enteredAt = now();
    counters.countIn();
    if (frame.rowCount > 0) counters.countDetections(frame.rowCount);
    if (!outlet.frame(frame)) return undefined;
  }
  if (control.isAborted) return undefined;
  const upstream = source.upstreamEnd?.();
  return finish(run, source.summary?.() ?? {}, {
    isComplete: (upstream?.isComplete ?? true) && !wasInterrupted,
    lost: upstream?.lost ?? 0,
    stages: upstream?.stages ?? [],
  });
}

/** Runs a transform or sink until the stage before it has ended; undefined when the run was aborted. */
export async function runFlow(flow: FlowInstance, run: SerialRun): Promise<EndOfStream | undefined> {
  const { shared, outlet, counters } = run;
  const { pool, control } = shared;
  const { stageIndex } = run.layout.threads[run.plan.threadIndex]!;
  const link = shared.links[stageIndex - 1]!;
  const taken: Taken = { slot: 0, droppedCount: 0, droppedFirst: 0, pushedAt: longAgo };
  const upstreamLabel = run.plan.input.producedBy.at(-1)?.stage ?? "source";
  while (link.take(taken, control)) {
    const frame = pool.frame(taken.slot);
    if (taken.droppedCount > 0) {
      const drop = {
        event: "drop",
        stage: upstreamLabel,
        firstFrame: taken.droppedFirst,
        count: taken.droppedCount,
        reason: linkFullReason,
      } as const;
      await flow.event?.(drop);
      outlet.event(drop);
    }
    const before = now();
    if (frame.kind === slotKind.event) {
      const event = readEvent(frame);
      pool.release(frame.slot);
      if (event.event === "end") {
        const { event: _, ...end } = event as { event: "end" } & EndOfStream;
        if (control.isAborted) return undefined;
        await flow.flush?.(end);
        counters.countBusy(msSince(before));
        return finish(run, flow.summary?.() ?? {}, end);
      }
      await flow.event?.(event);
      outlet.event(event);
      continue;
    }
    counters.countIn();
    let verdict = flow.push(frame);
    if (verdict instanceof Promise) verdict = await verdict;
    const after = now();
    counters.countBusy(msBetween(before, after));
    counters.countLatency(msBetween(taken.pushedAt, after));
    counters.countAge(msBetween(frame.enteredAt, after));
    if (frame.rowCount > 0) counters.countDetections(frame.rowCount);
    if (verdict === "held") continue;
    if (verdict && "failed" in verdict) {
      run.context.warn(`frame ${frame.header.frameNumber} failed: ${verdict.failed}`);
      pool.release(frame.slot);
      counters.countFailed();
    } else if (verdict) {
      pool.release(frame.slot);
      outlet.drop(1, verdict.drop);
    } else if (!outlet.frame(frame)) return undefined;
  }
  return undefined;
}

/** The stage's report joins those of the stages before it and goes on with the end. */
function finish(run: SerialRun, summary: JsonObject, before: EndOfStream): EndOfStream {
  const { stageIndex } = run.layout.threads[run.plan.threadIndex]!;
  const own = stageReport(run.plan.label, stageIndex, run.layout, run.shared, run.outlet, run.startedAt, summary);
  const end: EndOfStream = {
    isComplete: before.isComplete,
    lost: before.lost + run.counters.lost + own.failed,
    stages: [...before.stages, own],
  };
  run.outlet.end(end);
  return end;
}
