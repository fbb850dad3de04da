/** What becomes of a run while somebody sets the clock. */
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { expect, test } from "vitest";
import { acquire } from "../../src/commands/acquire.js";
import { runSource } from "../core/run-source.js";
import { openShell } from "../e2e/shell.js";

const preload = pathToFileURL(join(import.meta.dirname, "jumping-clock.mjs")).href;

test("a clock that jumps changes no stamp's order, no pace and no latency", async () => {
  const shell = openShell("clock");
  const line =
    "mote run --json acquire --camera sim --size 64x64 --frames 60 --fps 100 then track --diameter 11 then archive";
  const startedAt = Date.now();
  const ran = await shell.run(`NODE_OPTIONS=--import=${preload} ${line} --out run.mote --out run.csv`);
  expect(ran).toMatchObject({ code: 0 });
  const { frames } = await runSource(acquire, { files: [join(shell.folder, "run.mote")] });
  expect(frames.length).toBe(60);
  for (let at = 1; at < frames.length; at++) {
    const stepMs = Number(frames[at]!.receivedAtNs - frames[at - 1]!.receivedAtNs) / 1e6;
    expect(stepMs).toBeGreaterThanOrEqual(0);
    expect(stepMs).toBeLessThan(2000);
  }
  const offMs = Number(frames[0]!.receivedAtNs) / 1e6 - startedAt;
  expect(Math.abs(offMs)).toBeLessThan(300_000);
  const report = JSON.parse(ran.err.trim().split("\n").at(-1)!);
  for (const stage of report.stages) {
    if (!stage.latencyMs) continue;
    expect(stage.latencyMs.p99).toBeGreaterThanOrEqual(0);
    expect(stage.latencyMs.p99).toBeLessThan(60_000);
  }
});
