/** The plain twin against trackpy's tables of small frames; locate-reference-large.test.ts has the large one. */
import { expectReference } from "./locate-judge.js";

const cases = [
  { images: "bulk_water_a", table: "bulk_water_a", frames: [0, 1, 2, 3, 59] },
  { images: "bulk_water_a", table: "bulk_water_b", frames: [0, 1, 2, 3, 4] },
  { images: "bulk_water_a", table: "bulk_water_c", frames: [0, 1, 2, 3, 4] },
];

for (const each of cases) expectReference(each);
