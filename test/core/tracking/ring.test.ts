import { expect, test } from "vitest";
import { MoteError } from "../../../src/core/errors.js";
import type { PixelArray } from "../../../src/core/model/pixel-format.js";
import { fitCircle } from "../../../src/core/tracking/ring/circle-fit.js";
import type { RingParameters } from "../../../src/core/tracking/ring/parameters.js";
import { createRingLocator } from "../../../src/core/tracking/ring/ring-locator.js";
import { createDice } from "./refine-scenes.js";
import { drawRings, type RingScene, type SyntheticRing, scatterRings } from "./ring-scenes.js";

const shape = { height: 300, width: 340 };
const bright = { diameter: 30, polarity: "bright" } as const;
const plain = { ...shape, kind: "line", lineWidth: 1.8, level: 500, noise: 10 } as const;

interface Row {
  readonly y: number;
  readonly x: number;
  readonly radius: number;
  readonly score: number;
  readonly ep: number;
}

function locateAll(pixels: PixelArray, params: RingParameters = bright, size = shape): Row[] {
  const locator = createRingLocator({ shape: size, format: "float32", params });
  return rowsOf(locator, locator.locate(pixels, 0, size.width));
}

function rowsOf({ rings }: ReturnType<typeof createRingLocator>, count: number): Row[] {
  return Array.from({ length: count }, (_, i) => ({
    y: rings.y[i]!,
    x: rings.x[i]!,
    radius: rings.radius[i]!,
    score: rings.score[i]!,
    ep: rings.ep[i]!,
  }));
}

/** Which rings were found, and root mean square errors. */
function judge(found: readonly Row[], truth: readonly SyntheticRing[]) {
  let [matched, centre, radius, reported] = [0, 0, 0, 0];
  for (const row of found) {
    const ring = truth.find(({ y, x }) => Math.hypot(row.y - y, row.x - x) < 3);
    if (ring === undefined) continue;
    matched++;
    centre += ((row.y - ring.y) ** 2 + (row.x - ring.x) ** 2) / 2;
    radius += (row.radius - ring.radius) ** 2;
    reported += row.ep ** 2;
  }
  return { matched, centre, radius, reported };
}

/** Several scenes of rings that do not overlap; sums over all. */
function survey(scene: Partial<RingScene>, params: RingParameters = bright, contrast = 100, apart = 42, frames = 3) {
  const dice = createDice(3);
  const sum = { rings: 0, found: 0, matched: 0, centre: 0, radius: 0, reported: 0 };
  for (let frame = 0; frame < frames; frame++) {
    const rings = scatterRings(dice, { count: 25, ...shape, radius: 15, apart, margin: 24, contrast });
    const found = locateAll(drawRings({ ...plain, rings, ...scene }, dice), params);
    const judged = judge(found, rings);
    sum.rings += rings.length;
    sum.found += found.length;
    sum.matched += judged.matched;
    sum.centre += judged.centre;
    sum.radius += judged.radius;
    sum.reported += judged.reported;
  }
  return {
    missed: sum.rings - sum.matched,
    invented: sum.found - sum.matched,
    centre: Math.sqrt(sum.centre / sum.matched),
    radius: Math.sqrt(sum.radius / sum.matched),
    ofScatter: Math.sqrt(sum.reported / sum.centre),
  };
}

test("every ring is found and nothing else, from a contrast of 20 times the noise to 2", () => {
  for (const [noise, limit] of [
    [5, 0.02],
    [10, 0.04],
    [20, 0.08],
    [50, 0.2],
  ] as const) {
    const { missed, invented, centre, radius, ofScatter } = survey({ noise });
    expect({ missed, invented }, `noise ${noise}`).toEqual({ missed: 0, invented: 0 });
    // A line of contrast c and width s in noise n gives a ray its place to n / c sqrt(s 2 / sqrt(pi)) = 1.4 n / c, 94 rays
    // the centre to 0.21 n / c. Half as much again for neighbouring rays' and the filter's losses.
    expect(centre, `noise ${noise}`).toBeLessThan(limit);
    expect(radius, `noise ${noise}`).toBeLessThan(limit);
    // 75 rings tell the ratio to 6 %.
    expect(Math.abs(ofScatter - 1), `noise ${noise}`).toBeLessThan(0.2);
  }
});

test("without noise centre and radius are within 0.005 px on average", () => {
  const { centre, radius } = survey({ noise: 1e-3 });
  // Bilinear interpolation is what remains.
  expect(centre).toBeLessThan(0.005);
  expect(radius).toBeLessThan(0.005);
});

test("dark rings and steps of either sign are found as well as bright rings", () => {
  for (const [params, kind, contrast] of [
    [{ ...bright, polarity: "dark" }, "line", -100],
    [{ ...bright, polarity: "edge" }, "edge", 100],
    [{ ...bright, polarity: "edge" }, "edge", -100],
  ] as const) {
    const { missed, invented, centre, radius } = survey({ kind }, params, contrast);
    expect({ missed, invented }, params.polarity).toEqual({ missed: 0, invented: 0 });
    // A step says less than a line of the same height.
    expect(centre, params.polarity).toBeLessThan(kind === "edge" ? 0.08 : 0.04);
    expect(radius, params.polarity).toBeLessThan(0.05);
  }
});

