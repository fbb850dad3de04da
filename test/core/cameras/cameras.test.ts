import { describe, expect, it } from "vitest";
import { DeviceSequence } from "../../../src/core/cameras/device-sequence.js";
import { parseFault } from "../../../src/core/cameras/faults.js";
import { Pacer } from "../../../src/core/cameras/pacing.js";
import { fillGaussian } from "../../../src/core/cameras/sim/bead-profile.js";
import { Random } from "../../../src/core/cameras/sim/random.js";
import { epochNs, fromMemory } from "../../../src/core/time.js";

describe("random numbers", () => {
  const draw = (count: number, next: () => number) => Array.from({ length: count }, next);
  const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const variance = (values: number[]) => mean(values.map((value) => value ** 2)) - mean(values) ** 2;

  it("repeat with the seed and differ by seed, purpose and index, also beyond 32 bits", () => {
    const first = (...of: [number, number, number?]) =>
      draw(
        4,
        (() => {
          const r = new Random(...of);
          return () => r.uint32();
        })(),
      );
    expect(first(1, 2, 3)).toEqual(first(1, 2, 3));
    const all = [
      first(1, 2, 3),
      first(2, 2, 3),
      first(1, 3, 3),
      first(1, 2, 4),
      first(2 ** 32 + 1, 2, 3),
      first(1, 2, 2 ** 32 + 3),
    ];
    expect(new Set(all.map(String)).size).toBe(all.length);
  });
  it("normal: mean 0, variance 1, kurtosis 3", () => {
    const random = new Random(3, 0);
    const values = draw(200_000, () => random.normal());
    expect(mean(values)).toBeCloseTo(0, 1);
    expect(variance(values)).toBeCloseTo(1, 1);
    expect(mean(values.map((value) => value ** 4))).toBeCloseTo(3, 0);
  });
  it("Poisson: mean and variance agree with the rate on both sides of 10, probabilities with the formula", () => {
    for (const rate of [0, 0.2, 3, 9.9, 10, 11, 60, 1000]) {
      const random = new Random(5, 1);
      const values = draw(100_000, () => random.poisson(rate));
      const error = 5 * Math.sqrt(rate / 100_000);
      expect(Math.abs(mean(values) - rate)).toBeLessThanOrEqual(error);
      expect(Math.abs(variance(values) - rate)).toBeLessThanOrEqual(0.03 * rate + error);
    }
    const random = new Random(6, 1);
    const values = draw(200_000, () => random.poisson(12));
    let probability = Math.exp(-12);
    for (let k = 0; k < 25; k++) {
      if (k > 0) probability *= 12 / k;
      const share = values.filter((value) => value === k).length / values.length;
      expect(Math.abs(share - probability)).toBeLessThan(5 * Math.sqrt(probability / values.length) + 1e-5);
    }
  });
});

describe("fillGaussian", () => {
  it("agrees with the exponential to 1e-12 wherever the centre is", () => {
    const profile = new Float64Array(60);
    for (const sigma of [0.3, 0.8, 4, 25]) {
      for (const centre of [-8.3, 0, 0.49, 0.5, 30.017, 59, 64.2]) {
        fillGaussian(profile, 60, centre, sigma);
        for (let at = 0; at < 60; at++) {
          expect(Math.abs(profile[at]! - Math.exp(-((at - centre) ** 2) / (2 * sigma ** 2)))).toBeLessThan(1e-12);
        }
      }
    }
  });
});

describe("a device's counter", () => {
  it("begins anywhere, tells gaps and repetitions", () => {
    const sequence = new DeviceSequence();
    expect([7, 8, 8, 11, 9, 12].map((number) => sequence.arrive(number))).toEqual([
      { isDuplicate: false, frameNumber: 0, lostBefore: 0 },
      { isDuplicate: false, frameNumber: 1, lostBefore: 0 },
      { isDuplicate: true },
      { isDuplicate: false, frameNumber: 4, lostBefore: 2 },
      { isDuplicate: true },
      { isDuplicate: false, frameNumber: 5, lostBefore: 0 },
    ]);
  });
  it("with a known first number, what is lost before the first frame counts", () => {
    expect(new DeviceSequence(0).arrive(3)).toEqual({ isDuplicate: false, frameNumber: 3, lostBefore: 3 });
  });
});

describe("pacing", () => {
  it("sleeps in short steps, hands late frames over at once and does not drift", () => {
    let now = 500;
    const sleeps: number[] = [];
    const clock = {
      nowNs: () => epochNs(0n),
      now: () => fromMemory(now),
      sleepMs: (ms: number) => {
        sleeps.push(ms);
        now += ms;
      },
    };
    const pacer = new Pacer(5, clock, () => false);
    expect(pacer.waitFor(0)).toBe(true);
    expect(now).toBe(500);
    pacer.waitFor(1);
    expect(now).toBe(700);
    expect(Math.max(...sleeps)).toBeLessThanOrEqual(50);
    now += 450;
    pacer.waitFor(2);
    expect(now).toBe(1150);
    pacer.waitFor(4);
    expect(now).toBe(1300);
  });
  it("stops waiting when the run drains", () => {
    let now = 0;
    const clock = {
      nowNs: () => epochNs(0n),
      now: () => fromMemory(now),
      sleepMs: (ms: number) => {
        now += ms;
      },
    };
    const pacer = new Pacer(0.01, clock, () => now > 200);
    pacer.waitFor(0);
    expect(pacer.waitFor(1)).toBe(false);
    expect(now).toBeLessThan(300);
  });
});

it("faults are read as written, or not at all", () => {
  expect(parseFault("drop@3-5")).toEqual({ kind: "drop", first: 3, last: 5 });
  expect(parseFault("duplicate@0")).toEqual({ kind: "duplicate", first: 0, last: 0 });
  for (const text of ["drop", "drop@", "drop@-1", "drop@5-3", "swap@1", "drop@1.5"])
    expect(parseFault(text)).toBeUndefined();
});
