/** The run's clock: one origin for all threads, wall time for stamps and monotonic time for durations. */
import type { RunControl } from "../memory/run-control.js";
import type { Clock } from "./stage.js";

export function nowMs(): number {
  return performance.timeOrigin + performance.now();
}

export function createClock(control: RunControl): Clock {
  return {
    nowNs: () => BigInt(Math.round(nowMs() * 1000)) * 1000n,
    nowMs,
    sleepMs: (ms) => control.sleepMs(ms),
  };
}
