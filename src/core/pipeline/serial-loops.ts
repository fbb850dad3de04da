/** The serial part of a stage's work: a source that fills frames, or a transform or sink that takes them in order. */
import type { Frame } from "../memory/frame.js";
import type { Link } from "../memory/link.js";
import { checksumOf } from "../memory/pixel-checksum.js";
import { slotKind } from "../memory/slot-layout.js";
import type { StageCounters } from "../memory/stage-counters.js";
import { nothingTaken, type Taken } from "../memory/taken.js";
import type { StreamEvent } from "../model/event.js";
import { isLossEvent } from "../model/event-check.js";
import type { FateListener } from "../model/fate-record.js";
import { extendRun, type FrameRun } from "../model/frame-run.js";
import type { JsonObject } from "../model/json.js";
import { type EndOfStream, frameFailedReason, type StageReport, stageFailedReason } from "../model/run-report.js";
import { type MonotonicMs, msSince, never, now } from "../time.js";
import { decodeEvent, type EndEvent, readEvent } from "./event-slot.js";
import { Gathered } from "./gathered.js";
import type { Outlet } from "./outlet.js";
import { ownPixels } from "./own-pixels.js";
import { hasMappers, linkInto, type RunLayout } from "./run-layout.js";
import type { Settling } from "./settling.js";
import { endNotes, tellNotes } from "./source-notes.js";
import type { FlowInstance, SourceInstance, StageContext } from "./stage.js";
import { stageReport } from "./stage-report.js";
import type { ThreadPlan } from "./thread-plan.js";
import type { RunShared } from "./thread-shared.js";
import { linkFullReason } from "./way.js";

export interface SerialRun {
  readonly plan: ThreadPlan;
  readonly layout: RunLayout;
  readonly shared: RunShared;
  readonly outlet: Outlet;
  readonly counters: StageCounters;
  readonly context: StageContext;
  /** Slots of the frames that the stage has: the one it works on, and those it keeps back. */
  readonly held: Set<number>;
  /** At a sink: who wants to know what became of every frame. */
  readonly fates: FateListener | undefined;
  /** At a source that wants to know what became of its frames: how it hears. */
  readonly settling: Settling | undefined;
  readonly startedAt: MonotonicMs;
  /** Tells what the stage threw, and returns it in words for the stream's end. */
  fail(error: unknown): string;
}

/** How a stage's work ended. */
export interface Finished {
  readonly own: StageReport;
  /** What the stages before it said, those of other processes first. */
  readonly before: EndOfStream;
  readonly isComplete: boolean;
}

/** Runs a source to its end; undefined when the run was aborted. One that fails ends its stream in order, saying so. */
export async function runSource(source: SourceInstance, run: SerialRun): Promise<Finished | undefined> {
  const { control } = run.shared;
  let outcome: "end" | "stopped" = "stopped";
  let failure: string | undefined;
  try {
    outcome = await handOn(source, run);
  } catch (error) {
    failure = run.fail(error);
  }
  if (control.isAborted) return undefined;
  endNotes(run);
  const upstream = source.upstreamEnd?.();
  // Not every loss has an event of its own.
  if (upstream) run.counters.countLostBefore(Math.max(0, upstream.lost - run.counters.lostBefore));
  return finish(run, source.summary?.() ?? {}, {
    isComplete: (upstream?.isComplete ?? source.isComplete?.() ?? true) && outcome === "end" && failure === undefined,
    lost: upstream?.lost ?? 0,
    stages: upstream?.stages ?? [],
    ...failureOf(failure ?? upstream?.failure),
  });
}

