/** What comes out of a link. */
import { longAgo, type MonotonicMs } from "../time.js";

/** One entry as it leaves the link. The object is reused by every take. */
export interface Taken {
  slot: number;
  /** Its place in the link, for what was made of it (products.ts). */
  position: number;
  /** What the producer told before this entry, in order; empty without a lane. */
  told: readonly Uint8Array[];
  /** Frames the policy gave up before this entry, and the number of the first; 0 when none. */
  droppedCount: number;
  droppedFirst: number;
  /** When it was put in. */
  pushedAt: MonotonicMs;
  /** No mapper has worked on it, because one failed. */
  isUnmapped: boolean;
}

/** For `take` to fill. */
export function nothingTaken(): Taken {
  return { slot: 0, position: 0, told: [], droppedCount: 0, droppedFirst: 0, pushedAt: longAgo, isUnmapped: false };
}
