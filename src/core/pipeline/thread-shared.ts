/** The shared structures of a run as one thread sees them. */

import { Branches, branchWords } from "../memory/branches.js";
import { FramePool } from "../memory/frame-pool.js";
import { Link, linkWords } from "../memory/link.js";
import { LinkCounters } from "../memory/link-counters.js";
import { Mailbox, mailboxWords } from "../memory/mailbox.js";
import { Overflow, overflowWords } from "../memory/overflow.js";
import { Products } from "../memory/products.js";
import { Returns, returnsWords } from "../memory/returns.js";
import { RunControl } from "../memory/run-control.js";
import { StageCounters } from "../memory/stage-counters.js";
import { blockOf } from "./detection-blocks.js";
import type { RunLayout } from "./run-layout.js";

export interface RunShared {
  readonly control: RunControl;
  readonly pool: FramePool;
  readonly links: readonly Link[];
  /** Beside each link, what it overflows into; undefined when its policy is not `spill`. */
  readonly overflows: readonly (Overflow | undefined)[];
  /** What the mappers behind each link make; undefined when they make none. */
  readonly products: readonly (Products | undefined)[];
  /** One a link, in the layout's order. */
  readonly linkCounters: readonly LinkCounters[];
  readonly branches: Branches;
  /** Notes for the source, which it tells before its next frame. */
  readonly mailbox: Mailbox;
  /** The way back from the sinks that keep frames to a source that wants to hear of them. */
  readonly returns: Returns;
  /** One a thread, in the layout's order. */
  readonly counters: readonly StageCounters[];
}

/** `stageIndex`: the stage whose thread it is; left out: one that looks at no frames. */
export function attachRun(
  layout: RunLayout,
  control: SharedArrayBuffer,
  memory: WebAssembly.Memory,
  stageIndex?: number,
): RunShared {
  const use = stageIndex === undefined ? undefined : layout.detectionBlocks[stageIndex];
  const words = (at: number, length: number) => new Int32Array(control, at * 4, length);
  const runControl = new RunControl(new Int32Array(control, 0, layout.poolWordsAt));
  const { branchesAt, mailboxAt, returnsAt, keepers, sinksBehind, onFailure } = layout;
  return {
    control: runControl,
    branches: new Branches(
      words(branchesAt, branchWords(sinksBehind.length)),
      sinksBehind,
      onFailure === "end-run",
      runControl,
    ),
    mailbox: new Mailbox(words(mailboxAt, mailboxWords)),
    returns: new Returns(words(returnsAt, returnsWords(keepers.length)), keepers.length),
    pool: new FramePool(
      new Int32Array(control, layout.poolWordsAt * 4),
      memory.buffer,
      layout.pool,
      use ? blockOf(use) : null,
    ),
    links: layout.links.map(({ shape, wordsAt }) => new Link(words(wordsAt, linkWords(shape)), shape)),
    overflows: layout.links.map(({ overflow }) =>
      overflow ? new Overflow(words(overflow.wordsAt, overflowWords(overflow.queue)), overflow.queue) : undefined,
    ),
    products: layout.links.map(({ products }) => (products ? new Products(memory.buffer, products) : undefined)),
    linkCounters: layout.links.map(({ countersAt }) => new LinkCounters(control, countersAt)),
    counters: layout.threads.map((thread) => new StageCounters(control, thread.countersAt)),
  };
}
