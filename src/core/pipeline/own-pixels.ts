/** A frame for a stage that changes pixels: nobody else may hold it, and the checksum is that of the new pixels. */
import type { Frame } from "../memory/frame.js";
import type { FramePool } from "../memory/frame-pool.js";
import { checksumOf } from "../memory/pixel-checksum.js";
import type { RunControl } from "../memory/run-control.js";
import type { StageCounters } from "../memory/stage-counters.js";

/** The frame itself where nobody else holds it, or else a copy, and the loan of it; undefined when the run was aborted. */
export function ownPixels(
  frame: Frame,
  pool: FramePool,
  control: RunControl,
  counters: StageCounters,
): Frame | undefined {
  // Only who holds a slot lends it to others, so one that is not shared stays so.
  if (pool.holders(frame.slot) === 1) return frame;
  const copy = pool.acquire(control);
  if (!copy) return undefined;
  copy.copyFrom(frame);
  pool.release(frame.slot);
  counters.countCopied();
  return copy;
}

/** After the pixels were changed. */
export function sumAgain(frame: Frame, hasPixelChecksums: boolean): void {
  frame.pixelsCrc32 = -1;
  if (hasPixelChecksums) frame.pixelsCrc32 = checksumOf(frame);
}
