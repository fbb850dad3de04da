/** A mapper thread: claims frames, works on them in place, marks them; the link keeps the order. */
import type { Frame } from "../memory/frame.js";
import type { StageCounters } from "../memory/stage-counters.js";
import { type Team, TeamDissolved } from "../memory/team.js";
import { msSince, now } from "../time.js";
import { ownPixels, sumAgain } from "./own-pixels.js";
import type { FrameMapper } from "./stage.js";
import type { RunShared } from "./thread-shared.js";

export interface MapperRun {
  readonly shared: RunShared;
  /** The link into the stage. */
  readonly linkIndex: number;
  readonly counters: StageCounters;
  /** Frames claimed at a time. */
  readonly batch: number;
  /** The stage writes into pixels, and whether their checksums are wanted behind it. */
  readonly changesPixels: boolean;
  readonly hasPixelChecksums: boolean;
  /** Tells what the mapper threw; the frames it claims from then on go on unmapped, for the stage to count. */
  fail(error: unknown): void;
}

export function runMapper(mapper: FrameMapper, run: MapperRun): void {
  const { shared, counters, batch } = run;
  const link = shared.links[run.linkIndex]!;
  const products = shared.products[run.linkIndex];
  const claimed = new Int32Array(batch);
  for (;;) {
    const count = link.claim(claimed, batch, shared.control);
    if (count === 0) return;
    const startedAt = now();
    let mapped = 0;
    try {
      for (; mapped < count; mapped++) {
        const position = claimed[mapped]!;
        const frame = frameAt(position, run);
        if (!frame) return;
        mapper.map(frame, products?.begin(position));
        if (run.changesPixels) sumAgain(frame, run.hasPixelChecksums);
        link.markMapped(position);
      }
    } catch (error) {
      run.fail(error);
      for (; mapped < count; mapped++) link.passUnmapped(claimed[mapped]!);
      passUnmapped(run);
      return;
    }
    counters.countBusy(msSince(startedAt));
  }
}

/** The same for mappers that work on every frame together: one of them claims it for all, and hands on the one before. */
export function runTeam(mapper: FrameMapper, team: Team, run: MapperRun): void {
  const { shared, counters } = run;
  const link = shared.links[run.linkIndex]!;
  const claimed = new Int32Array(1);
  const noWork = () => {};
  let position = -1;
  function claimNext(): number {
    if (position >= 0) {
      if (run.changesPixels) sumAgain(shared.pool.frame(link.slotAt(position)), run.hasPixelChecksums);
      link.markMapped(position);
    }
    if (link.claim(claimed, 1, shared.control) === 0) return -1;
    return frameAt(claimed[0]!, run) ? claimed[0]! : -1;
  }
  try {
    for (;;) {
      position = team.share(0, noWork, claimNext);
      if (position < 0) return;
      const startedAt = now();
      mapper.map(shared.pool.frame(link.slotAt(position)));
      counters.countBusy(msSince(startedAt));
    }
  } catch (error) {
    // Whoever dissolved the team or aborted the run says why.
    if (!(error instanceof TeamDissolved)) {
      run.fail(error);
      if (team.dissolve()) link.passUnmapped(position);
    }
    passUnmapped(run);
  }
}

/** The frame of a claimed entry, nobody else's where its pixels are to be changed; undefined when the run was aborted. */
function frameAt(position: number, { shared, linkIndex, counters, changesPixels }: MapperRun): Frame | undefined {
  const { pool, control } = shared;
  const link = shared.links[linkIndex]!;
  const frame = pool.frame(link.slotAt(position));
  if (!changesPixels) return frame;
  const own = ownPixels(frame, pool, control, counters);
  if (own) link.replaceSlot(position, own.slot);
  return own;
}

/** Lets what still comes through as it is: the order of the frames is kept by whoever claims them. */
function passUnmapped(run: MapperRun): void {
  const claimed = new Int32Array(1);
  const link = run.shared.links[run.linkIndex]!;
  while (link.claim(claimed, 1, run.shared.control) > 0) link.passUnmapped(claimed[0]!);
}
