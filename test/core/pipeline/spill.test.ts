/** A link that spills, with real threads and a real disk; needs the build (`npm test` builds first). */
import { execFileSync } from "node:child_process";
import { mkdtempSync, openSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { RawOptions } from "../../../src/core/option/decode-options.js";
import { openByteSource } from "../../../src/core/stream/byte-pipe.js";
import { describeStream } from "../../../src/core/stream/describe-stream.js";
import { canMountSmallDisk } from "../../judges.js";
import { numbersTo, outcomeOf, run, start } from "./scripted-run.js";

let spillDir: string;
beforeEach(() => {
  spillDir = mkdtempSync(join(tmpdir(), "mote spül-"));
});
afterEach(() => {
  rmSync(spillDir, { recursive: true, force: true });
  rmSync(signalOf(spillDir), { force: true });
});

const signalOf = (folder: string) => `${folder}.signal`;

/** A run whose sink takes no frame after so many until frames wait on the disk. */
async function startHeld(source: RawOptions, sink: RawOptions, heldAt: number, onWarning?: (text: string) => void) {
  const signal = signalOf(spillDir);
  const stages = [
    ["counter", { ...source, spillDir }],
    ["collect", { ...sink, waitAt: heldAt, signal }],
  ] as const;
  const started = await start(stages, onWarning);
  await started.spilled();
  writeFileSync(signal, "");
  return started;
}

const frameBytes = 128 * 128 * 2;
/**
 * A burst of frames of 32 kB. Of a link of 300 Hz two seconds wait in memory, half of them for the disk, so 600 frames at once
 * overflow into the spool and yet none is lost however slow the disk of the test is.
 */
const live = { isLive: true, edge: 128, rateHz: 300 };
/** The same, at a rate that any disk takes and the sink does not. */
const paced = { ...live, rateHz: 100, delayMs: 1 };

function readSpool(name: string) {
  const numbers: number[] = [];
  const path = join(spillDir, name);
  const source = openByteSource(path, openSync(path, "r"), 0, true);
  const summary = describeStream(source, (frame) => {
    const number = frame.header.frameNumber;
    numbers.push(number);
    return frame.pixels.every((value) => value === (number & 0xffff));
  });
  source.close();
  return { summary, numbers };
}

test("a live source spills unless it is told otherwise: nothing is lost, events keep their place, the files go", async () => {
  const { stage, report, collected } = await run(
    ["counter", { ...live, frames: 600, noteEvery: 50, gapAt: 333, spillDir }],
    ["collect", { delayMs: 1 }],
  );
  expect(collected.numbers).toEqual([...numbersTo(333), ...numbersTo(267).map((i) => i + 336)]);
  expect(collected.events.filter((event) => (event as { event: string }).event === "note")).toHaveLength(12);
  expect(stage.counter).toMatchObject({ in: 603, out: 600, dropped: { "device gap": 3 } });
  const { frames, returned, mostBytes } = stage.counter!.spill!;
  expect(frames).toBeGreaterThan(100);
  expect(returned).toBe(frames);
  expect(mostBytes).toBeGreaterThan(100 * frameBytes);
  expect([report.leakedSlots, report.pool.fromReserve, readdirSync(spillDir)]).toEqual([0, 0, []]);
});

test("a live source that nobody holds up touches no disk", async () => {
  const { stage, collected } = await run(
    ["counter", { ...live, frames: 100, delayMs: 3, spillDir: join(spillDir, "nowhere") }],
    ["collect", {}],
  );
  expect(collected.numbers).toEqual(numbersTo(100));
  expect(stage.counter!.spill).toBeUndefined();
});

test("behind the spool mappers work as ever, and every frame's detections are its own", async () => {
  const { collected, report } = await run(
    ["counter", { ...live, frames: 600, noteEvery: 40, spillDir }],
    ["mark", { mappers: 3, unevenMs: 6 }],
    ["collect", {}],
  );
  expect(collected.numbers).toEqual(numbersTo(600));
  expect(report.stages[0]!.spill!.frames).toBeGreaterThan(0);
  expect([report.lost, report.leakedSlots, readdirSync(spillDir)]).toEqual([0, 0, []]);
});

test("a link between two stages spills when it is asked to, detections included", async () => {
  const { collected, stage } = await run(
    // Nobody is live here, so nothing is lost even when the disk is slower than the stages.
    ["counter", { frames: 300, edge: 64, noteEvery: 10 }],
    ["mark", { mappers: 1, backpressure: "spill", spillDir }],
    ["collect", { delayMs: 1 }],
  );
  expect(collected.numbers).toEqual(numbersTo(300));
  expect(stage.mark!.spill!.frames).toBeGreaterThan(0);
  expect(readdirSync(spillDir)).toEqual([]);
});

test("frames come back from the disk while the source waits for its camera", async () => {
  const signal = join(spillDir, "signal");
  const { collected, stage } = await run(
    ["counter", { ...live, frames: 600, waitAt: 599, signal, spillDir }],
    ["collect", { delayMs: 1, signalAt: 598, signal }],
  );
  expect(collected.numbers).toEqual(numbersTo(600));
  expect(stage.counter!.spill!.frames).toBeGreaterThan(0);
});

test("once drained, the spool is out of the way and can be used again", async () => {
  const signal = join(spillDir, "signal");
  const { collected, stage } = await run(
    ["counter", { ...live, frames: 1000, waitAt: 550, signal, spillDir }],
    ["collect", { delayMs: 1, signalAt: 549, signal }],
  );
  expect(collected.numbers).toEqual(numbersTo(1000));
  expect(stage.counter!.spill!.frames).toBeLessThan(1000);
  expect(stage.counter!.spill!.mostBytes).toBeLessThan(stage.counter!.spill!.frames * frameBytes);
});

test("at a rate that hovers around the sink's, frames change their way all the time and never their order", async () => {
  const hovering = { isLive: true, edge: 512, rateHz: 1, delayMs: 1, frames: 500, noteEvery: 3 };
  for (const folder of [spillDir, join(spillDir, "nowhere")]) {
    const { collected, stage } = await run(["counter", { ...hovering, spillDir: folder }], ["collect", { delayMs: 1 }]);
    expect(collected.count + (stage.counter!.dropped["spool full"] ?? 0)).toBe(500);
  }
  expect(readdirSync(spillDir)).toEqual([]);
});

test("what a full spool does not take is lost, counted and told in its place", async () => {
  const warnings: string[] = [];
  const started = await start(
    [
      ["counter", { ...paced, frames: 600, spillDir, spillLimit: "1MB" }],
      ["collect", { delayMs: 3 }],
    ],
    (text) => warnings.push(text),
  );
  const { report, stage, collected } = await outcomeOf(started);
  const lost = stage.counter!.dropped["spool full"]!;
  expect(lost).toBeGreaterThan(0);
  expect(collected.count + lost).toBe(600);
  expect(stage.counter!.spill!.mostBytes).toBeLessThanOrEqual(1e6);
  expect(report.losses).toEqual([`counter: ${lost} frames lost (spool full)`]);
  expect(warnings).toContainEqual(expect.stringContaining("--spill-limit 1.0 MB is reached"));
  const told = new Set(collected.numbers);
  for (const event of collected.events as { firstFrame: number; count: number; reason: string }[]) {
    expect(event.reason).toBe("spool full");
    for (let i = 0; i < event.count; i++) told.add(event.firstFrame + i);
  }
  expect([...told].sort((a, b) => a - b)).toEqual(numbersTo(600));
  expect(readdirSync(spillDir)).toEqual([]);
});

test("a spool that cannot be made at all leaves a link that drops the newest", async () => {
  const { collected, stage } = await run(
    ["counter", { ...live, frames: 800, spillDir: join(spillDir, "nowhere") }],
    ["collect", { delayMs: 1 }],
  );
  const lost = stage.counter!.dropped["spool full"]!;
  expect(lost).toBeGreaterThan(0);
  expect(collected.count + lost).toBe(800);
  expect(stage.counter!.spill).toBeUndefined();
});

test.skipIf(!canMountSmallDisk)("a disk that fills up costs frames, not the run", async () => {
  execFileSync("mount", ["-t", "tmpfs", "-o", "size=1m", "tmpfs", spillDir]);
  try {
    const { collected, stage } = await run(
      ["counter", { ...paced, frames: 600, spillDir, spillLimit: "1GB" }],
      ["collect", { delayMs: 3 }],
    );
    const lost = stage.counter!.dropped["spool full"]!;
    expect(lost).toBeGreaterThan(0);
    expect(collected.count + lost).toBe(600);
    expect(stage.counter!.spill!.frames).toBeGreaterThan(20);
    expect(readdirSync(spillDir)).toEqual([]);
  } finally {
    execFileSync("umount", [spillDir]);
  }
});

test("a drain delivers what is on the disk too", async () => {
  const started = await start([
    ["counter", { ...paced, spillDir }],
    ["collect", { delayMs: 3 }],
  ]);
  await started.spilled();
  started.control.drain();
  const { stage, report, isComplete } = await outcomeOf(started);
  expect(stage.counter!.spill!.frames).toBeGreaterThan(0);
  expect(stage.collect!.in).toBe(stage.counter!.out);
  expect([report.lost, isComplete, readdirSync(spillDir)]).toEqual([0, false, []]);
});

test("a drain delivers what is on two disks: three stages, each link with a spool, events in their place", async () => {
  const started = await start([
    ["counter", { ...paced, rateHz: 50, gapAt: 7, noteEvery: 10, spillDir }],
    ["mark", { mappers: 1, unevenMs: 4, dropEvery: 9, backpressure: "spill", spillDir }],
    ["collect", { delayMs: 6 }],
  ]);
  await started.spilled(2);
  started.control.drain();
  const { stage, report, collected, isComplete } = await outcomeOf(started);
  for (const { spill } of [stage.counter!, stage.mark!]) expect(spill!.returned).toBe(spill!.frames);
  expect(collected.count + report.lost).toBe(stage.counter!.in);
  expect([stage.mark!.in, stage.collect!.in]).toEqual([stage.counter!.out, stage.mark!.out]);
  expect(collected.lostUpstream).toBe(report.lost);
  const notes = collected.events.filter((event) => (event as { event: string }).event === "note");
  expect(notes).toHaveLength(Math.ceil((stage.counter!.summary.made as number) / 10));
  expect([isComplete, report.leakedSlots, readdirSync(spillDir)]).toEqual([false, 0, []]);
});

test("a reader of a replay that goes away ends the run without reading the disk for nobody", async () => {
  const source = { ...live, isLive: false, backpressure: "spill", frames: 600 };
  const { report, stage, quietReason } = await outcomeOf(await startHeld(source, { delayMs: 5, quietAt: 30 }, 30));
  expect(quietReason).toBe("the scripted reader went away");
  expect(stage.counter!.dropped["the reader went away"]).toBeGreaterThan(0);
  expect([report.lost, report.leakedSlots, readdirSync(spillDir)]).toEqual([0, 0, []]);
});

test("what the reader of a live source leaves on the disk stays there, named and counted as lost", async () => {
  const warnings: string[] = [];
  const sink = { delayMs: 5, quietAt: 30 };
  const started = await startHeld({ ...live, frames: 600 }, sink, 30, (text) => warnings.push(text));
  const { report, stage, quietReason } = await outcomeOf(started);
  expect(quietReason).toBe("the scripted reader went away");
  const left = stage.counter!.dropped["left in the spool"]!;
  expect(report.lost).toBe(left);
  // The file may begin with frames that had come back already.
  expect(readSpool(readdirSync(spillDir)[0]!).numbers.slice(-left)).toEqual(numbersTo(600).slice(-left));
  expect(warnings.at(-1)).toMatch(new RegExp(`^counter: ${left} frames still wait in .*mote recover`));
});

test("a run that a stage ends keeps what is on the disk there, counted as lost and named", async () => {
  const warnings: string[] = [];
  const sink = { delayMs: 5, endAt: 30 };
  const started = await startHeld({ ...live, frames: 600 }, sink, 30, (text) => warnings.push(text));
  const { stage, report, collected } = await outcomeOf(started);
  const left = stage.counter!.dropped["left in the spool"]!;
  expect(left).toBeGreaterThan(0);
  expect([collected.count, report.lost]).toEqual([stage.counter!.in - left, left]);
  expect(collected.lostUpstream).toBe(left);
  const [name] = readdirSync(spillDir);
  // The file may begin with frames that had come back already.
  const numbers = readSpool(name!).numbers.slice(-left);
  expect(collected.events).toEqual([
    { event: "drop", stage: "counter", firstFrame: numbers[0], count: left, reason: "left in the spool" },
  ]);
  expect([...collected.numbers, ...numbers].sort((a, b) => a - b)).toEqual(numbersTo(stage.counter!.in));
  expect(warnings).toEqual([expect.stringMatching(/^counter: \d+ frames still wait in .*mote recover/)]);
});

test("a run that fails leaves its spool as a recording up to the last frame, and names it", async () => {
  const warnings: string[] = [];
  const started = await start(
    [
      ["counter", { ...live, spillDir, noteEvery: 20, frames: 600 }],
      ["collect", { delayMs: 5, failAt: 50 }],
    ],
    (text) => warnings.push(text),
  );
  expect((await started.outcome).failure?.message).toContain("the scripted disk is full");
  const files = readdirSync(spillDir);
  expect(files).toEqual([`mote-spool-${process.pid}-counter.mote`]);
  const { numbers, summary } = readSpool(files[0]!);
  expect(numbers.length).toBeGreaterThan(100);
  expect(numbers).toEqual(numbers.map((_, i) => numbers[0]! + i));
  expect(summary).toMatchObject({ fault: `cut after frame ${numbers.at(-1)}`, missingFrames: 0 });
  expect(summary.eventCount).toBeGreaterThan(0);
  expect(warnings.at(-1)).toMatch(/^counter: [\d,]+ frames still wait in .*mote recover/);
});

test("an abort with nothing on the disk leaves no file", async () => {
  const started = await start([
    ["counter", { ...live, spillDir, delayMs: 5 }],
    ["collect", {}],
  ]);
  await started.reached("collect", 5);
  started.control.abort();
  await started.outcome;
  expect(readdirSync(spillDir)).toEqual([]);
});

test("--spill-dir without a link that spills is refused", async () => {
  await expect(run(["counter", { frames: 1, spillDir }], ["collect", {}])).rejects.toThrow(
    "counter, --spill-dir: is for a link that spills, this one has the policy block",
  );
});
