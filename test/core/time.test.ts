/** The two kinds of time do not meet: what the compiler refuses, and that what it allows is right. */
import { expect, test } from "vitest";
import {
  epochMsBetween,
  epochNow,
  epochNs,
  epochOf,
  fromMemory,
  instantOf,
  later,
  latest,
  longAgo,
  msBetween,
  msSince,
  never,
  now,
  toMemory,
  wallOffset,
} from "../../src/core/time.js";

test("the compiler refuses to mix monotonic time, epoch time and plain numbers", () => {
  const at = now();
  const stamp = epochNow();
  // Each line is an error for the compiler; one that is none any more fails the type check.
  // @ts-expect-error an instant cannot be subtracted by hand
  expect(typeof (at - at)).toBe("number");
  // @ts-expect-error nor from a number
  expect(typeof (1000 - at)).toBe("number");
  // @ts-expect-error nor compared with one
  expect(typeof (at < 1000)).toBe("boolean");
  // @ts-expect-error nor with epoch time
  expect(typeof (at < stamp)).toBe("boolean");
  // @ts-expect-error nor with epoch time made a number
  expect(typeof (at < Number(stamp) / 1e6)).toBe("boolean");
  // @ts-expect-error epoch time is no instant
  expect(() => msSince(stamp)).toThrow(TypeError);
  // @ts-expect-error and an instant no epoch time
  expect(() => epochMsBetween(stamp, at)).toThrow(TypeError);
  // @ts-expect-error a number is no instant
  expect(msBetween(0, longAgo)).toBe(Number.NEGATIVE_INFINITY);
});

test("durations, and the way from one clock to the other and back", () => {
  const at = fromMemory(1500);
  expect([toMemory(at), msBetween(at, later(at, 20)), msBetween(later(at, 20), at)]).toEqual([1500, 20, -20]);
  expect([latest(at, longAgo), latest(at, never), latest(later(at, 1), at)]).toEqual([at, never, later(at, 1)]);
  const offset = wallOffset();
  expect(epochMsBetween(epochOf(at, offset), epochOf(later(at, 0.25), offset))).toBe(0.25);
  expect(Math.abs(msBetween(at, instantOf(epochOf(at, offset), offset)))).toBeLessThan(0.01);
  expect(epochMsBetween(epochNs(5_000_000n), epochNs(2_000_000n))).toBe(-3);
});

test("an instant is never before the one read earlier", () => {
  let before = now();
  for (let look = 0; look < 1000; look++) {
    const at = now();
    expect(msBetween(before, at)).toBeGreaterThanOrEqual(0);
    before = at;
  }
  expect(msSince(before)).toBeGreaterThanOrEqual(0);
});
