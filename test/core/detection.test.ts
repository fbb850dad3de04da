import { expect, test } from "vitest";
import { column, detectionCapacity, detectionColumns } from "../../src/core/model/detection.js";

test("every column knows its place", () => {
  expect(detectionColumns.map((name) => column[name])).toEqual([...detectionColumns.keys()]);
});

test("a hexagonal packing of the frame fits the capacity", () => {
  const separation = 7;
  const shape = { height: 101, width: 99 };
  let count = 0;
  for (let row = 0, y = 0; y <= shape.height - 1; row++, y += (separation * Math.sqrt(3)) / 2) {
    for (let x = (row % 2) * (separation / 2); x <= shape.width - 1; x += separation) count++;
  }
  expect(detectionCapacity(shape, { y: separation, x: separation })).toBeGreaterThanOrEqual(count);
});
