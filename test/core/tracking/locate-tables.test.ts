import { expect, test } from "vitest";
import { compareRows, hasSharedData, readParameters, readStack, readTable, rowsOf } from "./locate-judge.js";
import { createRig } from "./locate-rig.js";

const cases = [
  { images: "bulk_water_a", table: "bulk_water_a", format: "uint8", frames: 60 },
  { images: "bulk_water_a", table: "bulk_water_b", format: "uint8", frames: 5 },
  { images: "bulk_water_a", table: "bulk_water_c", format: "uint8", frames: 5 },
  { images: "beads_2048", table: "beads_2048", format: "uint16", frames: 3 },
] as const;

for (const { images, table, format, frames } of cases) {
  test.skipIf(!hasSharedData)(`the locator finds trackpy's features of ${table} (needs ../shared)`, () => {
    const { shape, frames: pictures } = readStack(`${images}.tif`);
    const expected = readTable(`${table}.csv`);
    const rig = createRig(format, shape, readParameters(`${table}.json`));
    for (let frame = 0; frame < frames; frame++) {
      const { missing, extra, worstPx, worstRelative } = compareRows(
        rowsOf(rig.locate(pictures[frame]!)),
        expected.get(frame)!,
      );
      expect({ frame, missing, extra }).toEqual({ frame, missing: 0, extra: 0 });
      expect(worstPx).toBeLessThan(1e-8);
      expect(worstRelative).toBeLessThan(1e-8);
    }
  });
}
