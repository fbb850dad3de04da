/**
 * Runs planned stages, each on a thread of its own, over one pool: lays out the memory, starts the threads, lets them go
 * together, watches, and puts their reports into one. Knows no terminal, no signal and no worker: those are handed in.
 */
import { asMoteError, defect, type ExitCode, failure, MoteError } from "../errors.js";
import type { RunControl } from "../memory/run-control.js";
import type { FateSpan } from "../model/fate-record.js";
import { encodeNote } from "../model/note.js";
import type { RunReport } from "../model/run-report.js";
import { isOutOfMemory } from "../out-of-memory.js";
import { type MonotonicMs, msSince, now, wallOffset } from "../time.js";
import type { Connections } from "./connections.js";
import type { PlannedRun } from "./negotiate.js";
import { layOutRun, type RunLayout } from "./run-layout.js";
import type { SpoolEnd } from "./spool-loop.js";
import { assertBalance } from "./stage-report.js";
import { sumUp } from "./sum-up.js";
import type { StageEnd, ThreadMessage, ThreadPlan } from "./thread-plan.js";
import { attachRun, type RunShared } from "./thread-shared.js";

/** A started thread. */
export interface ThreadHandle {
  /** Resolves when the thread has ended; rejects when it died without a word. */
  readonly ended: Promise<void>;
}

export interface RunHost {
  /** Of the run's stages; they are disconnected when the threads have ended. */
  readonly connections: Connections;
  spawn(plan: ThreadPlan, onMessage: (message: ThreadMessage) => void): ThreadHandle;
  /** Called once the threads are going; a view may look at the counters from now on. */
  onStart?(view: RunView): void;
  onWarning(text: string): void;
  /** Slots that nobody holds are filled with a pattern, so that who reads one all the same is found out. For tests. */
  readonly isPoisoning?: boolean;
  /** A sentence that nobody has to act on. */
  onNews?(text: string): void;
}

/** What a status view may look at while the run goes on. */
export interface RunView {
  readonly labels: readonly string[];
  readonly layout: RunLayout;
  readonly shared: RunShared;
  readonly startedAt: MonotonicMs;
  readonly frameCount: number | null;
}

export interface RunOutcome {
  readonly report: RunReport;
  /** Why the run ended early without fault, if it did. */
  readonly quietReason: string | null;
  readonly isComplete: boolean;
  /** Of every sink its name and what became of the frames on the way to it, where the run keeps a ledger. */
  readonly fates: readonly (readonly [sink: string, spans: readonly FateSpan[]])[];
  /** What failed first; the report says what became of the frames all the same. */
  readonly failure: MoteError | null;
}

export interface Run {
  readonly control: RunControl;
  /** Resolves also when a stage failed; rejects for defects of the run itself. */
  readonly outcome: Promise<RunOutcome>;
}

