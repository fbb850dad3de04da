/** A mapper thread: claims frames, works on them in place, marks them; the link keeps the order. */
import type { StageCounters } from "../memory/stage-counters.js";
import { type Team, TeamDissolved } from "../memory/team.js";
import { msSince, now } from "../time.js";
import type { FrameMapper } from "./stage.js";
import type { RunShared } from "./thread-shared.js";

export function runMapper(
  mapper: FrameMapper,
  shared: RunShared,
  stageIndex: number,
  counters: StageCounters,
  batch: number,
): void {
  const link = shared.links[stageIndex - 1]!;
  const claimed = new Int32Array(batch);
  for (;;) {
    const count = link.claim(claimed, batch, shared.control);
    if (count === 0) return;
    const startedAt = now();
    for (let i = 0; i < count; i++) {
      mapper.map(shared.pool.frame(link.slotAt(claimed[i]!)));
      link.markMapped(claimed[i]!);
    }
    counters.countBusy(msSince(startedAt));
  }
}

/** The same for mappers that work on every frame together: one of them claims it for all, and hands on the one before. */
export function runTeam(
  mapper: FrameMapper,
  team: Team,
  shared: RunShared,
  stageIndex: number,
  counters: StageCounters,
): void {
  const link = shared.links[stageIndex - 1]!;
  const claimed = new Int32Array(1);
  const noWork = () => {};
  let position = -1;
  function claimNext(): number {
    if (position >= 0) link.markMapped(position);
    return link.claim(claimed, 1, shared.control) === 0 ? -1 : claimed[0]!;
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
    // Whoever aborted the run says why.
    if (!(error instanceof TeamDissolved)) throw error;
  }
}
