/** Shows a run while it goes: a bar on a terminal, a line now and then elsewhere, JSON lines for programs, nothing when quiet. */

import type { PlannedStage } from "../pipeline/negotiate.js";
import type { RunView } from "../pipeline/run-pipeline.js";
import { type Snapshot, takeSnapshot } from "../pipeline/snapshot.js";
import { oneLine } from "../printable.js";
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