/** Fills frames and passes them on, until the source is exhausted or asked to end. */
async function handOn(source: SourceInstance, run: SerialRun): Promise<"end" | "stopped"> {
  const { shared, outlet, counters } = run;
  const { pool, control } = shared;
  const isRelay = source.upstreamEnd !== undefined;
  const { hasPixelChecksums } = run.layout;
  for (;;) {
    if (run.settling) await run.settling.deliver();
    // A relay is asked even while draining: the process before us was interrupted too and is about to say its last word.
    if (control.isStopped || (control.isDraining && !isRelay)) return "stopped";
    const frame = pool.acquire(control);
    if (!frame) return "stopped";
    const before = now();
    counters.waitingSince = before;
    let outcome: "frame" | "end" | "stopped";
    try {
      const given = source.next(frame);
      outcome = given instanceof Promise ? await given : given;
      if (outcome === "frame" && hasPixelChecksums) frame.pixelsCrc32 = checksumOf(frame);
    } catch (error) {
      pool.release(frame.slot);
      throw error;
    } finally {
      counters.waitingSince = undefined;
      counters.countBusy(msSince(before));
    }
    if (outcome !== "frame") {
      pool.release(frame.slot);
      return outcome;
    }
    frame.enteredAt = now();
    counters.countIn();
    if (frame.rowCount > 0) counters.countDetections(frame.rowCount);
    tellNotes(run, frame.header.frameNumber);
    run.settling?.came(frame.header.frameNumber);
    if (!outlet.frame(frame)) return "stopped";
  }
}

interface Hand {
  /** The last word of the stages before, once it came. */
  end: EndOfStream | undefined;
}

/** Runs a transform or sink until the stage before it has ended; undefined when the run was aborted. */
export async function runFlow(flow: FlowInstance, run: SerialRun): Promise<Finished | undefined> {
  const { control, branches } = run.shared;
  const hand: Hand = { end: undefined };
  let failure: string | undefined;
  try {
    await work(flow, run, hand);
  } catch (error) {
    failure = run.fail(error);
    // What still comes is counted here, and the stages behind get their end.
    branches.end(stageIndexOf(run));
    await countTheRest(run, hand);
  }
  if (control.isAborted || !hand.end) return undefined;
  const { end } = hand;
  return finish(run, flow.summary?.() ?? {}, {
    ...end,
    isComplete: end.isComplete && failure === undefined,
    ...failureOf(failure ?? end.failure),
  });
}

const nothingTold: readonly StreamEvent[] = [];

/** A mapper of this stage failed, which its own thread has told. */
export class MapperFailed extends Error {}

async function work(flow: FlowInstance, run: SerialRun, hand: Hand): Promise<void> {
  const { shared, outlet, counters } = run;
  const { pool, control } = shared;
  const changesPixels = changesInPush(run);
  const link = linkBefore(run);
  const products = shared.products[linkInto(run.layout, stageIndexOf(run))];
  const taken = nothingTaken();
  const gathered = new Gathered(flow, run, changesPixels);
  for (;;) {
    const due = flow.upkeep?.dueAt() ?? never;
    const outcome = due !== never && msSince(due) >= 0 ? "due" : link.takeBefore(taken, control, due);
    if (outcome === "end") return;
    if (outcome === "due") {
      if (control.isAborted) return;
      const before = now();
      await flow.upkeep!.run();
      counters.countBusy(msSince(before));
      continue;
    }
    const frame = pool.frame(taken.slot);
    for (const event of toldBefore(taken, run)) {
      noteFate(run, event);
      await flow.event?.(event);
      outlet.event(event);
    }
    if (frame.kind === slotKind.event) {
      const before = now();
      const event = readEvent(frame);
      pool.release(frame.slot);
      if (event.event === "end") {
        hand.end = endOf(event);
        if (!control.isAborted) await flow.flush?.(hand.end);
        counters.countBusy(msSince(before));
        return;
      }
      noteFate(run, event);
      await flow.event?.(event);
      outlet.event(event);
      continue;
    }
    do {
      const came = pool.frame(taken.slot);
      const next = changesPixels ? ownPixels(came, pool, control, counters) : came;
      if (!next) return;
      counters.countIn();
      run.held.add(next.slot);
      if (taken.isUnmapped) {
        await gathered.push();
        throw new MapperFailed();
      }
      gathered.add(next, taken.pushedAt, products?.at(taken.position));
    } while (!gathered.isFull && link.takeFrameNow(taken));
    if (!(await gathered.push())) return;
  }
}

