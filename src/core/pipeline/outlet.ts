/** The way out of a stage: frames and events into the link behind it, with what the link's policy gave up counted. */
import { failure } from "../errors.js";
import type { Frame } from "../memory/frame.js";
import type { Link } from "../memory/link.js";
import { slotKind } from "../memory/slot-layout.js";
import type { StageCounters } from "../memory/stage-counters.js";
import type { StreamEvent } from "../model/event.js";
import { type EndOfStream, isLoss } from "../model/run-report.js";
import { nowMs } from "./clock.js";
import type { RunShared } from "./thread-shared.js";

export const linkFullReason = "link full";

export interface Outlet {
  /** Passes a frame on; the loan goes with it. False when the run was aborted. */
  frame(frame: Frame): boolean;
  event(event: StreamEvent): void;
  /** Counts frames that end here. */
  drop(frames: number, reason: string): void;
  end(end: EndOfStream): void;
  /** Frames dropped here so far, by reason. */
  readonly dropped: Readonly<Record<string, number>>;
}

/** `link` is undefined behind the last stage: frames end there. `hasMappers` says whether the next stage works in parallel. */
export function createOutlet(
  label: string,
  shared: RunShared,
  link: Link | undefined,
  hasMappers: boolean,
  counters: StageCounters,
): Outlet {
  const { pool, control } = shared;
  const dropped: Record<string, number> = {};
  const encoder = new TextEncoder();

  function drop(frames: number, reason: string): void {
    dropped[reason] = (dropped[reason] ?? 0) + frames;
    counters.countDropped(frames, isLoss(reason));
  }

  function send(json: unknown): void {
    if (!link) return;
    const frame = pool.acquire(control);
    if (!frame) return;
    const bytes = encoder.encode(JSON.stringify(json));
    const room = frame.bytes.subarray(256);
    if (bytes.length > room.length) {
      pool.release(frame.slot);
      throw failure(label, `an event of ${bytes.length} bytes does not fit into a slot of ${room.length}`);
    }
    room.set(bytes);
    frame.kind = slotKind.event;
    frame.eventBytes = bytes.length;
    if (link.push(frame.slot, -1, true, true, nowMs(), control) !== -1) pool.release(frame.slot);
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
      const given = link.push(frame.slot, frame.header.frameNumber, !hasMappers, false, nowMs(), control);
      if (given === -1) {
        counters.countOut();
        return true;
      }
      if (given >= 0) {
        pool.release(given);
        drop(1, linkFullReason);
        return true;
      }
      pool.release(frame.slot);
      if (given === -3) {
        throw failure(
          label,
          `the next stage did not keep up at frame ${frame.header.frameNumber}, and --backpressure fail was asked for`,
          "Use --backpressure drop-newest to lose frames (counted), or block to wait.",
        );
      }
      return false;
    },
    event(event) {
      send(event);
    },
    end(end) {
      if (!link) return;
      // The end's entry carries what the policy gave up last, like any entry.
      send({ event: "end", ...end });
    },
  };
}

/** The event a slot holds. */
export function readEvent(frame: Frame): StreamEvent | ({ readonly event: "end" } & EndOfStream) {
  const text = new TextDecoder().decode(frame.bytes.slice(256, 256 + frame.eventBytes));
  return JSON.parse(text) as StreamEvent;
}
