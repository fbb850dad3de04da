/** The runner with real threads over scripted stages; needs the build (`npm test` builds first). */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import type { FrameRun } from "../../../src/core/model/frame-run.js";
import { harmlessReasons } from "../../../src/core/model/run-report.js";
import { planRun } from "../../../src/core/pipeline/negotiate.js";
import { world } from "../world.js";
import { numbersTo, outcomeOf, run, scripted, start } from "./scripted-run.js";

test("frames arrive once, in order, each with its own pixels and detections, from workers of uneven speed", async () => {
  const { report, stage, collected, isComplete } = await run(
    ["counter", { frames: 200 }],
    ["mark", { mappers: 4, unevenMs: 3 }],
    ["collect", {}],
  );
  expect(collected.numbers).toEqual(numbersTo(200));
  expect([stage.counter!.out, stage.mark!.in, stage.mark!.out, stage.collect!.in]).toEqual([200, 200, 200, 200]);
  expect([report.lost, report.leakedSlots, isComplete]).toEqual([0, 0, true]);
});

test("many small frames pass through without a loss or a leak", async () => {
  const { report, stage } = await run(
    ["counter", { frames: 20_000, edge: 8 }],
    ["mark", { mappers: 2 }],
    ["collect", {}],
  );
  expect([stage.collect!.in, report.lost, report.leakedSlots]).toEqual([20_000, 0, 0]);
  expect(report.pool.loans).toBeGreaterThanOrEqual(20_000);
  expect(report.pool.fromReserve).toBe(0);
});

test("block waits for the slowest stage and loses nothing", async () => {
  const { collected, report } = await run(
    ["counter", { frames: 60, backpressure: "block" }],
    ["collect", { delayMs: 2 }],
  );
  expect(collected.numbers).toEqual(numbersTo(60));
  expect(report.lost).toBe(0);
});

test.each(["drop-newest", "drop-oldest"])(
  "%s loses frames and tells every one of them, in place",
  async (backpressure) => {
    const { collected, stage, report } = await run(
      ["counter", { frames: 300, edge: 512, backpressure }],
      ["collect", { delayMs: 3 }],
    );
    const dropped = stage.counter!.dropped["link full"]!;
    expect(dropped).toBeGreaterThan(0);
    expect(report.lost).toBe(dropped);
    expect(collected.count + dropped).toBe(300);
    const told = new Set(collected.numbers);
    for (const event of collected.events as { event: string; firstFrame: number; count: number }[]) {
      expect(event.event).toBe("drop");
      for (let i = 0; i < event.count; i++) {
        expect(told.has(event.firstFrame + i)).toBe(false);
        told.add(event.firstFrame + i);
      }
    }
    expect([...told].sort((a, b) => a - b)).toEqual(numbersTo(300));
  },
);

test.each([
  ["drop-newest", 1],
  ["drop-oldest", 1],
  ["latest", 1],
  ["drop-newest", 3],
  ["drop-oldest", 3],
  ["latest", 3],
] as const)(
  "a branch that stands still behind %s (every %i) holds up no other, however much is told to it, and has every frame told",
  async (policy, every) => {
    const folder = mkdtempSync(join(tmpdir(), "mote-stuck-branch-"));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const signal = join(folder, "go-on");
    const frames = 3000;
    const { collected, stage, report } = await run(
      ["counter", { frames, edge: 8, noteEvery: 1, gapAt: 2000 }],
      ["collect", { waitAt: 0, signal }, { from: "counter", link: { policy, every } }],
      ["collect", { signal, signalAt: frames + 2 }, { from: "counter", label: "other" }],
    );
    expect(stage.other!.in).toBe(frames);
    const told = (collected.events as { event: string; firstFrame: number; count: number }[])
      .filter(({ event }) => event !== "note")
      .flatMap(({ firstFrame, count }) => numbersTo(count).map((frame) => firstFrame + frame));
    const numbers = [...collected.numbers, ...told].sort((a, b) => a - b);
    expect(numbers).toEqual(numbersTo(frames + 3));
    expect((collected.events as { event: string }[]).filter(({ event }) => event === "note").length).toBe(frames);
    expect([report.leakedSlots, report.pool.fromReserve]).toEqual([0, 0]);
  },
);

