/** The way out of a stage: frames and events into the link behind it, with what the link's policy gave up counted. */
import { failure } from "../errors.js";
import type { Frame } from "../memory/frame.js";
import type { StageCounters } from "../memory/stage-counters.js";
import type { StreamEvent } from "../model/event.js";
import { type EndOfStream, isLoss } from "../model/run-report.js";
import { now } from "../time.js";
import { formatCount } from "../units.js";
import { type EndEvent, lendEvent } from "./event-slot.js";
import type { RunShared } from "./thread-shared.js";

export const linkFullReason = "link full";
/** The link's spool could not take more: its limit, its disk's room or its disk's speed. */
export const spoolFullReason = "spool full";

export interface Outlet {
  /** Passes a frame on; the loan goes with it. False when the run was aborted. */
  frame(frame: Frame): boolean;
  event(event: StreamEvent): void;
  /** Counts frames that end here. */
  drop(frames: number, reason: string): void;
  /** Passes the stream's last word on; nothing may follow. */
  end(end: EndOfStream): void;
  /** Frames dropped here so far, by reason. */
  readonly dropped: Readonly<Record<string, number>>;
}

/** There is no link behind the last stage: frames end there. `hasMappers` says whether the next stage works in parallel. */
export function createOutlet(
  label: string,
  shared: RunShared,
  stageIndex: number,
  hasMappers: boolean,
  counters: StageCounters,
): Outlet {
  const { pool, control } = shared;
  const link = shared.links[stageIndex];
  const overflow = shared.overflows[stageIndex];
  const dropped: Record<string, number> = {};
  /** Entries that went to the spool's queue. */
  let queued = 0;

  function drop(frames: number, reason: string): void {
    dropped[reason] = (dropped[reason] ?? 0) + frames;
    counters.countDropped(frames, isLoss(reason));
  }

  /** The link's policy was to fail: nobody waits until the slow stage has taken what was in front of it. */
  function giveUpWaiting(): number {
    drop(1, linkFullReason);
    let frames = 0;
    for (let slot = link!.takeBack(); slot >= 0; slot = link!.takeBack()) {
      pool.release(slot);
      counters.countOut(-1);
      drop(1, linkFullReason);
      frames++;
    }
    return frames;
  }

  /** Into the link; when that spills and is full, or anything is still in the spool, behind that. Answers as `Link.push`. */
  function put(slot: number, frameNumber: number, isReady: boolean, isLossless: boolean): number {
    if (!overflow || overflow.isSettled(queued)) {
      const given = link!.push(slot, frameNumber, isReady, isLossless, now(), control);
      if (given !== -4) return given;
    }
    return queue(slot, frameNumber, isLossless);
  }

  function queue(slot: number, frameNumber: number, isLossless: boolean): number {
    const given = overflow!.queue.push(slot, frameNumber, true, isLossless, now(), control);
    if (given === -1) queued++;
    // The spool's thread may be waiting for room in the link.
    link!.nudge();
    return given;
  }

  return {
    dropped,
    drop,
    frame(frame) {
      if (!link) {
        pool.release(frame.slot);
        counters.countOut();
        return true;
      }
      const given = put(frame.slot, frame.header.frameNumber, !hasMappers, false);
      if (given === -1) {
        counters.countOut();
        return true;
      }
      if (given >= 0) {
        pool.release(given);
        drop(1, overflow ? spoolFullReason : linkFullReason);
        return true;
      }
      const { frameNumber } = frame.header;
      pool.release(frame.slot);
      if (given === -3) {
        const lost = formatCount(1 + giveUpWaiting(), "frame");
        throw failure(
          "fell-behind",
          label,
          `the next stage did not keep up at frame ${frameNumber}, and --backpressure fail was asked for: ${lost} that waited for it are lost`,
          "Use --backpressure spill to let frames wait on a disk, drop-newest to lose them (counted), or block to wait.",
        );
      }
      return false;
    },
    event(event) {
      if (!link) return;
      const frame = lendEvent(label, event, pool, control);
      if (frame && put(frame.slot, -1, true, true) !== -1) pool.release(frame.slot);
    },
    end(end) {
      if (!link) return;
      // The end's entry carries what the policy gave up last, like any entry. The spool adds its own figures to it.
      const event: EndEvent = { event: "end", ...end };
      const frame = lendEvent(label, event, pool, control);
      const given = frame && (overflow ? queue(frame.slot, -1, true) : put(frame.slot, -1, true, true));
      if (frame && given !== -1) pool.release(frame.slot);
      if (overflow) overflow.queue.close();
      else link.close();
    },
  };
}
