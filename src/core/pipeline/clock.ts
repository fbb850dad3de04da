/**
 * The run's clock. Durations come from the system's monotonic clock, which all threads share. Wall time is looked at once,
 * when the run starts, and goes on with the monotonic clock: whatever the system's clock does meanwhile (a time server's
 * step, somebody setting it), stamps of one run stay in order and in one frame of reference.
 */
import type { RunControl } from "../memory/run-control.js";
import type { Clock } from "./stage.js";

/** A thread's own origin, which hangs on the wall clock, replaced by the one that all threads have. */
const originMs = Number(process.hrtime.bigint()) / 1e6 - performance.now();

/** Monotonic milliseconds, comparable between the threads of this process. */
export function nowMs(): number {
  return originMs + performance.now();
}

/** Milliseconds from the monotonic clock to the wall clock, since the Unix epoch; taken once a run. */
export function wallOffsetMs(): number {
  return Date.now() - nowMs();
}

export function createClock(control: RunControl, wallOffsetMs: number): Clock {
  return {
    nowNs: () => BigInt(Math.round((wallOffsetMs + nowMs()) * 1000)) * 1000n,
    nowMs,
    sleepMs: (ms) => control.sleepMs(ms),
  };
}
