/** One of the ways out of a stage: into a link, with its spool if it has one; what the link's policy gives up is counted. */
import { failure, type MoteError } from "../errors.js";
import type { Frame } from "../memory/frame.js";
import type { LinkCounters } from "../memory/link-counters.js";
import type { StreamEvent } from "../model/event.js";
import { extendRun, type FrameRun } from "../model/frame-run.js";
import { harmlessReasons, type LinkReport, stageFailedReason } from "../model/run-report.js";
import { now } from "../time.js";
import { formatCount } from "../units.js";
import { type EndEvent, encodeEvent, eventBytes, lendEncoded, lendEvent } from "./event-slot.js";
import { hasMappers, type RunLayout } from "./run-layout.js";
import type { RunShared } from "./thread-shared.js";

export const linkFullReason = "link full";
/** The link's spool could not take more: its limit, its disk's room or its disk's speed. */
export const spoolFullReason = "spool full";

/** "aborted": nothing needs to go anywhere any more; an error: the policy was to fail, and the link did. */
export type PutOutcome = "ok" | "aborted" | MoteError;

export interface WayRequest {
  /** For complaints: the stage in front of the link, and the one behind it. */
  readonly label: string;
  readonly consumer: string;
  /** How the stage in front is called in the stream. */
  readonly pathLabel: string;
  readonly linkIndex: number;
  readonly layout: RunLayout;
  readonly shared: RunShared;
}

export class Way {
  /** Frames that did not get out of the link, or not into it, by reason. */
  readonly dropped: Record<string, number> = {};
  /** Why it takes nothing more. */
  failure: string | undefined;
  readonly #request: WayRequest;
  readonly #counters: LinkCounters;
  readonly #isReady: boolean;
  /** It leads to an observer, which nobody waits for, and which hears of no frames that it is not shown. */
  readonly isTap: boolean;
  /** Frames that came so far. */
  #came = 0;
  /** Frames left out since the last entry, for each of which `every` or a failure is the reason. */
  #untold: (FrameRun & { readonly reason: string }) | undefined;
  /** Entries that went to the spool's queue. */
  #queued = 0;
  /** Told beside the entries, so that nothing but a frame or the end ever needs a place in the link. */
  readonly #hasLane: boolean;
  /** What the lane has had no room for yet, the oldest first. */
  readonly #waiting: Uint8Array[] = [];

  constructor(request: WayRequest) {
    const { layout, shared, linkIndex } = request;
    this.#request = request;
    this.#counters = shared.linkCounters[linkIndex]!;
    const { to, isTap, shape } = layout.links[linkIndex]!;
    this.isTap = isTap;
    this.#hasLane = shape.hasLane === true;
    this.#isReady = !hasMappers(layout, to);
  }

  /** Whether a full link makes the others wait. */
  get canBlock(): boolean {
    const { layout, linkIndex } = this.#request;
    return layout.links[linkIndex]!.policy === "block";
  }

