/**
 * The run's clock. Durations come from the system's monotonic clock, which all threads share. Wall time is looked at once,
 * when the run starts, and goes on with the monotonic clock: whatever the system's clock does meanwhile (a time server's
 * step, somebody setting it), stamps of one run stay in order and in one frame of reference.
 */
import type { RunControl } from "../memory/run-control.js";
import { epochOf, now, type WallOffset } from "../time.js";
import type { Clock } from "./stage.js";

export function createClock(control: RunControl, offset: WallOffset): Clock {
  return {
    nowNs: () => epochOf(now(), offset),
    now,
    sleepMs: (ms) => control.sleepMs(ms),
  };
}
