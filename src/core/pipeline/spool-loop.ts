/**
 * The thread behind a link that spills: takes what the producer could not put into the link, keeps it on a disk, and puts
 * it into the link, in order, as soon as there is room. The producer never waits for the disk, and what is on the disk goes
 * on also while the producer waits for its camera. Entries that find the spool empty and the link with room never touch
 * the disk.
 */
import type { Frame } from "../memory/frame.js";
import { slotKind } from "../memory/slot-layout.js";
import type { StageCounters } from "../memory/stage-counters.js";
import { nothingTaken } from "../memory/taken.js";
import type { StreamEvent } from "../model/event.js";
import { type LinkReport, readerGoneReason, type SpillReport, type StageReport } from "../model/run-report.js";
import type { Spool } from "../storage/spool/spool.js";
import { instantOf, msBetween, msSince, now, type WallOffset } from "../time.js";
import { formatCount } from "../units.js";
import { type EndEvent, lendEvent, readEvent } from "./event-slot.js";
import { lostOn } from "./path-report.js";
import type { RunShared } from "./thread-shared.js";
import { spoolFullReason } from "./way.js";

/** Frames that stay in the spool's files because the run was ended before their turn. */
const leftReason = "left in the spool";
/** Frames that were in the spool and could not be read back. */
const unreadableReason = "spool unreadable";

export interface SpoolRun {
  /** The stage in front of the link, for complaints and in the stream. */
  readonly label: string;
  readonly pathLabel: string;
  readonly linkIndex: number;
  /** The next stage works in parallel. */
  readonly hasMappers: boolean;
  readonly shared: RunShared;
  /** Entries the queue has room for. */
  readonly queueCapacity: number;
  readonly spool: Spool;
  /** Frames that are not taken are lost. */
  readonly isLive: boolean;
  readonly counters: StageCounters;
  /** How the run's clock makes the stamps of its frames. */
  readonly wallOffset: WallOffset;
  warn(text: string): void;
}

/** What the spool's frames came to, for the report of its link. */
export interface SpoolEnd {
  readonly spill: SpillReport;
  /** Frames that did not come back, by reason. */
  readonly givenUp: Readonly<Record<string, number>>;
}

