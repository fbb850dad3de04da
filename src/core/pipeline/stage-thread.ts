/** What a stage's thread does: opens its part of the stage, waits for the start, works until the end, closes. */
import { asMoteError, defect, reason } from "../errors.js";
import type { RunControl } from "../memory/run-control.js";
import { joinTeam, teamWords } from "../memory/team.js";
import type { StreamEvent } from "../model/event.js";
import { isFateEvent, isLossEvent } from "../model/event-check.js";
import { type FateListener, FateRecord } from "../model/fate-record.js";
import { recordedReason } from "../model/recorded-loss.js";
import { harmlessReasons, isLoss } from "../model/run-report.js";
import type { Spool, SpoolRequest } from "../storage/spool/spool.js";
import { now } from "../time.js";
import { createClock } from "./clock.js";
import { Keeper } from "./keeper.js";
import { runMapper, runTeam } from "./mapper-loop.js";
import { createOutlet, type Outlet } from "./outlet.js";
import { hasMappers, linkInto, type TeamPlace } from "./run-layout.js";
import { type Finished, MapperFailed, runFlow, runSource } from "./serial-loops.js";
import { Settling } from "./settling.js";
import { runSpool } from "./spool-loop.js";
import type { FlowInstance, SourceInstance, StageContext, StageDeclaration } from "./stage.js";
import type { StageEnd, ThreadMessage, ThreadPlan } from "./thread-plan.js";
import { attachRun } from "./thread-shared.js";
import { waysBehind } from "./way.js";

const mostFailureLength = 500;

export interface ThreadPort {
  send(message: ThreadMessage): void;
  load(stageName: string): Promise<StageDeclaration>;
  openSpool(request: SpoolRequest): Promise<Spool>;
}

export async function runStageThread(plan: ThreadPlan, port: ThreadPort): Promise<void> {
  const { layout } = plan;
  const thread = layout.threads[plan.threadIndex]!;
  const shared = attachRun(layout, plan.control, plan.memory, thread.stageIndex);
  const counters = shared.counters[plan.threadIndex]!;
  const { control } = shared;
  const { stageIndex, linkIndex } = thread;
  const ways = thread.part === "serial" ? waysBehind(stageIndex, plan.labels, plan.pathLabel, layout, shared) : [];
  const outlet = createOutlet({
    label: plan.label,
    shared,
    ways,
    counters,
    failWay:
      layout.onFailure === "end-branch" && ways.filter(({ isTap }) => !isTap).length > 1 ? tellFailure : undefined,
  });
  const held = new Set<number>();
  const isSink = thread.part === "serial" && ways.length === 0;
  const record = layout.hasLedger && isSink ? new FateRecord() : undefined;
  const keeperAt = isSink ? layout.keepers.indexOf(stageIndex) : -1;
  const keeper = keeperAt >= 0 ? new Keeper(shared.returns, keeperAt, control) : undefined;
  const fates = toldTo([record, keeper]);
  let settling: Settling | undefined;
  let isRelay = false;

  const team = thread.team && joinTeamAt(thread.team, plan.control, control);

  const context: StageContext = {
    connection: plan.connection,
    memory: plan.memory,
    scratchOffset: thread.scratchOffset,
    team,
    geometry: layout.pool.geometry,
    input: plan.input,
    output: plan.output,
    clock: createClock(control, plan.wallOffset),
    isDraining: () => control.isDraining,
    isStopped: () => control.isStopped,
    isAborted: () => control.isAborted,
    isNextWaiting: () => (shared.links[linkInto(layout, stageIndex)]?.depth.now ?? 0) > 0,
    moved() {
      counters.waitingSince = now();
    },
    countLost(frames, why, of) {
      // Those that arrived at nobody count as in, so that the books balance.
      if (of === "in") counters.countIn(frames);
      else counters.countOut(-frames);
      outlet.drop(frames, why);
    },
    emit(event, from) {
      // The stream's end says it all, for the report; until then this is what the status view knows.
      if (from === "before" && isLossEvent(event) && isLoss(event.reason)) counters.countLostBefore(event.count);
      if (stageIndex === 0 && !isRelay) countDeviceLoss(event, context);
      outlet.event(event);
    },
    pass(frame) {
      held.delete(frame.slot);
      outlet.frame(frame);
    },
    warn: (text) => port.send({ kind: "warning", text: `${plan.label}: ${text}` }),
    say: (text) => port.send({ kind: "news", text: `${plan.label}: ${text}` }),
    stored: (firstFrame, count) => keeper?.stored(firstFrame, count),
    foreseeFullDisk: (inSeconds) => counters.foreseeFullDisk(inSeconds),
    endRun: () => shared.branches.end(stageIndex),
    stopQuietly(why) {
      const ending = shared.branches.leave(stageIndex);
      if (ending === "run") port.send({ kind: "quiet", reason: why });
      if (shared.branches.areSeveral) context.warn(`${why}; the ${ending} ends`);
    },
  };

  /** Says what went wrong, and returns it for the stream's end. */
  function tellFailure(error: unknown): string {
    port.send(failureMessage(plan.label, error));
    return failureText(plan.label, error);
  }

  let failure: string | undefined;
  /** Tells what ended this thread's work early; the run goes on to its end in order. */
  function fail(error: unknown): string {
    const text = error instanceof MapperFailed ? failureText(plan.label, error) : tellFailure(error);
    failure ??= text;
    return failure;
  }

  async function closeInstance(open: SourceInstance | FlowInstance, hasEnded: boolean): Promise<void> {
    try {
      await open.close?.(!hasEnded || failure !== undefined);
    } catch (error) {
      if (failure === undefined) fail(error);
      else context.warn(`closing after the failure failed too: ${reason(error)}`);
    }
  }

  let instance: SourceInstance | FlowInstance | undefined;
  try {
    if (thread.part === "spool") {
      const spool = await port.openSpool({
        ...plan.spill!,
        label: plan.label,
        descriptor: plan.output,
      });
      port.send({ kind: "ready" });
      const { overflow, to } = layout.links[linkIndex]!;
      const queueCapacity = overflow!.queue.capacity;
      const { warn } = context;
      const { label, pathLabel, wallOffset } = plan;
      const { isLive } = plan.output;
      const run = {
        label,
        pathLabel,
        linkIndex,
        hasMappers: hasMappers(layout, to),
        shared,
        queueCapacity,
        spool,
        isLive,
        counters,
      };
      if (control.waitForGo()) port.send({ kind: "done", spool: runSpool({ ...run, wallOffset, warn }) });
      return;
    }
    const stage = await port.load(plan.stageName);
    if (thread.part === "mapper") {
      const mapper = await stage.openMapper!(plan.plan, context);
      port.send({ kind: "ready" });
      const changesPixels = layout.changesPixels[stageIndex]!;
      const { batch, hasPixelChecksums } = layout;
      const run = {
        ...{ shared, linkIndex: linkInto(layout, stageIndex), counters, batch },
        ...{ changesPixels, hasPixelChecksums, fail },
      };
      if (control.waitForGo()) {
        if (team) runTeam(mapper, team.team, run);
        else runMapper(mapper, run);
      }
      port.send({ kind: "done" });
      return;
    }
    for (const note of plan.notes) context.warn(note);
    instance = await stage.open(plan.plan, context);
    isRelay = "upstreamEnd" in instance;
    port.send({ kind: "ready" });
    let finished: Finished | undefined;
    if (control.waitForGo()) {
      if (layout.keepers.length > 0 && "settled" in instance)
        settling = new Settling(shared.returns, instance.settled!.bind(instance));
      const run = { plan, layout, shared, outlet, counters, context, held, fates, settling, startedAt: now(), fail };
      finished =
        stageIndex === 0
          ? await runSource(instance as SourceInstance, run)
          : await runFlow(instance as FlowInstance, run);
    }
    if (settling) await settling.deliverRest(control);
    const open = instance;
    instance = undefined;
    await closeInstance(open, finished !== undefined);
    keeper?.end();
    const said = { ...(record && { fates: record.spans }), ...(settling && { settled: settling.report }) };
    port.send({
      kind: "done",
      ...(finished && { finished: { ...endOf(finished, outlet, stageIndex === 0), ...said } }),
    });
  } catch (error) {
    // It failed before the start, or in a way that keeps it from passing the stream's end on.
    control.abort();
    fail(error);
    if (instance) await closeInstance(instance, false);
  }
}

