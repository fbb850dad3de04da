/** A bar on a terminal for a command that takes its time; nothing elsewhere. cli-progress is loaded when it is needed. */

import { oneLine } from "../printable.js";
import { longAgo, msSince, now } from "../time.js";
import { isMessageTerminal } from "./terminal.js";
import type { Voice } from "./voice.js";

/** Work that is done sooner gets no bar. */
const patienceMs = 300;
const barEveryMs = 100;

export interface WorkProgress {
  /** Shows `done` of `total`; called as often as the work likes. */
  show(label: string, done: number, total: number): void;
  stop(): void;
}

export function createWorkProgress(voice: Voice): WorkProgress {
  if (voice.json || voice.quiet || !isMessageTerminal) return { show() {}, stop() {} };
  const startedAt = now();
  let shownAt = longAgo;
  let isStopped = false;
  let bar:
    | {
        start(total: number, done: number, words: object): void;
        update(done: number, words: object): void;
        stop(): void;
      }
    | undefined;
  let isOpening = false;

  async function open(label: string, done: number, total: number): Promise<void> {
    isOpening = true;
    const { default: cliProgress } = await import("cli-progress");
    if (isStopped) return;
    bar = new cliProgress.SingleBar({
      stream: process.stderr,
      // An interrupt must not leave a terminal without its cursor.
      hideCursor: false,
      clearOnComplete: true,
      format: "{label}  {bar} {percentage}%  {eta_formatted} left",
      barCompleteChar: "━",
      barIncompleteChar: "─",
      barsize: 24,
      gracefulExit: false,
    });
    bar.start(total, done, { label });
  }

  return {
    show(name, done, total) {
      const label = oneLine(name, 60);
      if (msSince(startedAt) < patienceMs || msSince(shownAt) < barEveryMs) return;
      shownAt = now();
      if (bar) bar.update(done, { label });
      else if (!isOpening) void open(label, done, total);
    },
    stop() {
      isStopped = true;
      bar?.stop();
    },
  };
}
