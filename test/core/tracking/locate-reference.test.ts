import { expect, test } from "vitest";
import { locateReference } from "../../../src/core/tracking/locate/locate-reference.js";
import { compareRows, hasSharedData, readParameters, readStack, readTable, rowsOf } from "./locate-judge.js";

const cases = [
  { images: "bulk_water_a", table: "bulk_water_a", frames: [0, 1, 2, 3, 59] },
  { images: "bulk_water_a", table: "bulk_water_b", frames: [0, 1, 2, 3, 4] },
  { images: "bulk_water_a", table: "bulk_water_c", frames: [0, 1, 2, 3, 4] },
  { images: "beads_2048", table: "beads_2048", frames: [0] },
];

for (const { images, table, frames } of cases) {
  test.skipIf(!hasSharedData)(`the plain twin finds trackpy's features of ${table} (needs ../shared)`, () => {
    const { shape, frames: pictures } = readStack(`${images}.tif`, frames);
    const params = readParameters(`${table}.json`);
    const expected = readTable(`${table}.csv`);
    frames.forEach((frame, index) => {
      const found = rowsOf(locateReference(pictures[index]!, shape, params));
      const { missing, extra, worstPx, worstRelative } = compareRows(found, expected.get(frame)!);
      expect({ missing, extra }).toEqual({ missing: 0, extra: 0 });
      expect(worstPx).toBeLessThan(1e-8);
      expect(worstRelative).toBeLessThan(1e-8);
    });
  });
}