test("a gradient of the illumination changes no ring's error", () => {
  const even = survey({});
  const sloped = survey({ slope: 0.5 });
  expect(sloped.missed + sloped.invented).toBe(0);
  expect(sloped.centre).toBeLessThan(1.1 * even.centre);
});

test("rings that overlap are found, at least 98 of 100, with a median error below 0.06 px and none invented", () => {
  const dice = createDice(12);
  const errors: number[] = [];
  let count = 0;
  for (let frame = 0; frame < 4; frame++) {
    const rings = scatterRings(dice, { count: 25, ...shape, radius: 15, apart: 22, margin: 24, contrast: 100 });
    const found = locateAll(drawRings({ ...plain, rings }, dice));
    count += rings.length;
    for (const row of found) {
      const near = Math.min(...rings.map(({ y, x }) => Math.hypot(row.y - y, row.x - x)));
      expect(near).toBeLessThan(1);
      errors.push(near);
    }
  }
  expect(errors.length).toBeGreaterThanOrEqual(0.98 * count);
  expect(errors.sort((a, b) => a - b)[errors.length >> 1]).toBeLessThan(0.06);
});

test("a ring hidden on 40 % of its circumference is found within 0.2 px, one hidden on 75 % is not a ring", () => {
  const dice = createDice(20);
  for (let k = 0; k < 10; k++) {
    const ring = { y: 60 + dice.uniform(), x: 60 + dice.uniform(), radius: 15, contrast: 100 };
    const small = { height: 120, width: 120 };
    const turn = (share: number) => [0.15 * k, 0.15 * k + 2 * Math.PI * share] as const;
    const partly = locateAll(
      drawRings({ ...plain, ...small, rings: [{ ...ring, hidden: turn(0.4) }] }, dice),
      bright,
      small,
    );
    expect(partly).toHaveLength(1);
    // Most of the error is along the axis of the gap, of which one end only is seen.
    expect(Math.hypot(partly[0]!.y - ring.y, partly[0]!.x - ring.x)).toBeLessThan(0.2);
    // 38 hidden rays hit by chance in about 10 independent places: 0.05.
    expect(Math.abs(partly[0]!.score - 0.6)).toBeLessThan(0.15);
    const mostly = drawRings({ ...plain, ...small, rings: [{ ...ring, hidden: turn(0.75) }] }, dice);
    expect(locateAll(mostly, bright, small)).toHaveLength(0);
  }
});

test("a ring cut by the frame's edge is found while more than half of it is in the frame", () => {
  const small = { height: 80, width: 80 };
  const dice = createDice(22);
  for (const [x, isSeen] of [
    [10, true],
    [6, true],
    [-4, false],
  ] as const) {
    const rings = [{ y: 40.3, x, radius: 15, contrast: 100 }];
    const found = locateAll(drawRings({ ...plain, ...small, rings }, dice), bright, small);
    expect(found).toHaveLength(isSeen ? 1 : 0);
    if (isSeen) expect(Math.hypot(found[0]!.y - 40.3, found[0]!.x - x)).toBeLessThan(0.15);
  }
});

test("rings are followed from frame to frame in their order; a lost one is left out and a new one not seen", () => {
  const dice = createDice(30);
  const before = scatterRings(dice, { count: 16, ...shape, radius: 15, apart: 48, margin: 35, contrast: 100 });
  const locator = createRingLocator({ shape, format: "float32", params: bright });
  const first = locator.locate(drawRings({ ...plain, rings: before }, dice), 0, shape.width);
  const start = rowsOf(locator, first);
  expect(first).toBe(16);
  // Up to 7 px are within the default of half a radius.
  const moved = before.map((ring) => ({ ...ring, y: ring.y + 5 * dice.uniform(), x: ring.x - 5 * dice.uniform() }));
  const lost = before.findIndex(({ y, x }) => Math.hypot(y - start[5]!.y, x - start[5]!.x) < 1);
  const rings = [...moved.filter((_, i) => i !== lost), { y: 20, x: 20, radius: 15, contrast: 100 }];
  const count = locator.locate(drawRings({ ...plain, rings }, dice), 0, shape.width, {
    count: first,
    ...locator.rings,
  });
  const rows = rowsOf(locator, count);
  expect(count).toBe(15);
  for (const [i, row] of rows.entries()) {
    const origin = start[i < 5 ? i : i + 1]!;
    const ring = before.findIndex(({ y, x }) => Math.hypot(y - origin.y, x - origin.x) < 1);
    expect(Math.hypot(row.y - moved[ring]!.y, row.x - moved[ring]!.x)).toBeLessThan(0.15);
    expect(Math.abs(row.radius - moved[ring]!.radius)).toBeLessThan(0.15);
  }
});

