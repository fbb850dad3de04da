/** The progress bar's line fits its terminal, and what it goes without is never the word on losses. */
import { describe, expect, test } from "vitest";
import { barText } from "../../../src/core/cli/bar-text.js";
import type { Snapshot } from "../../../src/core/pipeline/snapshot.js";

const now: Snapshot = {
  elapsedMs: 60_000,
  frames: 12_345,
  fps: 205.7,
  particles: 4_260_000,
  lost: 0,
  spooled: 1_200,
  diskFullInS: 600,
  stages: [],
};

describe.each([40, 60, 80, 120, 200])("on a terminal of %i columns", (columns) => {
  test.each([
    ["nothing lost", { ...now }, 0.5],
    ["17 lost", { ...now, lost: 17 }, 1],
    ["nothing lost", { ...now, spooled: 0, diskFullInS: null }, 0],
    ["123456 lost", { ...now, lost: 123_456, particles: 0 }, null],
  ])("the line says %s and fits", (words, snapshot, share) => {
    const line = barText("archive", snapshot, share, columns);
    expect(line).toContain(words);
    expect(line.length).toBeLessThan(columns);
  });
});

test("the bar is shortened before anything is left out, and the particles go first", () => {
  const rest = "archive  50%  12,345 frames  205.7 fps  4,260,000 particles  1,200 frames in the spool  nothing lost";
  const whole = `${rest}  disk full in 10 min`;
  const line = (columns: number) => barText("archive", now, 0.5, columns);
  expect(line(200).replace(`${"━".repeat(12)}${"─".repeat(12)} `, "")).toBe(whole);
  expect(line(whole.length + 12)).toBe(whole.replace("50%", `${"━".repeat(5)}${"─".repeat(5)} 50%`));
  expect(line(whole.length + 1)).toBe(whole);
  expect(line(whole.length)).toBe(whole.replace("  4,260,000 particles", ""));
});
