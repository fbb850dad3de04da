/** The way out of a stage: frames and events into every link behind it. A slot goes to all of them; the last one lets it go. */
import type { MoteError } from "../errors.js";
import type { Frame } from "../memory/frame.js";
import type { StageCounters } from "../memory/stage-counters.js";
import type { StreamEvent } from "../model/event.js";
import { type EndOfStream, isLoss, type LinkReport, type StageReport } from "../model/run-report.js";
import { lendEvent } from "./event-slot.js";
import { lostOn, reportOnPath } from "./path-report.js";
import type { RunShared } from "./thread-shared.js";
import type { Way } from "./way.js";

export interface Outlet {
  /** Passes a frame on; the loan goes with it. False when the run was aborted. Throws when a link was to fail and did. */
  frame(frame: Frame): boolean;
  event(event: StreamEvent): void;
  /** Counts frames that end here. */
  drop(frames: number, reason: string): void;
  /** Passes the stream's last word on, with this stage's report as each way makes it; nothing may follow. */
  end(before: EndOfStream, own: StageReport): void;
  /** Frames dropped by the stage itself so far, by reason. */
  readonly dropped: Readonly<Record<string, number>>;
  /** Of each way, what became of the frames on it; its spool, if it has one, has more to say. */
  readonly links: readonly LinkReport[];
}

export interface OutletRequest {
  /** For complaints. */
  readonly label: string;
  readonly shared: RunShared;
  /** There is none behind a sink: frames end there. */
  readonly ways: readonly Way[];
  readonly counters: StageCounters;
  /** Tells the failure of one way where the others go on; undefined where it is the stage's own. */
  readonly failWay: ((error: MoteError) => string) | undefined;
}

export function createOutlet({ label, shared, ways, counters, failWay }: OutletRequest): Outlet {
  const { pool, control } = shared;
  const dropped: Record<string, number> = {};

  return {
    dropped,
    get links() {
      return ways.map(({ report }) => report);
    },
    drop(frames, reason) {
      dropped[reason] = (dropped[reason] ?? 0) + frames;
      counters.countDropped(frames, isLoss(reason));
    },
    frame(frame) {
      counters.countOut();
      if (ways.length === 0) {
        pool.release(frame.slot);
        return true;
      }
      pool.retain(frame.slot, ways.length - 1);
      let isGoing = true;
      let failed: MoteError | undefined;
      for (const way of ways) {
        const outcome = way.frame(frame);
        if (outcome === "aborted") isGoing = false;
        else if (outcome !== "ok") {
          if (failWay) way.failure = failWay(outcome);
          else failed ??= outcome;
        }
      }
      if (failed) throw failed;
      return isGoing;
    },
    event(event) {
      if (ways.length === 0) return;
      const frame = lendEvent(label, event, pool, control);
      if (!frame) return;
      pool.retain(frame.slot, ways.length - 1);
      for (const way of ways) way.event(frame);
    },
    end(before, own) {
      for (const way of ways) {
        const { failure = before.failure, report } = way;
        const stages = [...before.stages, reportOnPath(own, report)];
        const lost = before.lost + lostOn(own) + lostOn(report);
        const isComplete = before.isComplete && way.failure === undefined;
        way.end({ ...before, event: "end", isComplete, lost, stages, ...(failure === undefined ? {} : { failure }) });
      }
    },
  };
}
