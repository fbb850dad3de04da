/**
 * The one place that reads a clock, and the two kinds of time as two types. Monotonic time is for waiting, pacing and
 * durations: all threads of a process share it, nothing sets it, and it means nothing to another process. Epoch time is for
 * what is written down and compared between processes. The compiler refuses to subtract or compare one with the other, or
 * either with a plain number: the functions here are the only way.
 */

declare const kind: unique symbol;

/** An instant of this process' monotonic clock. A number of milliseconds at run time, opaque to the compiler. */
export interface MonotonicMs {
  readonly [kind]: "monotonic";
}

/** An instant in nanoseconds since 1970-01-01T00:00:00Z; in a frame's header 0 means unknown. */
export type EpochNs = bigint & { readonly [kind]: "epoch" };

/** What leads from the monotonic clock to the epoch, as the wall clock stood when it was looked at. */
export interface WallOffset {
  readonly [kind]: "wall offset";
}

/** A thread's own origin, which hangs on the wall clock, replaced by the one that all threads have. */
const originMs = Number(process.hrtime.bigint()) / 1e6 - performance.now();

const monotonic = (ms: number) => ms as unknown as MonotonicMs;
const number = (at: MonotonicMs) => at as unknown as number;

/** This instant; comparable between the threads of this process. */
export function now(): MonotonicMs {
  return monotonic(originMs + performance.now());
}

/** Before and after every instant. */
export const longAgo: MonotonicMs = monotonic(Number.NEGATIVE_INFINITY);
export const never: MonotonicMs = monotonic(Number.POSITIVE_INFINITY);

/** Milliseconds from one instant to another; negative when `to` is the earlier. */
export function msBetween(from: MonotonicMs, to: MonotonicMs): number {
  return number(to) - number(from);
}

/** Milliseconds from an instant until now. */
export function msSince(from: MonotonicMs): number {
  return originMs + performance.now() - number(from);
}

/** The instant `ms` milliseconds after another. */
export function later(at: MonotonicMs, ms: number): MonotonicMs {
  return monotonic(number(at) + ms);
}

/** The later of two instants. */
export function latest(a: MonotonicMs, b: MonotonicMs): MonotonicMs {
  return number(a) > number(b) ? a : b;
}

/** The wall clock's word for this instant; it may step, so a run looks once (`wallOffset`). */
export function epochNow(): EpochNs {
  return epochNs(BigInt(Date.now()) * 1_000_000n);
}

/** How the wall clock stands to the monotonic one at this moment. */
export function wallOffset(): WallOffset {
  return (Date.now() - (originMs + performance.now())) as unknown as WallOffset;
}

/** The epoch time of an instant, to the microsecond. */
export function epochOf(at: MonotonicMs, offset: WallOffset): EpochNs {
  return epochNs(BigInt(Math.round(((offset as unknown as number) + number(at)) * 1000)) * 1000n);
}

/** The instant of an epoch time that this run's clock gave; nothing else's may be asked about. */
export function instantOf(at: EpochNs, offset: WallOffset): MonotonicMs {
  return monotonic(Number(at) / 1e6 - (offset as unknown as number));
}

/** Epoch time that was read from a file, a stream or a device. */
export function epochNs(ns: bigint): EpochNs {
  return ns as EpochNs;
}

/** "2026-11-20T10:00:00.000Z". */
export function isoText(at: EpochNs): string {
  return new Date(Number(at / 1_000_000n)).toISOString();
}

/** Milliseconds from one epoch time to another, for people and for allowances; negative when `to` is the earlier. */
export function epochMsBetween(from: EpochNs, to: EpochNs): number {
  return Number(to - from) / 1e6;
}

/** An instant as it lies in the memory that threads share, and back. For `core/memory` alone. */
export function toMemory(at: MonotonicMs): number {
  return number(at);
}
export function fromMemory(ms: number): MonotonicMs {
  return monotonic(ms);
}