/** Works until the stream's end has gone into the link; the link is closed then. */
export function runSpool(run: SpoolRun): SpoolEnd {
  const { label, pathLabel, shared, spool, counters } = run;
  const { pool, control } = shared;
  const link = shared.links[run.linkIndex]!;
  const overflow = shared.overflows[run.linkIndex]!;
  const { queue } = overflow;
  const entry = nothingTaken();
  const startedAt = now();
  let taken = 0;
  /** What comes next, in this order: frames the producer gave up, then the entry behind them, then the end. */
  let untold: StreamEvent | undefined;
  let hand: Frame | undefined;
  let end: EndEvent | undefined;
  const givenUp: Record<string, number> = {};
  let left = 0;
  let refusedBy = "";
  const warned = new Set<string>();

  /** Says once for each reason why frames do not get into the spool. */
  function warnOfLoss(): void {
    const why = refusedBy || "its disk does not keep up";
    refusedBy = "";
    if (!warned.has(why)) run.warn(`the spool is full (${why}): the newest frames are lost until it has room`);
    warned.add(why);
  }

  /** Makes sure there is something to place; waits for it when nothing else is to be done. False when there is nothing. */
  function fetch(): boolean {
    if (untold || hand) return true;
    if (end) return false;
    if (spool.isEmpty) {
      if (!queue.take(entry, control)) return false;
    } else if (queue.takeNow(entry) !== "taken") return false;
    taken++;
    if (entry.droppedCount > 0) {
      untold = dropEvent(pathLabel, entry.droppedFirst, entry.droppedCount, spoolFullReason);
      warnOfLoss();
    }
    hand = pool.frame(entry.slot);
    if (hand.kind === slotKind.event) {
      const event = readEvent(hand);
      if (event.event === "end") {
        end = event as EndEvent;
        pool.release(hand.slot);
        hand = undefined;
      }
    }
    return untold !== undefined || hand !== undefined;
  }

  /** Into the link if its turn is now, else onto the disk. False when neither takes it. */
  function place(): boolean {
    if (untold && !placeEvent(untold)) return false;
    untold = undefined;
    if (hand && !placeHand(hand)) return false;
    hand = undefined;
    return true;
  }

  function placeEvent(event: StreamEvent): boolean {
    if (!spool.isEmpty || !link.hasRoom) return spool.writeEvent(event);
    pushEvent(event);
    return true;
  }

  function placeHand(frame: Frame): boolean {
    if (spool.isEmpty && link.hasRoom) {
      push(frame);
      return true;
    }
    const isWritten =
      frame.kind === slotKind.event ? spool.writeEvent(readEvent(frame) as StreamEvent) : spool.write(frame);
    if (isWritten) pool.release(frame.slot);
    return isWritten;
  }

  /** The oldest of the disk into the link. False when there is nothing, or no room. */
  function bringBack(): boolean {
    if (spool.isEmpty || !link.hasRoom) return false;
    const frame = pool.acquire(control);
    if (!frame) return false;
    const { events, hasFrame, lost } = spool.read(frame);
    for (const event of events) pushEvent(event);
    if (lost) {
      giveUp(lost.count, unreadableReason);
      pushEvent(dropEvent(pathLabel, lost.firstFrame, lost.count, unreadableReason));
      run.warn(`${formatCount(lost.count, "frame")} of the spool cannot be read back: ${lost.why}`);
    }
    if (!hasFrame) pool.release(frame.slot);
    else {
      // The age of a frame counts its time on the disk, where this run's clock says when it came.
      const receivedAt = instantOf(frame.header.receivedAtNs, run.wallOffset);
      const isOfThisRun = msBetween(startedAt, receivedAt) >= 0 && msSince(receivedAt) >= 0;
      frame.enteredAt = isOfThisRun ? receivedAt : now();
      push(frame);
    }
    return true;
  }

  /** Into the link, waiting for room; the slot is free again when the run was aborted. */
  function push(frame: Frame): void {
    const isEvent = frame.kind === slotKind.event;
    for (;;) {
      const seen = link.spaceBell;
      const number = isEvent ? -1 : frame.header.frameNumber;
      const given = link.push(frame.slot, number, isEvent || !run.hasMappers, isEvent, now(), control);
      if (given === -1) return;
      if (control.isAborted) break;
      link.waitForSpace(seen);
    }
    pool.release(frame.slot);
  }

  function pushEvent(event: StreamEvent | EndEvent): void {
    const frame = lendEvent(label, event, pool, control);
    if (frame) push(frame);
  }

  function giveUp(frames: number, why: string): void {
    if (frames === 0) return;
    givenUp[why] = (givenUp[why] ?? 0) + frames;
    shared.linkCounters[run.linkIndex]!.countGivenUp(frames, why);
  }

  /** The run ends at once: what is kept elsewhere and nobody reads any more goes, all else is kept where it is. */
  function cutShort(): void {
    if (control.isLeft && !run.isLive) {
      giveUp(spool.discard(), readerGoneReason(false));
      return;
    }
    const { firstFrame, count } = spool.leave();
    left += count;
    giveUp(count, leftReason);
    if (count > 0) pushEvent(dropEvent(pathLabel, firstFrame, count, leftReason));
  }

  function busily(work: () => boolean): boolean {
    const startedAt = now();
    const didWork = work();
    if (didWork) counters.countBusy(msSince(startedAt));
    return didWork;
  }

  /** One step; false when there is nothing to do. */
  function step(): boolean {
    const isCutShort = control.isStopped && !control.isAborted && !spool.isEmpty;
    // What still comes joins what is on the disk, so that it is one piece that is left.
    if (isCutShort && (end || (control.isLeft && !run.isLive))) cutShort();
    // Room in memory is for the producer: the disk is read only while the queue is not filling up.
    const isUrgent = isCutShort || (!hand && queue.depth.now > run.queueCapacity / 2);
    const didWork =
      (!isUrgent && busily(bringBack)) || (fetch() && busily(place)) || (isUrgent && !isCutShort && busily(bringBack));
    if (isCutShort && !didWork && !end && !spool.isEmpty && (hand || untold)) cutShort();
    if (hand) refusedBy = spool.refusal;
    overflow.frames = spool.frames;
    if (spool.isEmpty && !untold && !hand) overflow.settle(taken);
    return didWork;
  }

  for (;;) {
    const seen = link.spaceBell;
    const didWork = step();
    if (control.isAborted) break;
    if (didWork) continue;
    if (end && spool.isEmpty && !untold) {
      pushEvent(withSpill(end, spoolEnd()));
      break;
    }
    link.waitForSpace(seen);
  }
  link.close();
  const ended = spoolEnd();
  leave();
  return ended;

  function spoolEnd(): SpoolEnd {
    const all = Object.values(givenUp).reduce((sum, frames) => sum + frames, 0);
    const spill = { frames: spool.framesSpilled, returned: spool.framesSpilled - all, mostBytes: spool.mostBytes };
    return { spill, givenUp };
  }

  /** Deletes what is empty; names what is left. After an abort, what was still on its way to the disk joins the rest. */
  function leave(): void {
    if (!spool.isEmpty && hand?.kind === slotKind.frame) spool.write(hand);
    while (!spool.isEmpty && queue.takeNow(entry) === "taken") {
      const frame = pool.frame(entry.slot);
      if (frame.kind === slotKind.frame) spool.write(frame);
    }
    const frames = left + spool.frames;
    overflow.frames = spool.frames;
    if (spool.frames === 0) spool.discard();
    const [first, ...more] = spool.close();
    if (first === undefined) return;
    const files = more.length === 0 ? first : `${first} and ${formatCount(more.length, "file")} like it`;
    run.warn(
      frames > 0
        ? `${formatCount(frames, "frame")} still wait in ${files}: mote recover FILE takes them out`
        : `what could not be read back is in ${files}: mote recover FILE takes out what it can`,
    );
  }
}

function dropEvent(stage: string, firstFrame: number, count: number, reason: string): StreamEvent {
  return { event: "drop", stage, firstFrame, count, reason };
}

/** The end with what the spool did, in the report of the stage in front of it. */
function withSpill(end: EndEvent, ended: SpoolEnd): EndEvent {
  const own = end.stages.at(-1);
  if (!own) return end;
  const report = reportBehindSpool(own, ended);
  const lost = lostOn(report) - lostOn(own);
  return { ...end, lost: end.lost + lost, stages: [...end.stages.slice(0, -1), report] };
}

/** A report of a stage, or of the link behind it, with what the link's spool gave up. */
export function reportBehindSpool<Report extends StageReport | LinkReport>(report: Report, ended: SpoolEnd): Report {
  const dropped = { ...report.dropped };
  let all = 0;
  for (const [why, frames] of Object.entries(ended.givenUp)) {
    dropped[why] = (dropped[why] ?? 0) + frames;
    all += frames;
  }
  const { spill } = ended;
  return { ...report, out: report.out - all, dropped, ...(spill.frames > 0 ? { spill } : {}) };
}