function endOf({ own, before, isComplete }: Finished, outlet: Outlet, isSource: boolean): StageEnd {
  const upstream = isSource ? before.stages : [];
  return { own, links: outlet.links, before: upstream, isComplete };
}

/** All that want to know, as one; undefined where nobody does. */
function toldTo(listeners: readonly (FateListener | undefined)[]): FateListener | undefined {
  const those = listeners.filter((one) => one !== undefined);
  if (those.length === 0) return undefined;
  return {
    add(...fate) {
      for (const one of those) one.add(...fate);
    },
  };
}

/** The team that a mapper belongs to. */
function joinTeamAt(place: TeamPlace, bookkeeping: SharedArrayBuffer, control: RunControl): StageContext["team"] {
  const words = new Int32Array(bookkeeping, place.wordsAt, teamWords(place.size));
  return { team: joinTeam(words, place.member, place.size, control), scratchOffset: place.scratchOffset };
}

/** What the source's events tell of: what the device lost, or the recording that is replayed had lost. */
function countDeviceLoss(event: StreamEvent, context: StageContext): void {
  if (!isFateEvent(event)) return;
  if (event.event === "duplicate") context.countLost(event.count, harmlessReasons.duplicate, "in");
  else if (event.isRecorded) context.countLost(event.count, recordedReason, "in");
  else if (event.event === "gap") context.countLost(event.count, "device gap", "in");
}

/** For the stream's end, where it travels through slots of events. */
function failureText(label: string, error: unknown): string {
  if (error instanceof MapperFailed) return `${label}: a worker failed`;
  const text = asMoteError(label, error)?.message ?? `${label}: ${reason(error)}`;
  return text.slice(0, mostFailureLength);
}

function failureMessage(label: string, error: unknown): ThreadMessage {
  const { problems, exitCode, isDefect } = asMoteError(label, error) ?? defect(label, reason(error), "the lines below");
  const stack = isDefect ? (error instanceof Error && error.stack) || "" : null;
  return { kind: "failed", problems, exitCode, stack };
}
