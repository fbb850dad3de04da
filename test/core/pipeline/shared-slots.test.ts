/** Branches of a run read the same slots: what one makes or changes, no other sees. Needs the build. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type Collected, run } from "./scripted-run.js";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "mote-shared-slots-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

test.each([
  ["its serial part", {}],
  ["mappers", { mappers: 2 }],
  ["a team", { members: 2 }],
])(
  "pixels that a stage changes in %s are its branch's alone, and what it copied for that is counted",
  async (_, by) => {
    const signal = join(folder, "six frames have come");
    const { stage, report } = await run(
      ["counter", { frames: 60, noteEvery: 7 }],
      ["lift", { by: 3, ...by }],
      ["mark", {}],
      ["collect", { lifted: 3, hasChecksums: true, signalAt: 5, signal }],
      // Holds all that comes until the other branch has had six frames.
      ["mark", {}, { label: "mark2", from: "counter" }],
      ["collect", { hasChecksums: true, waitAt: 0, signal }, { label: "collect2", from: "mark2" }],
    );
    const counts = ["collect", "collect2"].map((label) => (stage[label]!.summary as unknown as Collected).count);
    expect(counts).toEqual([60, 60]);
    expect(stage.lift!.copied).toBeGreaterThanOrEqual(6);
    expect(stage.lift!.copied).toBeLessThanOrEqual(60);
    expect(report.leakedSlots).toBe(0);
  },
);

test("each of two stages that change pixels has its own, whichever comes first", async () => {
  const { stage } = await run(
    ["counter", { frames: 80 }],
    ["lift", { by: 3, mappers: 2 }],
    ["collect", { lifted: 3 }],
    ["lift", { by: 5 }, { label: "lift2", from: "counter" }],
    ["collect", { lifted: 5 }, { label: "collect2", from: "lift2" }],
    ["collect", {}, { label: "collect3", from: "counter" }],
  );
  const labels = ["collect", "collect2", "collect3"];
  expect(labels.map((label) => (stage[label]!.summary as unknown as Collected).count)).toEqual([80, 80, 80]);
});
