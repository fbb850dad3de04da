/** A stage that fails ends the run in order: what it had passed on is delivered, what it had not is counted. Needs the build. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { RawOptions } from "../../../src/core/option/decode-options.js";
import { formatCount } from "../../../src/core/units.js";
import { anyOutcomeOf, numbersTo, start } from "./scripted-run.js";

async function failing(...stages: (readonly [string, RawOptions])[]) {
  const outcome = await anyOutcomeOf(await start(stages));
  for (const { stage, in: came, out, dropped, failed } of outcome.report.stages) {
    const given = Object.values(dropped).reduce((sum, frames) => sum + frames, 0);
    expect([stage, came]).toEqual([stage, out + given + failed]);
  }
  expect(outcome.isComplete).toBe(false);
  return outcome;
}

test("a source that fails has all delivered that it made, and its failure is in the stream's end", async () => {
  const { failure, stage, collected, report } = await failing(
    ["counter", { frames: 1000, failAt: 300 }],
    ["mark", { unevenMs: 1 }],
    ["collect", { delayMs: 1 }],
  );
  expect(failure?.message).toContain("the scripted camera broke");
  expect(collected.numbers).toEqual(numbersTo(300));
  expect(collected.failureUpstream).toContain("counter: the scripted camera broke");
  expect([stage.counter!.in, stage.counter!.out, report.lost]).toEqual([300, 300, 0]);
});

test.each([
  ["in its push", "mark", { pushFailAt: 20 }, "the scripted transform broke"],
  ["in a mapper", "mark", { mapFailAt: 20, mappers: 3, unevenMs: 2 }, "the scripted mapper broke"],
  ["in a team", "crew", { failAt: 20, unevenMs: 1 }, "the scripted piece broke"],
])("a transform that fails %s has delivered every frame before, and counts the rest", async (_, name, raw, words) => {
  const { failure, stage, collected, report } = await failing(
    ["counter", {}],
    [name, raw],
    ["collect", { delayMs: 1 }],
  );
  expect(failure?.message).toContain(words);
  expect(collected.numbers).toEqual(numbersTo(20));
  const lost = stage.counter!.out - 20;
  expect(lost).toBeGreaterThan(0);
  expect(stage[name]!.dropped).toEqual({ "the stage failed": lost });
  expect(report.lost).toBe(lost);
  expect(collected.lostUpstream).toBe(lost);
  expect(collected.events).toEqual([
    { event: "drop", stage: name, firstFrame: 20, count: lost, reason: "the stage failed" },
  ]);
});

test("what the link in front of a failed stage gave up is told to the stages behind it", async () => {
  const folder = mkdtempSync(join(tmpdir(), "mote-failing-"));
  try {
    // The source has made all its frames when the second is mapped, so most have found the link full.
    const signal = join(folder, "signal");
    const { stage, collected } = await failing(
      ["counter", { frames: 200, edge: 512, backpressure: "drop-newest", signalAt: 199, signal }],
      ["mark", { mappers: 1, mapWaitAt: 1, signal, pushFailAt: 1 }],
      ["collect", {}],
    );
    const given = stage.counter!.dropped["link full"]!;
    expect(given).toBeGreaterThan(0);
    const told = collected.events as { stage: string; count: number; reason: string }[];
    const toldOfLink = told.filter(({ reason }) => reason === "link full");
    expect(toldOfLink.reduce((sum, { count }) => sum + count, 0)).toBe(given);
    expect(told.reduce((sum, { count }) => sum + count, 0)).toBe(200 - 1);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("what a transform held back when it failed is lost with the rest, from the first of them on", async () => {
  const { stage, collected } = await failing(
    ["counter", {}],
    ["mark", { holdFrom: 15, pushFailAt: 20 }],
    ["collect", {}],
  );
  expect(collected.numbers).toEqual(numbersTo(15));
  const count = stage.counter!.out - 15;
  expect(collected.events).toMatchObject([{ event: "drop", firstFrame: 15, count }]);
});

test("a sink that fails counts what it did not take", async () => {
  const { failure, stage, report } = await failing(
    ["counter", { frames: 1000 }],
    ["mark", {}],
    ["collect", { failAt: 5 }],
  );
  expect(failure?.message).toContain("the scripted disk is full");
  expect([stage.collect!.out, stage.collect!.in, report.lost]).toEqual([5, stage.mark!.out, stage.mark!.out - 5]);
});

test("a sink that fails when it closes fails the run, in its own words", async () => {
  const started = await start([
    ["counter", { frames: 10 }],
    ["collect", { closeFails: true }],
  ]);
  expect((await started.outcome).failure?.message).toContain("the scripted file could not be synced");
});

test("with --backpressure fail every frame made is delivered or said lost", async () => {
  const { failure, stage, collected, report } = await failing(
    ["counter", { frames: 300, edge: 512, backpressure: "fail" }],
    ["collect", { delayMs: 3 }],
  );
  expect(failure?.message).toMatch(/did not keep up at frame \d+/);
  const lost = stage.counter!.dropped["link full"]!;
  expect([stage.counter!.in, report.lost]).toEqual([collected.count + lost, lost]);
  expect(report.leakedSlots).toBe(0);
  expect(failure?.message).toContain(`${formatCount(lost, "frame")} that waited for it are lost`);
  const reason = "link full";
  expect(collected.events).toEqual([
    { event: "drop", stage: "counter", firstFrame: collected.count, count: lost, reason },
  ]);
});

test("the end says how many frames all stages before lost, those of the device, the links and the stages", async () => {
  const outcome = await anyOutcomeOf(
    await start([
      ["counter", { frames: 100, gapAt: 50 }],
      ["mark", { dropEvery: 25, failEvery: 30 }],
      ["collect", {}],
    ]),
  );
  const { stage, collected, report } = outcome;
  const [gap, dropped, failed] = [3, stage.mark!.dropped.scripted!, stage.mark!.failed];
  expect([dropped > 0, failed > 0]).toEqual([true, true]);
  expect(collected.lostUpstream).toBe(gap + dropped + failed);
  expect(report.lost).toBe(gap + dropped + failed);
});
