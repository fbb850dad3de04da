/** The shared structures of a run as one thread sees them. */
import { FramePool } from "../memory/frame-pool.js";
import { Link } from "../memory/link.js";
import { RunControl } from "../memory/run-control.js";
import { StageCounters } from "../memory/stage-counters.js";
import type { RunLayout } from "./run-layout.js";

export interface RunShared {
  readonly control: RunControl;
  readonly pool: FramePool;
  readonly links: readonly Link[];
  /** One a thread, in the layout's order. */
  readonly counters: readonly StageCounters[];
}

export function attachRun(layout: RunLayout, control: SharedArrayBuffer, memory: WebAssembly.Memory): RunShared {
  return {
    control: new RunControl(new Int32Array(control, 0, layout.poolWordsAt)),
    pool: new FramePool(new Int32Array(control, layout.poolWordsAt * 4), memory.buffer, layout.pool),
    links: layout.links.map(
      ({ shape, wordsAt }) => new Link(new Int32Array(control, wordsAt * 4, linkLength(layout, wordsAt)), shape),
    ),
    counters: layout.threads.map((thread) => new StageCounters(control, thread.countersAt)),
  };
}

/** Words from a link's first to the next structure's. */
function linkLength(layout: RunLayout, wordsAt: number): number {
  const starts = layout.links.map((link) => link.wordsAt).filter((start) => start > wordsAt);
  return Math.min(layout.threads[0]!.countersAt / 4, ...starts) - wordsAt;
}