test("rows can be longer than the frame, and the pixels of any format, which stay as they are", () => {
  const dice = createDice(40);
  const rings = scatterRings(dice, { count: 10, ...shape, radius: 15, apart: 50, margin: 30, contrast: 100 });
  const image = drawRings({ ...plain, rings }, dice);
  const whole = Uint16Array.from(image, Math.round);
  const expected = locateAll(whole);
  expect(judge(expected, rings).matched).toBe(10);
  const padded = new Uint16Array(77 + shape.height * 400).fill(9000);
  for (let y = 0; y < shape.height; y++) {
    padded.set(whole.subarray(y * shape.width, (y + 1) * shape.width), 77 + y * 400);
  }
  const before = padded.slice();
  const locator = createRingLocator({ shape, format: "uint16", params: bright });
  expect(rowsOf(locator, locator.locate(padded, 77, 400))).toEqual(expected);
  expect(padded).toEqual(before);
  const bytes = Uint8Array.from(image, (value) => Math.max(0, Math.min(255, Math.round(value / 3))));
  expect(judge(locateAll(bytes), rings).matched).toBe(10);
});

test("a transposed frame swaps the coordinates and a moved one moves them", () => {
  const square = { height: 120, width: 120 };
  const ring = { y: 55.3, x: 62.8, radius: 15, contrast: 100 };
  const image = drawRings({ ...plain, ...square, rings: [ring] }, createDice(41));
  const size = square.width;
  const transposed = image.map((_, k) => image[(k % size) * size + Math.floor(k / size)]!);
  const moved = image.map((_, k) => image[(k - 3 * size - 2 + size * size) % (size * size)]!);
  const [row] = locateAll(image, bright, square);
  const [swapped] = locateAll(transposed, bright, square);
  const [shifted] = locateAll(moved, bright, square);
  // The candidate, and with it the last 0.001 px of convergence, may be another.
  expect(Math.hypot(swapped!.y - row!.x, swapped!.x - row!.y)).toBeLessThan(0.01);
  expect(Math.hypot(shifted!.y - row!.y - 3, shifted!.x - row!.x - 2)).toBeLessThan(0.01);
});

test("a frame without rings has none: noise, one grey level, black, saturated, not a number", () => {
  const none = drawRings({ ...plain, rings: [] }, createDice(50));
  const pixels = shape.height * shape.width;
  expect(locateAll(none)).toEqual([]);
  expect(locateAll(new Float32Array(pixels).fill(7))).toEqual([]);
  expect(locateAll(new Uint16Array(pixels))).toEqual([]);
  expect(locateAll(new Uint8Array(pixels).fill(255))).toEqual([]);
  expect(locateAll(new Float32Array(pixels).fill(Number.NaN))).toEqual([]);
});

test("pixels that are not finite are not seen, and the ring around them is", () => {
  const small = { height: 100, width: 100 };
  const image = drawRings(
    { ...plain, ...small, rings: [{ y: 50.2, x: 49.7, radius: 15, contrast: 100 }] },
    createDice(51),
  );
  for (let k = 0; k < 5; k++) image[(48 + k) * 100 + 64] = Number.NaN;
  const found = locateAll(image, bright, small);
  expect(found).toHaveLength(1);
  expect(Math.hypot(found[0]!.y - 50.2, found[0]!.x - 49.7)).toBeLessThan(0.15);
});

test("a circle fit is exact on a quarter of a circle and refuses points on a line", () => {
  const angles = Float64Array.from({ length: 12 }, (_, k) => 1 + (k / 11) * (Math.PI / 2));
  const y = angles.map((angle) => 7 + 12 * Math.sin(angle));
  const x = angles.map((angle) => -3 + 12 * Math.cos(angle));
  const use = new Uint8Array(12).fill(1);
  // A stray point that is not used must not matter.
  y[4] = 1e6;
  use[4] = 0;
  const circle = { y: 0, x: 0, radius: 0 };
  expect(fitCircle(circle, y, x, use)).toBe(true);
  expect(circle.y).toBeCloseTo(7, 8);
  expect(circle.x).toBeCloseTo(-3, 8);
  expect(circle.radius).toBeCloseTo(12, 8);
  const line = Float64Array.from({ length: 12 }, (_, k) => k);
  expect(fitCircle(circle, line, line, use)).toBe(false);
  expect(fitCircle(circle, y, x, new Uint8Array(12))).toBe(false);
});

test("everything wrong with the parameters is told at once", () => {
  const params = { diameter: 5, polarity: "dark", minScore: 0, separation: 0, radiusTolerance: 0.9 } as const;
  try {
    createRingLocator({ shape, format: "uint8", params });
    expect.unreachable();
  } catch (error) {
    expect(error).toBeInstanceOf(MoteError);
    expect((error as MoteError).problems.map(({ where }) => where)).toEqual([
      "ring locator, minScore",
      "ring locator, separation",
      "ring locator, radiusTolerance",
      "ring locator, diameter",
    ]);
  }
});