export function startRun(planned: PlannedRun, host: RunHost): Run {
  const { connections } = host;
  const { stages } = planned;
  const first = stages[0]!;
  const labels = stages.map((stage) => stage.label);
  const plain = layOutRun(first.output, planned);
  const layout = { ...plain, pool: { ...plain.pool, isPoisoning: host.isPoisoning ?? false } };
  const memory = new WebAssembly.Memory({ initial: layout.memoryPages, maximum: layout.memoryPages, shared: true });
  const control = new SharedArrayBuffer(layout.controlBytes);
  const shared = attachRun(layout, control, memory);
  const offset = wallOffset();
  shared.pool.initialize();
  for (const note of planned.openingNotes ?? []) shared.mailbox.post(encodeNote(note));

  let quietReason: string | null = null;
  const stageEnds = new Map<number, StageEnd>();
  const spoolEnds = new Map<number, SpoolEnd>();
  let ready = 0;
  let startedAt = now();
  const failures: (ThreadMessage & { kind: "failed" })[] = [];

  function hear(threadIndex: number, message: ThreadMessage): void {
    switch (message.kind) {
      case "ready":
        ready++;
        if (ready === layout.threads.length) {
          startedAt = now();
          host.onStart?.({ labels, layout, shared, startedAt, frameCount: first.output.frameCount });
          shared.control.go();
        }
        break;
      case "warning":
        host.onWarning(message.text);
        break;
      case "news":
        host.onNews?.(message.text);
        break;
      case "quiet":
        quietReason ??= message.reason;
        break;
      case "failed":
        failures.push(message);
        break;
      case "done": {
        const { stageIndex, linkIndex } = layout.threads[threadIndex]!;
        if (message.finished) stageEnds.set(stageIndex, message.finished);
        if (message.spool) spoolEnds.set(linkIndex, message.spool);
        break;
      }
    }
  }

  const handles = layout.threads.map((thread, threadIndex) => {
    const stage = stages[thread.stageIndex]!;
    return host.spawn(
      {
        threadIndex,
        stageName: stage.stage.name,
        labels,
        label: stage.label,
        pathLabel: stage.pathLabel,
        plan: stage.plan,
        connection: connections.dataFor(thread.stageIndex),
        notes: stage.notes,
        input: stage.input,
        output: stage.output,
        spill: planned.links[thread.linkIndex]?.spill ?? null,
        wallOffset: offset,
        layout,
        memory,
        control,
      },
      (message) => hear(threadIndex, message),
    );
  });

  function deathOf(ends: readonly PromiseSettledResult<void>[]): MoteError | undefined {
    for (const [i, end] of ends.entries()) {
      if (end.status === "fulfilled") continue;
      if (end.reason instanceof MoteError) return end.reason;
      const { label } = stages[layout.threads[i]!.stageIndex]!;
      if (isOutOfMemory(end.reason)) return asMoteError(label, end.reason);
      const what = `its thread died: ${String(end.reason)}`;
      return failure("worker-died", label, what, "What was flushed before is intact.", end.reason);
    }
    return undefined;
  }

  async function settle(): Promise<RunOutcome> {
    const ends = await Promise.allSettled(
      handles.map((handle) =>
        handle.ended.catch((error: unknown) => {
          shared.control.abort();
          throw error;
        }),
      ),
    );
    const elapsedMs = msSince(startedAt);
    const notLetGo = await connections.disconnect(shared.control.isAborted ? "abrupt" : "in-order");
    const failed = failures.length > 0 ? asError(failures[0]!) : (deathOf(ends) ?? notLetGo[0] ?? null);
    for (const one of notLetGo) if (one !== failed) host.onWarning(one.message);
    const { pool } = shared;
    const report = {
      elapsedMs,
      ...sumUp(planned, stageEnds, spoolEnds),
      pool: { loans: pool.loans.all, fromReserve: pool.loans.spare },
      leakedSlots: pool.lentSlots,
    };
    const isComplete = layout.sinksBehind[0]!.every((sink) => stageEnds.get(sink)?.isComplete === true);
    if (!shared.control.isAborted && !failed) {
      for (const stage of report.stages) assertBalance(stage.stage, stage);
      for (const link of report.links) assertBalance(`${link.from}, to ${link.to}`, link);
      if (report.leakedSlots !== 0) {
        throw defect("run", `${report.leakedSlots} pool slots were not returned`, "the command you ran");
      }
    }
    const fates = layout.sinksBehind[0]!.flatMap((sink) => {
      const spans = stageEnds.get(sink)?.fates;
      return spans ? [[labels[sink]!, spans] as const] : [];
    });
    return { report, quietReason, isComplete, fates, failure: failed };
  }

  const outcome = settle();
  const hearChange = () => {
    connections.wake();
    if (shared.control.isAborted) connections.abort();
  };
  void shared.control.whenever(hearChange, outcome);
  return { control: shared.control, outcome };
}

function asError(message: ThreadMessage & { kind: "failed" }): MoteError {
  const isDefect = message.stack !== null;
  const error = new MoteError(message.problems, { exitCode: message.exitCode as ExitCode, isDefect });
  if (message.stack) error.stack = message.stack;
  else delete error.stack;
  return error;
}
