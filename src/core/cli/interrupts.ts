/** The signals that end a run: heard by the main thread, which sees to it that threads hear of them wherever they are stuck. */
import type { StageCounters } from "../memory/stage-counters.js";
import { lastWordPatienceMs } from "../pipeline/drain-patience.js";
import type { PlannedStage } from "../pipeline/negotiate.js";
import type { Run } from "../pipeline/run-pipeline.js";
import { latest, type MonotonicMs, msSince, now } from "../time.js";
import { ThreadWaker } from "../workers/stuck-thread.js";
import { endingSignals } from "./departure.js";
import { isEndOfLine } from "./end-of-line.js";

/** How long threads may take to notice an abort before the process ends without them. */
const abortPatienceMs = 2000;
const lookEveryMs = 100;
/** After a signal that is sent to one program alone, and not to a whole pipeline as Ctrl-C is, what moves nothing for so long is left. */
const hastyPatienceMs = 1000;

export interface Interrupts {
  /** Signals heard so far. */
  readonly count: number;
  /** The run ends in order, as after the first signal; again: nothing. */
  drain(): void;
  /** The run ends at once, as after the second. */
  abort(): void;
  /** What the source counts, and the stage that another program reads from, if there is one; once they run. */
  source: StageCounters | undefined;
  feeding: StageCounters | undefined;
  stop(): void;
}

/** The threads of a run that wait for other programs: the one that reads what comes in and the one that writes what goes out. */
export class StreamThreads {
  #reader: ThreadWaker | undefined;
  #writer: ThreadWaker | undefined;

  /** The thread of a stage has started. */
  add({ stage, plan }: PlannedStage, systemThreadId: number | null): void {
    if (systemThreadId === null) return;
    if (stage.name === "stream-in") this.#reader = new ThreadWaker(systemThreadId, "read");
    if (stage.feedsReader?.(plan)) this.#writer = new ThreadWaker(systemThreadId, "write");
  }

  wakeReader(): void {
    this.#reader?.wake();
  }

  wakeWriter(): void {
    this.#writer?.wake();
  }
}

export function listenForInterrupts(
  run: Run,
  stages: readonly PlannedStage[],
  threads: StreamThreads,
  say: (text: string) => void,
  leaveAbruptly: () => void,
): Interrupts {
  const { control } = run;
  let drainingSince: MonotonicMs | undefined;
  const state = {
    count: 0,
    source: undefined as StageCounters | undefined,
    feeding: undefined as StageCounters | undefined,
    drain,
    abort,
    stop,
  };
  let patienceMs = lastWordPatienceMs;

  function hear(signal: NodeJS.Signals): void {
    if (state.count > 0) abort();
    else {
      if (signal !== "SIGINT") patienceMs = hastyPatienceMs;
      drain();
    }
  }

  function drain(): void {
    if (state.count > 0) return;
    state.count = 1;
    control.drain();
    if (isEndOfLine(stages)) say("interrupted: finishing what is in flight (interrupt again to abort)");
  }

  function abort(): void {
    state.count = Math.max(2, state.count + 1);
    control.abort();
    look();
    // A thread stuck in a call that nothing can wake keeps the process from exiting.
    setTimeout(leaveAbruptly, abortPatienceMs).unref();
  }

  /** A thread in the middle of a blocking read or write cannot see that the run is over. */
  function look(): void {
    if (control.isDraining) drainingSince ??= now();
    // What still arrives is waited for; a source that is busy handing frames on is not stuck.
    if (isStuck(state.source)) control.stop();
    if (control.isStopped) threads.wakeReader();
    // A reader that was interrupted, too, may take its time.
    const isLeft = patienceMs === hastyPatienceMs && isStuck(state.feeding);
    if (isLeft) control.leave();
    if (isLeft || control.isAborted) threads.wakeWriter();
  }

  function isStuck(counters: StageCounters | undefined): boolean {
    const since = counters?.waitingSince;
    return !!drainingSince && !!since && msSince(latest(drainingSince, since)) > patienceMs;
  }

  const looking = setInterval(look, lookEveryMs);
  for (const signal of endingSignals) process.on(signal, hear);
  function stop(): void {
    clearInterval(looking);
    for (const signal of endingSignals) process.off(signal, hear);
  }
  return state;
}