test("of frames that a link leaves out one after the other, each is told with its own reason", async () => {
  const folder = mkdtempSync(join(tmpdir(), "mote-reasons-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const signal = join(folder, "go-on");
  const frames = 1000;
  const { collected, report } = await run(
    ["counter", { frames, edge: 8 }],
    ["collect", { waitAt: 0, signal }, { from: "counter", link: { policy: "drop-newest", every: 2 } }],
    ["collect", { signal, signalAt: frames - 1 }, { from: "counter", label: "other" }],
  );
  const told: Record<string, number> = {};
  for (const { firstFrame, count, reason } of collected.events as (FrameRun & { reason: string })[]) {
    told[reason] = (told[reason] ?? 0) + count;
    if (reason === harmlessReasons.everyNth) expect([firstFrame % 2, count]).toEqual([1, 1]);
  }
  const { dropped } = report.links.find(({ to }) => to === "collect")!;
  expect(dropped["link full"]).toBeGreaterThan(0);
  expect(told).toEqual(dropped);
});

test("a drop is told to every stage behind it, not to the next one alone", async () => {
  const { stage, collected } = await run(
    ["counter", { frames: 200, edge: 512, backpressure: "drop-newest" }],
    ["mark", { mappers: 1, unevenMs: 8 }],
    ["collect", {}],
  );
  const told = (collected.events as { count: number }[]).reduce((sum, event) => sum + event.count, 0);
  expect(stage.counter!.dropped["link full"]).toBeGreaterThan(0);
  expect(told).toBe(stage.counter!.dropped["link full"]);
});

test("fail ends the run when the next stage does not keep up", async () => {
  await expect(
    run(["counter", { frames: 300, edge: 512, backpressure: "fail" }], ["collect", { delayMs: 3 }]),
  ).rejects.toThrow(/did not keep up at frame \d+/);
});

test("what the device lost is counted as lost, and told downstream", async () => {
  const { stage, report, collected } = await run(["counter", { frames: 10, gapAt: 4 }], ["mark", {}], ["collect", {}]);
  expect(stage.counter).toMatchObject({ in: 13, out: 10, dropped: { "device gap": 3 } });
  expect(collected.events).toEqual([{ event: "gap", firstFrame: 4, count: 3, reason: "device gap" }]);
  expect(report.losses).toEqual(["counter: 3 frames lost (device gap)"]);
});

test("what the stages before a relay lost is told and passed on by it, and not counted again", async () => {
  const { stage, report, collected } = await run(
    ["counter", { frames: 10, gapAt: 4, isRelay: true }],
    ["mark", {}],
    ["collect", {}],
  );
  expect(stage.counter).toMatchObject({ in: 10, out: 10, dropped: {} });
  expect(collected.events).toEqual([{ event: "gap", firstFrame: 4, count: 3, reason: "device gap" }]);
  expect([collected.lostUpstream, report.lost]).toEqual([3, 0]);
});

test("what a stage drops is counted with its reason", async () => {
  const { stage, collected } = await run(["counter", { frames: 20 }], ["mark", { dropEvery: 5 }], ["collect", {}]);
  expect(stage.mark).toMatchObject({ in: 20, out: 16, dropped: { scripted: 4 } });
  expect(collected.count).toBe(16);
});

test("frames that a link leaves out are told by their numbers, also where some between them were given up before", async () => {
  const { collected } = await run(
    ["counter", { frames: 30 }],
    ["mark", { dropEvery: 5 }],
    ["collect", {}, { from: "mark", link: { every: 3 } }],
  );
  const passed = numbersTo(30).filter((frame) => frame % 5 !== 0);
  const told = (collected.events as { firstFrame: number; count: number; reason: string }[])
    .filter(({ reason }) => reason === harmlessReasons.everyNth)
    .flatMap(({ firstFrame, count }) => numbersTo(count).map((frame) => firstFrame + frame));
  expect(collected.numbers).toEqual(passed.filter((_, at) => at % 3 === 0));
  expect(told).toEqual(passed.filter((_, at) => at % 3 !== 0));
});

test("a frame that fails alone is counted as failed, and the run goes on", async () => {
  const { stage, collected, report } = await run(
    ["counter", { frames: 20 }],
    ["mark", { failEvery: 5 }],
    ["collect", {}],
  );
  expect(stage.mark).toMatchObject({ in: 20, out: 16, failed: 4 });
  expect(collected.count).toBe(16);
  expect(report.losses).toEqual(["mark: 4 frames failed"]);
});

test("every stage's report reaches the last one", async () => {
  const { collected } = await run(["counter", { frames: 3 }], ["mark", {}], ["collect", {}]);
  expect(collected.upstream).toEqual(["counter", "mark"]);
});

test("a stage that fails ends the run with its own words", async () => {
  await expect(run(["counter", { frames: 1000 }], ["mark", {}], ["collect", { failAt: 5 }])).rejects.toThrow(
    "the scripted disk is full",
  );
  await expect(run(["counter", { frames: 1000, failAt: 7 }], ["mark", {}], ["collect", {}])).rejects.toThrow(
    "the scripted camera broke",
  );
});

test("a thread that dies ends the run and is named", async () => {
  await expect(run(["counter", { frames: 1000 }], ["collect", { crashAt: 5 }])).rejects.toThrow(
    /collect: its thread died/,
  );
});

test("a reader that goes away ends an endless run quietly, without loss", async () => {
  const { report, quietReason } = await run(["counter", {}], ["mark", {}], ["collect", { quietAt: 30 }]);
  expect(quietReason).toBe("the scripted reader went away");
  expect([report.lost, report.leakedSlots]).toEqual([0, 0]);
});

test("a drain ends an endless source and delivers all it made", async () => {
  const started = await start([
    ["counter", { delayMs: 1 }],
    ["mark", {}],
    ["collect", {}],
  ]);
  await started.reached("collect", 5);
  started.control.drain();
  const { report, isComplete } = await started.outcome;
  const [source, , sink] = report.stages;
  expect(source!.out).toBeGreaterThan(0);
  expect(sink!.in).toBe(source!.out);
  expect(isComplete).toBe(false);
});

test("a drain wakes a source that sleeps", async () => {
  const started = await start([
    ["counter", { sleepAt: 5 }],
    ["collect", {}],
  ]);
  await started.reached("collect", 5);
  await started.waits("counter");
  started.control.drain();
  expect((await started.outcome).isComplete).toBe(false);
});

test.each(["block", "drop-newest", "drop-oldest", "spill"])(
  "one interrupt of a camera behind a slow sink, with %s: all it exposed is delivered or said lost, to the sink too",
  async (backpressure) => {
    const started = await start([
      ["counter", { isLive: true, edge: 64, rateHz: 200, delayMs: 1, gapAt: 5, backpressure }],
      ["mark", { mappers: 2, unevenMs: 4 }],
      ["collect", { delayMs: 4 }],
    ]);
    await started.reached("collect", 60);
    started.control.drain();
    const { report, stage, collected, isComplete } = await outcomeOf(started);
    expect(collected.count + report.lost).toBe(stage.counter!.in);
    expect([collected.lostUpstream, stage.mark!.in]).toEqual([report.lost, collected.count]);
    expect([isComplete, report.losses.length > 0, report.leakedSlots]).toEqual([false, true, 0]);
  },
);

test("an abort ends a run that stands still", async () => {
  const started = await start([
    ["counter", {}],
    ["collect", { delayMs: 20 }],
  ]);
  await started.standsStill();
  started.control.abort();
  const { isComplete } = await started.outcome;
  expect(isComplete).toBe(false);
});

for (const members of [1, 2, 3]) {
  test(`a team of ${members} does every piece of every frame once, in the order of the frames`, async () => {
    const { report, stage, collected } = await run(
      ["counter", { frames: 60 }],
      ["crew", { members, unevenMs: 1 }],
      ["collect", {}],
    );
    expect(collected.numbers).toEqual(numbersTo(60));
    expect([stage.crew!.in, stage.crew!.out, report.lost, report.leakedSlots]).toEqual([60, 60, 0, 0]);
  });
}

test("events pass a team in their place among the frames", async () => {
  const { collected } = await run(["counter", { frames: 10, gapAt: 4 }], ["crew", {}], ["collect", {}]);
  expect(collected.events).toEqual([{ event: "gap", firstFrame: 4, count: 3, reason: "device gap" }]);
});

test("a member of a team that fails in mid-frame ends the run with its own words", async () => {
  await expect(run(["counter", {}], ["crew", { failAt: 5 }], ["collect", {}])).rejects.toThrow(
    "the scripted piece broke",
  );
});

test("a member of a team that dies in mid-frame ends the run and is named", async () => {
  await expect(run(["counter", {}], ["crew", { crashAt: 5 }], ["collect", {}])).rejects.toThrow(
    /crew: its thread died/,
  );
});

test("an abort in mid-frame ends a run whose team waits for a member", async () => {
  const started = await start([
    ["counter", {}],
    ["crew", { hangAt: 5 }],
    ["collect", {}],
  ]);
  await started.standsStill();
  started.control.abort();
  const { isComplete } = await started.outcome;
  expect(isComplete).toBe(false);
});

test.each([
  ["a live stream was left", { leftAfterFrame: 2 }, "counter: a live stream was left after frame 2, before its end"],
  ["a stream was cut", { cutAfterFrame: 2 }, "counter: the stream was cut after frame 2; what followed is unknown"],
  ["the process before failed", { upstreamFailure: "it broke" }, "counter: it broke"],
])("that %s is a loss, also where no frame can be counted", async (_, says, words) => {
  const { report } = await run(["counter", { frames: 3, says }], ["collect", {}]);
  expect([report.lost, report.losses]).toEqual([0, [words]]);
});

test.each([
  ["a camera that waits for nobody spills", {}, { policy: "spill", cannotWait: true }],
  ["a pipe with a live stream in it waits", { isTransport: true }, { policy: "block", cannotWait: false }],
])("%s, unless it is told otherwise", async (_, kind, expected) => {
  const source = { ...scripted.counter!, ...kind };
  const requests = [
    { stage: source, label: "counter", raw: { isLive: true } },
    { stage: scripted.collect!, label: "collect", raw: {} },
  ];
  const { stages, links } = await planRun(requests, "0", world);
  expect(stages[0]!.output.isLive).toBe(true);
  expect(links).toMatchObject([{ from: 0, to: 1, ...expected }]);
});

test("stages in an order that makes no sense are refused by name", async () => {
  await expect(
    start([
      ["mark", {}],
      ["collect", {}],
    ]),
  ).rejects.toThrow("mark: a transform cannot be the first stage");
  await expect(
    start([
      ["counter", {}],
      ["mark", {}],
    ]),
  ).rejects.toThrow("mark: a transform cannot be the last stage");
});

test.each([
  ["its serial part", {}],
  ["mappers", { mappers: 2 }],
  ["a team", { members: 2 }],
])(
  "a stage that changes pixels in %s passes them on with their own checksum, and copies none that it alone holds",
  async (_, by) => {
    const { stage, collected } = await run(
      ["counter", { frames: 60, noteEvery: 7 }],
      ["lift", { by: 3, ...by }],
      ["collect", { lifted: 3, hasChecksums: true }],
    );
    expect(collected.count).toBe(60);
    expect(stage.lift).not.toHaveProperty("copied");
  },
);

test("a stage that makes detections behind one that makes some has its own, and what comes behind it sees those", async () => {
  const { collected } = await run(["counter", { frames: 40 }], ["crew", { members: 2 }], ["mark", {}], ["collect", {}]);
  expect(collected.count).toBe(40);
});
