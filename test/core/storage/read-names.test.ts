import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { expandGlob } from "../../../src/core/storage/read/glob.js";
import { namePattern } from "../../../src/core/storage/read/name-pattern.js";
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
    ["f[z-a].png", "f3.png", false],
    ["{a,b{1,2},}.tif", "b2.tif", true],
    ["{a,b{1,2},}.tif", "b.tif", false],
    ["{a,b{1,2},}x.tif", "x.tif", true],
    [`${"*a".repeat(30)}*b.tif`, `${"a".repeat(200)}.tif`, false],
    [`${"*a".repeat(30)}*.tif`, `${"a".repeat(200)}.tif`, true],
  ])("%s against %s: %s", (pattern, name, expected) => {
    expect(namePattern(pattern).test(name)).toBe(expected);
  });

  it("looks through a folder once, however many ways lead there, and follows no link with **", () => {
    const root = mkdtempSync(join(tmpdir(), "mote-glob-"));
    try {
      mkdirSync(join(root, "a/b/c"), { recursive: true });
      for (const name of ["a/1.tif", "a/b/2.tif", "a/b/c/10.tif", "a/b/c/.3.tif"]) writeFileSync(join(root, name), "");
      symlinkSync(".", join(root, "a/loop"));
      symlinkSync("../../a", join(root, "a/b/again"));
      symlinkSync("itself", join(root, "a/itself"));
      const all = ["a/1.tif", "a/b/2.tif", "a/b/c/10.tif"].map((name) => join(root, name));
      expect(expandGlob(join(root, "**/*.tif"))).toEqual(all);
      expect(expandGlob(join(root, `${"**/".repeat(12)}*.tif`))).toEqual(all);
      expect(expandGlob(join(root, "*/loop/1.tif"))).toEqual([join(root, "a/loop/1.tif")]);
      expect(expandGlob(join(root, "a/**/c"))).toEqual([join(root, "a/b/c")]);
      expect(expandGlob(join(root, "a/1.tif/*"))).toEqual([]);
    } finally {
      rmSync(root, { recursive: true });
    }
  });
});
