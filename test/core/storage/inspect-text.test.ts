/** What inspect prints fits a terminal of 80 columns, texts in a column of their own. */
import { join } from "node:path";
import { expect, test } from "vitest";
import { inspectFile, kindOf } from "../../../src/core/storage/inspect/inspect-file.js";
import { inspectText } from "../../../src/core/storage/inspect/lines.js";

const fixtures = join(import.meta.dirname, "../../../fixtures");

async function linesOf(name: string): Promise<readonly string[]> {
  const path = join(fixtures, name);
  const text = inspectText(path, await inspectFile(path, await kindOf(path)), { state: "ended", why: null });
  return text.split("\n").slice(1);
}

test("the settings of a stage take as many lines of 80 columns as they need, below each other", async () => {
  const lines = await linesOf("tracked.mote");
  const begin = lines.findIndex((line) => line.startsWith("              track: "));
  expect(begin).toBeGreaterThan(0);
  expect(lines.filter((line) => line.length > 80)).toEqual([]);
  expect(lines[begin]).toMatch(/,$/);
  expect(lines[begin + 1]).toMatch(/^ {14}\w+ \S/);
  // No setting is lost or torn where a line ends.
  expect(lines.slice(begin).join(" ").replaceAll(/\s+/g, " ")).toMatch(/minmass \d+, refine centroid/);
});

test("a label that is too long for its column is not stuck to its text", async () => {
  for (const line of await linesOf("images/imagej.tif")) expect(line).toMatch(/^ {2}(\S.{0,10} +|\S+ {2}| {12})\S/);
});
