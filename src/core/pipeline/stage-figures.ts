/** What a run has counted so far, from the shared memory: for views, and for the last word on a run that was aborted. */
import type { StageCounters } from "../memory/stage-counters.js";
import { linkInto, linksBehind, type RunLayout } from "./run-layout.js";
import type { RunShared } from "./thread-shared.js";

export interface StageFigures {
  readonly in: number;
  /** Frames that went on; of a stage with one link behind it, those that the link did not give up. */
  readonly out: number;
  readonly detections: number;
  /** Frames that wait in front of it. */
  readonly queued: number;
  readonly diskFullInS: number | null;
}

export function stageFigures(layout: RunLayout, shared: RunShared, stageIndex: number): StageFigures {
  const counters = countersOf(layout, shared, stageIndex);
  const [only, ...others] = linksBehind(layout, stageIndex).filter((link) => !layout.links[link]!.isTap);
  const { in: came, detections, diskFullInS } = counters;
  return {
    in: came,
    out: only === undefined || others.length > 0 ? counters.out : shared.linkCounters[only]!.out,
    detections,
    queued: shared.links[linkInto(layout, stageIndex)]?.depth.now ?? 0,
    diskFullInS,
  };
}

/** What a stage's serial part counts. */
export function countersOf(layout: RunLayout, shared: RunShared, stageIndex: number): StageCounters {
  return shared.counters[layout.threads.findIndex((t) => t.stageIndex === stageIndex && t.part === "serial")]!;
}

/** Frames lost at every stage and link, here and in the processes before. */
export function lostSoFar(layout: RunLayout, shared: RunShared): number {
  const links = shared.linkCounters.reduce((sum, link) => sum + link.lost, 0);
  return layout.sinksBehind.reduce((sum, _, stageIndex) => {
    const { lost, failed, lostBefore } = countersOf(layout, shared, stageIndex);
    return sum + lost + failed + lostBefore;
  }, links);
}

export interface PathFigures {
  /** Frames that the source took. */
  readonly taken: number;
  /** Of these, frames that came through the path's sink. */
  readonly settled: number;
  /** Waiting on a disk. */
  readonly spooled: number;
  readonly lost: number;
  /** Given up without loss. */
  readonly leftOut: number;
  /** In queues and slots, in nobody's report: what is left over. */
  readonly onTheirWay: number;
}

/** What became of the source's frames on the way to one sink. */
export function pathFigures(layout: RunLayout, shared: RunShared, sink: number): PathFigures {
  const { in: taken } = countersOf(layout, shared, 0);
  const { out: settled } = countersOf(layout, shared, sink);
  let spooled = 0;
  let lost = 0;
  let leftOut = 0;
  for (let stageIndex = sink; ; ) {
    const stage = countersOf(layout, shared, stageIndex);
    lost += stage.lost + stage.failed;
    leftOut += stage.dropped - stage.lost;
    const linkIndex = linkInto(layout, stageIndex);
    if (linkIndex < 0) break;
    const link = shared.linkCounters[linkIndex]!;
    lost += link.lost;
    leftOut += link.dropped - link.lost;
    spooled += shared.overflows[linkIndex]?.frames ?? 0;
    stageIndex = layout.links[linkIndex]!.from;
  }
  return {
    taken,
    settled,
    spooled,
    lost,
    leftOut,
    onTheirWay: Math.max(0, taken - settled - spooled - lost - leftOut),
  };
}
