/** Runs planned stages from the command line: threads, progress, interrupts, the last words and the exit code. */

import type { ExitCode } from "../errors.js";
import type { StageCounters } from "../memory/stage-counters.js";
import { lastWordPatienceMs } from "../pipeline/drain-patience.js";
import type { PlannedStage } from "../pipeline/negotiate.js";
import { type Run, type RunOutcome, startRun } from "../pipeline/run-pipeline.js";
import type { ThreadMessage } from "../pipeline/thread-plan.js";
import { wakeStuckReader, wakeStuckWriter } from "../stream/byte-pipe.js";
import { latest, type MonotonicMs, msSince, now } from "../time.js";
import { spawnWorker } from "../workers/spawn-worker.js";
import { createProgress } from "./progress.js";
import { latencyText, reportText } from "./report-text.js";
import { printMessage } from "./terminal.js";
import type { Voice } from "./voice.js";

const threadEntry = new URL("./thread-entry.js", import.meta.url);
/** How long threads may take to notice an abort before the process ends without them. */
const abortPatienceMs = 2000;
const wakeEveryMs = 200;

export async function executeRun(stages: readonly PlannedStage[], voice: Voice): Promise<ExitCode> {
  const progress = createProgress(voice, stages);
  let source: StageCounters | undefined;
  const run = startRun(stages, {
    spawn: (plan, onMessage) => spawnWorker<ThreadMessage>(threadEntry, plan.label, plan, onMessage),
    onStart(view) {
      source = view.shared.counters[0];
      progress.start(view);
    },
    onWarning: (text) => progress.say(`warning: ${text}`),
    onNews(text) {
      if (!voice.quiet) progress.say(text);
    },
  });
  const interrupts = listenForInterrupts(run, stages, (text) => progress.say(text));
  let drainingSince: MonotonicMs | undefined;
  const wake = setInterval(() => {
    if (run.control.isDraining) drainingSince ??= now();
    // What still arrives is waited for; a source that is busy handing frames on is not stuck.
    const idleSince = source?.waitingSince;
    const isOverdue =
      drainingSince !== undefined &&
      idleSince !== undefined &&
      msSince(latest(drainingSince, idleSince)) > lastWordPatienceMs;
    if (run.control.isStopped || isOverdue) wakeStuckThreads(stages, run.control.isAborted);
  }, wakeEveryMs);
  try {
    const outcome = await run.outcome;
    progress.stop();
    if (interrupts.count > 1) return 130;
    return sayLastWords(outcome, stages, voice);
  } finally {
    progress.stop();
    clearInterval(wake);
    interrupts.stop();
  }
}

/** A thread in the middle of a blocking read or write of a pipe cannot see that the run is over. */
function wakeStuckThreads(stages: readonly PlannedStage[], isAborted: boolean): void {
  if (stages[0]!.stage.name === "stream-in") {
    const { fd, isSeekable } = stages[0]!.plan as { fd: number; isSeekable: boolean };
    if (!isSeekable) wakeStuckReader(fd);
  }
  if (isAborted && stages.at(-1)!.stage.name === "stream-out") wakeStuckWriter(1);
}

function listenForInterrupts(run: Run, stages: readonly PlannedStage[], say: (text: string) => void) {
  const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
  const state = { count: 0, stop: () => {} };
  const onSignal = () => {
    state.count++;
    if (state.count === 1) {
      run.control.drain();
      if (stages.at(-1)!.stage.name !== "stream-out")
        say("interrupted: finishing what is in flight (interrupt again to abort)");
      return;
    }
    run.control.abort();
    wakeStuckThreads(stages, true);
    setTimeout(dieOfInterrupt, abortPatienceMs).unref();
  };
  for (const signal of signals) process.on(signal, onSignal);
  state.stop = () => {
    for (const signal of signals) process.off(signal, onSignal);
  };
  return state;
}

/** A thread stuck in a read that nothing can wake keeps the process from exiting; a shell reads this death as 130 all the same. */
function dieOfInterrupt(): void {
  process.removeAllListeners("SIGINT");
  process.kill(process.pid, "SIGINT");
}

function sayLastWords(outcome: RunOutcome, stages: readonly PlannedStage[], voice: Voice): ExitCode {
  const { report } = outcome;
  const isEndOfLine = stages.at(-1)!.stage.name !== "stream-out";
  const upstreamCut = report.stages.length > 0 && !outcome.isComplete && outcome.quietReason === null;
  if (voice.json) printMessage(JSON.stringify({ kind: "report", ...report, isComplete: outcome.isComplete }));
  else {
    if (!voice.quiet && isEndOfLine) printMessage(reportText(report, upstreamCut));
    const { loans, fromReserve } = report.pool;
    if (fromReserve > 0)
      printMessage(
        `warning: ${fromReserve} of ${loans} slots came from the reserve; please report the command you ran`,
      );
    if (voice.latency) printMessage(latencyText(report));
    // What was lost further up is told by its own process and by the last one, not by all in between.
    const own = new Set(stages.map((stage) => stage.label));
    const told = isEndOfLine ? report.losses : report.losses.filter((loss) => own.has(loss.split(":")[0]!));
    for (const loss of told) printMessage(`loss: ${loss}`);
  }
  return report.losses.length > 0 ? 3 : 0;
}
