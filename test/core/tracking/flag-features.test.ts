import { expect, test } from "vitest";
import { column, detectionFlag } from "../../../src/core/model/detection.js";
import { createFeatureFlagger } from "../../../src/core/tracking/find/flag-features.js";
import { seeded } from "../../seed.js";

const shape = { height: 120, width: 160 };

/** Flags of features at these places in a dark frame, but for its bright pixels. */
function flagsOf(
  places: readonly (readonly [y: number, x: number])[],
  diameter: { y: number; x: number },
  bright: readonly (readonly [number, number])[] = [],
) {
  const pixels = new Uint16Array(shape.height * shape.width);
  for (const [y, x] of bright) pixels[y * shape.width + x] = 4095;
  const rows = places.length;
  const values = new Float64Array(10 * rows);
  for (const [row, [y, x]] of places.entries()) {
    values[column.y * rows + row] = y;
    values[column.x * rows + row] = x;
  }
  createFeatureFlagger(shape, diameter, 4095).flag(pixels, values, rows);
  return [...values.slice(column.flags * rows, (column.flags + 1) * rows)];
}

test("features within a diameter of each other overlap, on every side, and no others", () => {
  const random = seeded(5);
  const diameter = { y: 11, x: 17 };
  for (let scene = 0; scene < 20; scene++) {
    const places = Array.from({ length: 40 }, () => [random() * 119, random() * 159] as const);
    const expected = places.map(([y, x]) =>
      places.some(([v, u]) => (v !== y || u !== x) && ((v - y) / diameter.y) ** 2 + ((u - x) / diameter.x) ** 2 < 1),
    );
    expect(flagsOf(places, diameter).map((flags) => (flags & detectionFlag.overlapping) !== 0)).toEqual(expected);
  }
});

test("a feature is saturated by any pixel of its disc, not by one beside it", () => {
  const diameter = { y: 11, x: 11 };
  const saturated = (dy: number, dx: number) =>
    flagsOf([[60, 80]], diameter, [[60 + dy, 80 + dx]])[0] === detectionFlag.saturated;
  for (let dy = -7; dy <= 7; dy++) {
    for (let dx = -7; dx <= 7; dx++) expect(saturated(dy, dx), `${dy} ${dx}`).toBe(dy * dy + dx * dx <= 25);
  }
});

test("near an edge means nearer than the diameter", () => {
  const places = [
    [60, 80],
    [10, 80],
    [11, 80],
    [60, 10.9],
    [108.1, 80],
    [60, 148.1],
    [108, 148],
  ] as const;
  const near = flagsOf(places, { y: 11, x: 11 }).map((flags) => (flags & detectionFlag.nearEdge) !== 0);
  expect(near).toEqual([false, true, false, true, true, true, false]);
});
