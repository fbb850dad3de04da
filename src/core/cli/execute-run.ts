/** Runs planned stages from the command line: threads, progress, interrupts, the last words and the exit code. */
import type { ExitCode } from "../errors.js";
import type { Connections } from "../pipeline/connections.js";
import type { PlannedRun, PlannedStage } from "../pipeline/negotiate.js";
import { type RunOutcome, type RunView, startRun } from "../pipeline/run-pipeline.js";
import { countersOf } from "../pipeline/stage-figures.js";
import type { ThreadMessage } from "../pipeline/thread-plan.js";
import { oneLine } from "../printable.js";
import { spawnWorker } from "../workers/spawn-worker.js";
import { abortedText } from "./aborted-text.js";
import type { Departure } from "./departure.js";
import { feedingStage, isEndOfLine, ownLabel } from "./end-of-line.js";
import { listenForInterrupts, StreamThreads } from "./interrupts.js";
import { createProgress } from "./progress.js";
import { latencyText, reportsOfBranches, reportText, tapText } from "./report-text.js";
import type { Ear } from "./spoken-run.js";
import { printMessage } from "./terminal.js";
import type { ThreadBorn } from "./thread-entry.js";
import type { Voice } from "./voice.js";

const threadEntry = new URL("./thread-entry.js", import.meta.url);

/** `keepFates` gets what became of every frame, also of a run that failed. */
export async function executeRun(
  planned: PlannedRun,
  connections: Connections,
  voice: Voice,
  departure: Departure,
  { ear, version }: { readonly ear: Ear; readonly version: string },
  keepFates: (fates: RunOutcome["fates"]) => Promise<void>,
): Promise<ExitCode> {
  const { stages } = planned;
  const progress = createProgress(voice, stages);
  const threads = new StreamThreads();
  let view: RunView | undefined;
  const run = startRun(planned, {
    connections,
    isPoisoning: process.env.MOTE_POISON_SLOTS === "1",
    spawn: (plan, hear) =>
      spawnWorker<ThreadMessage | ThreadBorn>(threadEntry, plan.label, plan, (message) => {
        if (message.kind === "born")
          threads.add(stages[plan.layout.threads[plan.threadIndex]!.stageIndex]!, message.systemThreadId);
        else hear(message);
      }),
    onStart(started) {
      view = started;
      interrupts.source = countersOf(started.layout, started.shared, 0);
      const feeding = feedingStage(stages);
      if (feeding >= 0) interrupts.feeding = countersOf(started.layout, started.shared, feeding);
      progress.start(started);
      ear.begin({ version, planned, view: started, stop: interrupts.drain, abort: interrupts.abort }, tellNews);
    },
    onWarning: (text) => progress.say(`warning: ${oneLine(text)}`),
    onNews: tellNews,
  });
  function tellNews(text: string): void {
    if (!voice.quiet) progress.say(text);
  }
  /** Nobody else counts the frames of a run that was aborted. */
  function tellAborted(): void {
    progress.stop();
    const text = view && abortedText(view, stages);
    if (text) progress.say(text);
  }

  const interrupts = listenForInterrupts(
    run,
    stages,
    threads,
    (text) => progress.say(text),
    () => {
      tellAborted();
      departure.dieOf("SIGINT");
    },
  );
  departure.leaveSignalsToRun();
  try {
    const outcome = await run.outcome;
    progress.stop();
    if (run.control.isAborted) tellAborted();
    if (interrupts.count > 1 && !outcome.failure) return 130;
    const exitCode = sayLastWords(outcome, stages, voice);
    await keepFates(outcome.fates);
    if (outcome.failure) throw outcome.failure;
    return exitCode;
  } finally {
    ear.end();
    progress.stop();
    interrupts.stop();
  }
}

function sayLastWords(outcome: RunOutcome, stages: readonly PlannedStage[], voice: Voice): ExitCode {
  const { report } = outcome;
  const upstreamCut = report.stages.length > 0 && !outcome.isComplete && outcome.quietReason === null;
  if (voice.json) printMessage(JSON.stringify({ kind: "report", ...report, isComplete: outcome.isComplete }));
  else {
    // What failed before anything came has no more to say than its error.
    const isWorthTelling = !outcome.failure || (report.stages.at(-1)?.in ?? 0) > 0;
    if (!voice.quiet && isEndOfLine(stages) && isWorthTelling)
      for (const [label, own] of reportsOfBranches(ownLabel(stages), report))
        printMessage(reportText(label, own, upstreamCut, outcome.failure !== null));
    if (!voice.quiet) for (const tap of report.taps) printMessage(tapText(tap));
    const { loans, fromReserve } = report.pool;
    if (fromReserve > 0)
      printMessage(
        `warning: ${fromReserve} of ${loans} slots came from the reserve; please report the command you ran`,
      );
    if (voice.latency) printMessage(latencyText(report));
    // Also what was lost further up, or before: an exit code 3 is never without a word.
    for (const loss of report.losses) printMessage(`loss: ${loss}`);
  }
  return report.losses.length > 0 ? 3 : 0;
}