  /** Passes a frame on; the loan goes with it. */
  frame(frame: Frame): PutOutcome {
    const { label, shared, layout, linkIndex } = this.#request;
    const { frameNumber } = frame.header;
    this.#counters.countIn();
    const isTurn = this.#came++ % layout.links[linkIndex]!.every === 0;
    if (this.failure !== undefined || !isTurn) {
      shared.pool.release(frame.slot);
      this.#leaveOut(frameNumber, this.failure === undefined ? harmlessReasons.everyNth : stageFailedReason);
      return "ok";
    }
    if (this.#hasLane) return this.#frameBesideLane(frame);
    this.#tellLeftOut();
    const given = this.#put(frame.slot, frameNumber, this.#isReady, false);
    if (given === -1) return "ok";
    if (given >= 0) {
      shared.pool.release(given);
      this.drop(1, this.#fullReason);
      return "ok";
    }
    shared.pool.release(frame.slot);
    if (given !== -3) return "aborted";
    const lost = formatCount(1 + this.#giveUpWaiting(), "frame");
    return failure(
      "fell-behind",
      label,
      `the next stage did not keep up at frame ${frameNumber}, and --backpressure fail was asked for: ${lost} that waited for it are lost`,
      "Use --backpressure spill to let frames wait on a disk, drop-newest to lose them (counted), or block to wait.",
    );
  }

  /** Passes on an event that the slot holds; the loan goes with it. */
  event(frame: Frame): void {
    this.#tellLeftOut();
    if (this.#hasLane) {
      this.#waiting.push(eventBytes(frame));
      this.#request.shared.pool.release(frame.slot);
      return;
    }
    if (this.#put(frame.slot, -1, true, true) !== -1) this.#request.shared.pool.release(frame.slot);
  }

  /** Passes the stream's last word on; nothing may follow. The spool adds its own figures to it. */
  end(end: EndEvent): void {
    this.#tellLeftOut();
    const { label, shared, linkIndex } = this.#request;
    const frame = lendEvent(label, end, shared.pool, shared.control);
    const overflow = this.#overflow;
    if (this.#hasLane) this.#tellAll();
    if (this.isTap || this.#hasLane) {
      if (frame) shared.links[linkIndex]!.pushLast(frame.slot, now());
      shared.links[linkIndex]!.close();
      return;
    }
    // The end's entry carries what the policy gave up last, like any entry.
    const given = frame && (overflow ? this.#queue(frame.slot, -1, true) : this.#put(frame.slot, -1, true, true));
    if (frame && given !== -1) shared.pool.release(frame.slot);
    if (overflow) overflow.queue.close();
    else shared.links[linkIndex]!.close();
  }

  drop(frames: number, reason: string): void {
    this.dropped[reason] = (this.dropped[reason] ?? 0) + frames;
    this.#counters.countDropped(frames, reason);
  }

  /** What went in and did not come out, but for what its spool has to say. */
  get report(): LinkReport {
    const { label, consumer, layout, linkIndex } = this.#request;
    const { policy, every } = layout.links[linkIndex]!;
    const dropped = Object.values(this.dropped).reduce((sum, frames) => sum + frames, 0);
    const { in: came } = this.#counters;
    return { from: label, to: consumer, policy, every, in: came, out: came - dropped, dropped: { ...this.dropped } };
  }

  get #fullReason(): string {
    if (this.isTap) return harmlessReasons.notShown;
    return this.#overflow ? spoolFullReason : linkFullReason;
  }

  get #overflow() {
    const { shared, linkIndex } = this.#request;
    return shared.overflows[linkIndex];
  }

  #leaveOut(frameNumber: number, reason: string): void {
    this.drop(1, reason);
    if (this.isTap) return;
    if (this.#untold?.reason === reason && extendRun(this.#untold, frameNumber)) return;
    this.#tellLeftOut();
    this.#untold = { firstFrame: frameNumber, count: 1, reason };
  }

  /** The stages behind hear of frames that were left out before the next entry, as of any other loss. */
  #tellLeftOut(): void {
    if (!this.#untold) return;
    const { label, shared } = this.#request;
    const event = this.#dropped(this.#untold, this.#untold.reason);
    this.#untold = undefined;
    if (this.#hasLane) {
      this.#waiting.push(encodeEvent(event));
      return;
    }
    const frame = lendEvent(label, event, shared.pool, shared.control);
    if (frame && this.#put(frame.slot, -1, true, true) !== -1) shared.pool.release(frame.slot);
  }

  /**
   * A frame where the policy gives up frames: it never waits. One that is not let in is left out like those that are not its turn; while
   * the lane is full, which a branch that is stuck may make it, that is each.
   */
  #frameBesideLane(frame: Frame): PutOutcome {
    const { shared, layout, linkIndex } = this.#request;
    const { pool, control } = shared;
    const { frameNumber } = frame.header;
    const link = shared.links[linkIndex]!;
    const isKept = layout.links[linkIndex]!.policy !== "drop-newest" || link.hasRoom;
    if (!isKept || !this.#tell()) {
      pool.release(frame.slot);
      this.#leaveOut(frameNumber, linkFullReason);
      return "ok";
    }
    const given = link.push(frame.slot, frameNumber, this.#isReady, false, now(), control);
    const displaced = link.takeDisplaced();
    if (displaced) this.#waiting.push(encodeEvent(this.#dropped(displaced, linkFullReason)));
    if (given === -1) return "ok";
    pool.release(given >= 0 ? given : frame.slot);
    if (given < 0) return "aborted";
    this.drop(1, linkFullReason);
    return "ok";
  }

  /**
   * Brings what is to be told before the next entry into the lane, or, where that is full, into the link as an entry, behind which the lane
   * is emptied. False when there is not room for all of it.
   */
  #tell(): boolean {
    const link = this.#request.shared.links[this.#request.linkIndex]!;
    for (;;) {
      let told = 0;
      while (told < this.#waiting.length) {
        const next = this.#waiting[told]!;
        if (!link.tell(next) && !(link.hasRoom && this.#pushTold(next))) break;
        told++;
      }
      this.#waiting.splice(0, told);
      if (this.#waiting.length > 0) return false;
      if (!this.#untold) return true;
      this.#tellLeftOut();
    }
  }

  #pushTold(event: Uint8Array): boolean {
    const { label, shared } = this.#request;
    const frame = lendEncoded(label, event, shared.pool, shared.control);
    return frame !== undefined && this.#put(frame.slot, -1, true, true) === -1;
  }

  /** The same before the end, which waits for it. */
  #tellAll(): void {
    const { shared, linkIndex } = this.#request;
    const link = shared.links[linkIndex]!;
    for (let seen = link.spaceBell; !this.#tell() && !shared.control.isAborted; seen = link.spaceBell) {
      link.waitForSpace(seen);
    }
  }

  #dropped({ firstFrame, count }: FrameRun, reason: string): StreamEvent {
    return { event: "drop", stage: this.#request.pathLabel, firstFrame, count, reason };
  }

  /** The link's policy was to fail: nobody waits until the slow stage has taken what was in front of it. */
  #giveUpWaiting(): number {
    const { shared, linkIndex } = this.#request;
    this.drop(1, linkFullReason);
    const link = shared.links[linkIndex]!;
    let frames = 0;
    for (let slot = link.takeBack(); slot >= 0; slot = link.takeBack()) {
      shared.pool.release(slot);
      this.drop(1, linkFullReason);
      frames++;
    }
    return frames;
  }

  /** Into the link; when that spills and is full, or anything is still in the spool, behind that. Answers as `Link.push`. */
  #put(slot: number, frameNumber: number, isReady: boolean, isLossless: boolean): number {
    const { shared, linkIndex } = this.#request;
    const overflow = this.#overflow;
    if (!overflow || overflow.isSettled(this.#queued)) {
      const given = shared.links[linkIndex]!.push(slot, frameNumber, isReady, isLossless, now(), shared.control);
      if (given !== -4) return given;
    }
    return this.#queue(slot, frameNumber, isLossless);
  }

  #queue(slot: number, frameNumber: number, isLossless: boolean): number {
    const { shared, linkIndex } = this.#request;
    const given = this.#overflow!.queue.push(slot, frameNumber, true, isLossless, now(), shared.control);
    if (given === -1) this.#queued++;
    // The spool's thread may be waiting for room in the link.
    shared.links[linkIndex]!.nudge();
    return given;
  }
}

/** The ways behind a stage: those that never make another wait come first. */
export function waysBehind(
  stageIndex: number,
  labels: readonly string[],
  pathLabel: string,
  layout: RunLayout,
  shared: RunShared,
): readonly Way[] {
  const label = labels[stageIndex]!;
  const ways = layout.links.flatMap(({ from, to }, linkIndex) =>
    from === stageIndex ? [new Way({ label, consumer: labels[to]!, pathLabel, linkIndex, layout, shared })] : [],
  );
  return ways.sort((a, b) => Number(a.canBlock) - Number(b.canBlock));
}
