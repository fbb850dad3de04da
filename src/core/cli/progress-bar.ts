/** The bar on a terminal's stderr; cli-progress is loaded only when there is one. */

import type { Snapshot } from "../pipeline/snapshot.js";
import { oneLine, printable } from "../printable.js";
import { barText } from "./bar-text.js";

export interface ProgressBar {
  update(now: Snapshot): void;
  say(text: string): void;
  stop(): void;
}

/** `frameCount` null: a source without an end; the bar then counts instead of filling. */
export async function openBar(name: string, frameCount: number | null): Promise<ProgressBar> {
  const { default: cliProgress } = await import("cli-progress");
  const label = oneLine(name, 60);
  const multi = new cliProgress.MultiBar({
    stream: process.stderr,
    hideCursor: true,
    clearOnComplete: true,
    format: (_, { maxWidth }, { now }: { now?: Snapshot }) =>
      now ? barText(label, now, frameCount && Math.min(1, now.frames / frameCount), maxWidth) : `${label}  starting`,
    gracefulExit: false,
    emptyOnZero: true,
  });
  const bar = multi.create(frameCount ?? 1, 0, {});
  return {
    update(now) {
      bar.update(Math.min(now.frames, frameCount ?? 0), { now });
    },
    say(text) {
      multi.log(`${printable(text)}\n`);
      multi.update();
    },
    stop() {
      multi.stop();
    },
  };
}
