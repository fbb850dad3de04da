/** A mapper thread: claims frames, works on them in place, marks them; the link keeps the order. */
import type { StageCounters } from "../memory/stage-counters.js";
import { nowMs } from "./clock.js";
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
    const startedAtMs = nowMs();
    for (let i = 0; i < count; i++) {
      mapper.map(shared.pool.frame(link.slotAt(claimed[i]!)));
      link.markMapped(claimed[i]!);
    }
    counters.countBusy(nowMs() - startedAtMs);
  }
}
