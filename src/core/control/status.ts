/** What a run says of itself when it is asked; docs/control.md names every field. */
import { type JsonObject, plainJson } from "../model/json.js";
import { takeSnapshot } from "../pipeline/snapshot.js";
import { countersOf } from "../pipeline/stage-figures.js";
import { epochOf, isoText, msSince, wallOffset } from "../time.js";
import type { SpokenRun } from "./request.js";

/** Of the protocol: goes up when what a client may rely on changes. */
const protocol = 1;

export function statusOf(run: SpokenRun): JsonObject {
  const { view, name, version } = run;
  const { control } = view.shared;
  const { stages, ...now } = takeSnapshot(view);
  return plainJson({
    protocol,
    name,
    pid: process.pid,
    version,
    state: control.isAborted ? "aborted" : control.isDraining ? "draining" : "running",
    startedAt: isoText(epochOf(view.startedAt, wallOffset())),
    ...now,
    frameCount: view.frameCount,
    stages: stages.map((figures, stageIndex) => ({ ...figures, ...stageStatus(run, stageIndex) })),
    links: linksStatus(run),
    pool: poolStatus(run),
    stream: streamStatus(run),
  });
}

function stageStatus({ view }: SpokenRun, stageIndex: number): object {
  const { layout, shared, startedAt } = view;
  const { failed, dropped, lost, lostBefore, detections, copied, ...counters } = figuresOf(view, stageIndex);
  const busyMs = shared.counters.reduce(
    (sum, one, thread) => (layout.threads[thread]!.stageIndex === stageIndex ? sum + one.busyMs : sum),
    0,
  );
  const busyShare = busyMs / Math.max(1, msSince(startedAt));
  return { failed, dropped, lost, lostBefore, detections, copied, busyShare, ...counters };
}

function figuresOf({ layout, shared }: SpokenRun["view"], stageIndex: number) {
  const counters = countersOf(layout, shared, stageIndex);
  const { failed, dropped, lost, lostBefore, detections, copied, diskFullInS } = counters;
  const latencyMs = { p50: counters.latencyMs(0.5), p99: counters.latencyMs(0.99) };
  const ageMs = { p50: counters.ageMs(0.5), p99: counters.ageMs(0.99) };
  return { failed, dropped, lost, lostBefore, detections, copied, diskFullInS, latencyMs, ageMs };
}

function linksStatus({ view }: SpokenRun): readonly object[] {
  const { layout, shared, labels } = view;
  return layout.links.map(({ from, to, policy, every, shape }, linkIndex) => {
    const link = shared.links[linkIndex]!;
    const { in: came, out, dropped, lost } = shared.linkCounters[linkIndex]!;
    return {
      from: labels[from],
      to: labels[to],
      ...{ policy, every, in: came, out, dropped, lost },
      waiting: link.depth.now,
      mostWaiting: link.depth.most,
      capacity: shape.capacity,
      spooled: shared.overflows[linkIndex]?.frames ?? 0,
      isPaused: link.isPaused,
    };
  });
}

function poolStatus({ view: { shared, layout } }: SpokenRun): object {
  const { pool } = shared;
  const { slots, spareSlots } = layout.pool;
  return { slots, spareSlots, lent: pool.lentSlots, loans: pool.loans.all, fromReserve: pool.loans.spare };
}

/** The essentials of what the source passes on. */
function streamStatus({ planned }: SpokenRun): object {
  const { shape, pixelFormat, bitDepth, hasFrames, isLive, rateHz, pixelSizeUm, source } = planned.stages[0]!.output;
  return { shape, pixelFormat, bitDepth, hasFrames, isLive, rateHz, pixelSizeUm, source };
}