/**
 * After a failure: the frames that the stage has and all that still come are lost to this stage, counted and told to the
 * stages behind it, each in its place, until the stages before have ended.
 */
async function countTheRest(run: SerialRun, hand: Hand): Promise<void> {
  const { shared, outlet, counters } = run;
  const { pool, control } = shared;
  const link = linkBefore(run);
  const taken = nothingTaken();
  let lost: FrameRun | undefined;

  function tell(): void {
    if (!lost) return;
    const { firstFrame, count } = lost;
    outlet.drop(count, stageFailedReason);
    run.fates?.add(firstFrame, count, `${run.plan.label}: ${stageFailedReason}`, "failed");
    outlet.event({ event: "drop", stage: run.plan.pathLabel, firstFrame, count, reason: stageFailedReason });
    lost = undefined;
  }

  function lose(frame: Frame): void {
    const { frameNumber } = frame.header;
    if (!extendRun(lost, frameNumber)) {
      tell();
      lost = { firstFrame: frameNumber, count: 1 };
    }
    pool.release(frame.slot);
  }

  for (const slot of run.held) lose(pool.frame(slot));
  while (!hand.end && link.take(taken, control)) {
    const frame = pool.frame(taken.slot);
    for (const event of toldBefore(taken, run)) {
      tell();
      noteFate(run, event);
      outlet.event(event);
    }
    if (frame.kind === slotKind.frame) {
      counters.countIn();
      lose(frame);
      continue;
    }
    const event = readEvent(frame);
    pool.release(frame.slot);
    tell();
    if (event.event === "end") hand.end = endOf(event);
    else {
      noteFate(run, event);
      outlet.event(event);
    }
  }
  tell();
}

/** Frames that did not come, as an event tells of them; a second copy of one that did is nothing new. */
function noteFate({ fates }: SerialRun, event: StreamEvent): void {
  if (!fates || !isLossEvent(event)) return;
  const who = event.event === "drop" ? event.stage : "source";
  const isFailed = event.reason === stageFailedReason || event.reason === frameFailedReason;
  const kind = isFailed ? "failed" : "lost";
  fates.add(event.firstFrame, event.count, `${who}: ${event.reason}`, kind);
}

function linkBefore(run: SerialRun): Link {
  return run.shared.links[linkInto(run.layout, stageIndexOf(run))]!;
}

/** Whether the serial part writes into pixels: where there are mappers, they do. */
function changesInPush(run: SerialRun): boolean {
  const stageIndex = stageIndexOf(run);
  return run.layout.changesPixels[stageIndex]! && !hasMappers(run.layout, stageIndex);
}

function stageIndexOf({ layout, plan }: SerialRun): number {
  return layout.threads[plan.threadIndex]!.stageIndex;
}

/** What comes before an entry: events that waited beside the link, and frames that its policy gave up. */
function toldBefore({ told, droppedCount, droppedFirst }: Taken, run: SerialRun): readonly StreamEvent[] {
  if (told.length === 0 && droppedCount === 0) return nothingTold;
  const events = told.map((bytes) => decodeEvent(bytes) as StreamEvent);
  if (droppedCount === 0) return events;
  const stage = run.plan.input.producedBy.at(-1)?.stage ?? "source";
  return [...events, { event: "drop", stage, firstFrame: droppedFirst, count: droppedCount, reason: linkFullReason }];
}

function endOf({ event: _, ...end }: EndEvent): EndOfStream {
  return end;
}

function failureOf(failure: string | undefined): { readonly failure?: string } {
  return failure === undefined ? {} : { failure };
}

/** The stage's report joins those of the stages before it and goes on with the end. */
function finish(run: SerialRun, summary: JsonObject, before: EndOfStream): Finished {
  const { plan, layout, shared, outlet, startedAt } = run;
  const own = stageReport(plan.pathLabel, stageIndexOf(run), layout, shared, outlet, startedAt, summary);
  outlet.end(before, own);
  return { own: { ...own, stage: plan.label }, before, isComplete: before.isComplete };
}
