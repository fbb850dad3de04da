/** Shows a run while it goes: a bar on a terminal, a line now and then elsewhere, JSON lines for programs, nothing when quiet. */

import type { PlannedStage } from "../pipeline/negotiate.js";
import type { RunView } from "../pipeline/run-pipeline.js";
import { lostSoFar, stageFigures } from "../pipeline/stage-figures.js";
import { oneLine } from "../printable.js";
import { msSince } from "../time.js";
import { formatCount } from "../units.js";
import { isEndOfLine, ownLabel } from "./end-of-line.js";
import { openBar, type ProgressBar } from "./progress-bar.js";
import { diskText } from "./report-text.js";
import { isMessageTerminal, isOutputPiped, printMessage } from "./terminal.js";
import type { Voice } from "./voice.js";

const barEveryMs = 100;
const lineEveryMs = 5000;
const jsonEveryMs = 1000;

export interface Progress {
  start(view: RunView): void;
  /** A sentence for the user, without tearing the bar. */
  say(text: string): void;
  stop(): void;
}

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

function lineOf(label: string, now: Snapshot): string {
  const parts = [formatCount(now.frames, "frame"), `${now.fps.toFixed(1)} fps`];
  if (now.particles > 0) parts.push(formatCount(now.particles, "particle"));
  if (now.spooled > 0) parts.push(`${formatCount(now.spooled, "frame")} in the spool`);
  parts.push(now.lost === 0 ? "nothing lost" : `${now.lost} lost`);
  const disk = diskText(now.diskFullInS);
  if (disk) parts.push(disk);
  return `${oneLine(label)}: ${parts.join(", ")}`;
}

export function createProgress(voice: Voice, stages: readonly PlannedStage[]): Progress {
  const label = ownLabel(stages);
  const isWatchedDownstream = !isEndOfLine(stages) && isOutputPiped();
  let bar: ProgressBar | undefined;
  let timer: NodeJS.Timeout | undefined;
  let isStopped = false;

  return {
    start(view) {
      if (voice.json) {
        timer = setInterval(
          () => printMessage(JSON.stringify({ kind: "progress", ...takeSnapshot(view) })),
          jsonEveryMs,
        );
      } else if (voice.quiet || isWatchedDownstream) {
        return;
      } else if (isMessageTerminal) {
        void openBar(label, view.frameCount).then((opened) => {
          if (isStopped) return opened.stop();
          bar = opened;
          timer = setInterval(() => bar?.update(takeSnapshot(view)), barEveryMs);
        });
      } else {
        timer = setInterval(() => printMessage(lineOf(label, takeSnapshot(view))), lineEveryMs);
      }
    },
    say(text) {
      if (voice.json) printMessage(JSON.stringify({ kind: "message", text }));
      else if (bar) bar.say(text);
      else printMessage(text);
    },
    stop() {
      isStopped = true;
      if (timer) clearInterval(timer);
      timer = undefined;
      bar?.stop();
      bar = undefined;
    },
  };
}
