/** Work of a stage that has a time; needs the build (`npm test` builds first). */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { numbersTo, run } from "./scripted-run.js";

const folder = mkdtempSync(join(tmpdir(), "mote-upkeep-"));
afterAll(() => rmSync(folder, { recursive: true }));

test("a stage's upkeep is done at its time while no frame comes", async () => {
  // The source goes on when the sink has done it.
  const signal = join(folder, "done");
  const { collected } = await run(["counter", { frames: 5, waitAt: 3, signal }], ["collect", { upkeepMs: 20, signal }]);
  expect(collected.numbers).toEqual(numbersTo(5));
  expect(collected.kept).toContain(3);
});

test("upkeep that is due is done behind each frame, also while others wait already", async () => {
  const { collected, report } = await run(["counter", { frames: 300, edge: 8 }], ["collect", { upkeepMs: 0 }]);
  expect(collected.kept).toEqual(numbersTo(300).map((number) => number + 1));
  expect([report.lost, report.leakedSlots]).toEqual([0, 0]);
});
