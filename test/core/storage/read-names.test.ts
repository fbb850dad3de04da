import { describe, expect, it } from "vitest";
import { segmentTest } from "../../../src/core/storage/read/glob.js";
import { naturalOrder, undoShellOrder } from "../../../src/core/storage/read/natural-order.js";

describe("natural order", () => {
  it("puts numbers by value, of any length, and is a total order", () => {
    const sorted = [
      "a",
      "a1",
      "a01",
      "a2",
      "a2b",
      "a02c",
      "a10",
      "a99999999999999999998",
      "a99999999999999999999",
      "b_1_2",
      "b_1_10",
      "b_2_1",
    ];
    for (let turn = 0; turn < 20; turn++) {
      const shuffled = sorted
        .map((name, at) => ({ name, key: (at * 7919 + turn * 104729) % 9973 }))
        .sort((x, y) => x.key - y.key);
      expect(shuffled.map(({ name }) => name).sort(naturalOrder)).toEqual(sorted);
    }
  });
  it("undoes a shell's order only", () => {
    expect(undoShellOrder(["f1", "f10", "f2"])).toEqual(["f1", "f2", "f10"]);
    expect(undoShellOrder(["f10", "f1", "f2"])).toEqual(["f10", "f1", "f2"]);
  });
});

describe("patterns", () => {
  it.each([
    ["*.tif", "a.tif", true],
    ["*.tif", ".a.tif", false],
    ["*.tif", "a.tiff", false],
    ["f?.png", "f1.png", true],
    ["f?.png", "f12.png", false],
    ["f[0-3].png", "f3.png", true],
    ["f[!0-3].png", "f3.png", false],
    ["{a,b}*.tif", "b7.tif", true],
    ["{a,b}*.tif", "c7.tif", false],
    ["a+(b).tif", "a+(b).tif", true],
    ["a,b", "a,b", true],
    ["[x", "[x", true],
  ])("%s against %s: %s", (pattern, name, expected) => {
    expect(segmentTest(pattern).test(name)).toBe(expected);
  });
});
