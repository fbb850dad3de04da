/** How a run stands at this moment: for its progress, and for whoever asks it. */
import { msSince } from "../time.js";
import type { RunView } from "./run-pipeline.js";
import { lostSoFar, stageFigures } from "./stage-figures.js";

/** The numbers of this moment; all counters may be a frame old. */
export interface Snapshot {
  readonly elapsedMs: number;
  /** Frames through the last stage; in a run with branches, through the sink that has the fewest. */
  readonly frames: number;
  readonly fps: number;
  readonly particles: number;
  /** Frames lost so far, here and in the processes before. */
  readonly lost: number;
  /** Frames that wait on a disk, behind all stages together. */
  readonly spooled: number;
  /** Seconds until the first disk that is written to is full; 0 while the run waits for room; null: not foreseeable. */
  readonly diskFullInS: number | null;
  readonly stages: readonly {
    readonly stage: string;
    readonly in: number;
    readonly out: number;
    readonly queued: number;
  }[];
}

export function takeSnapshot(view: RunView): Snapshot {
  const { layout, shared, labels } = view;
  const elapsedMs = msSince(view.startedAt);
  const stages = labels.map((_, stageIndex) => stageFigures(layout, shared, stageIndex));
  // The sink that is furthest behind: what it has, all have.
  const sinks = layout.sinksBehind[0]!.map((sink) => stages[sink]!);
  const frames = Math.min(...sinks.map((sink) => sink.in));
  return {
    elapsedMs,
    frames,
    fps: (frames / Math.max(1, elapsedMs)) * 1000,
    particles: Math.max(...sinks.map((sink) => sink.detections)),
    lost: lostSoFar(layout, shared),
    spooled: shared.overflows.reduce((sum, overflow) => sum + (overflow?.frames ?? 0), 0),
    diskFullInS: soonest(stages.map(({ diskFullInS }) => diskFullInS)),
    stages: stages.map(({ in: came, out, queued }, i) => ({ stage: labels[i]!, in: came, out, queued })),
  };
}

function soonest(seconds: readonly (number | null)[]): number | null {
  const known = seconds.filter((value) => value !== null);
  return known.length > 0 ? Math.min(...known) : null;
}
