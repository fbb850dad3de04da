/** What a source hears of its frames; needs the build (`npm test` builds first). */
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { Returns, returnsWords } from "../../../src/core/memory/returns.js";
import type { Settlement } from "../../../src/core/model/settlement.js";
import { SettlementBook } from "../../../src/core/pipeline/settlement-book.js";
import { randomOfRun } from "../../seed.js";
import { anyOutcomeOf, numbersTo, type Stages, start } from "./scripted-run.js";

const folder = mkdtempSync(join(tmpdir(), "mote-settlement-"));
afterAll(() => rmSync(folder, { recursive: true }));
let runs = 0;

interface Told extends Settlement {
  /** Frames that the source had made by then. */
  readonly made: number;
}

/** Runs a source that wants to hear; `fateOf` each frame, and what it was told. */
async function settled(frames: number, options: object, stages: Stages) {
  const settledTo = join(folder, `told-${runs++}`);
  const source = ["counter", { frames, edge: 8, settledTo, ...options }] as const;
  const { stage, report, failure } = await anyOutcomeOf(await start([source, ...stages], () => {}, "end-branch"));
  const lines = existsSync(settledTo) ? readFileSync(settledTo, "utf8").trimEnd().split("\n") : [];
  const told = lines.map((line) => JSON.parse(line) as Told);
  const fateOf = new Map<number, string>();
  for (const { firstFrame, count, fate } of told) {
    for (let number = firstFrame; number < firstFrame + count; number++) {
      if (fateOf.has(number)) throw new Error(`frame ${number} was settled twice`);
      fateOf.set(number, fate);
    }
  }
  return { told, fateOf, stage, report, failure };
}

const ofAll = (frames: number, fate: (number: number) => string) => new Map(numbersTo(frames).map((n) => [n, fate(n)]));

test("every frame that is stored is told once, some while the source still makes others", async () => {
  const { told, fateOf, stage } = await settled(2000, {}, [["collect", { storesEvery: 10 }]]);
  expect(fateOf.size).toBe(2000);
  expect(new Set(fateOf.values())).toEqual(new Set(["stored"]));
  expect(told.some(({ made }) => made < 2000)).toBe(true);
  expect(stage.counter!.settled).toEqual({ stored: 2000, lost: 0, failed: 0 });
});

test("a frame is stored when every keeper has it, and lost when one of them does not get it", async () => {
  const { fateOf, told } = await settled(300, {}, [
    ["collect", { storesEvery: 7 }],
    ["collect", { storesEvery: 3 }, { from: "counter", label: "second", link: { every: 3 } }],
    ["collect", {}, { from: "counter", label: "looker", link: { every: 50 } }],
  ]);
  expect(fateOf).toEqual(ofAll(300, (n) => (n % 3 === 0 ? "stored" : "lost")));
  expect(told.find(({ fate }) => fate === "lost")!.reason).not.toBe("");
});

test("frames that a stage drops, that fail alone, or that nobody synced are told as such", async () => {
  const dropped = await settled(100, {}, [
    ["mark", { dropEvery: 5 }],
    ["collect", { storesEvery: 1, failsAt: 7, storesUpTo: 90 }],
  ]);
  expect(dropped.fateOf).toEqual(
    ofAll(100, (n) => (n % 5 === 0 ? "lost" : n === 7 ? "failed" : n < 90 ? "stored" : "failed")),
  );
  expect(dropped.stage.counter!.settled).toEqual({ stored: 71, lost: 20, failed: 9 });
});

test("what a full link gives up is lost, what came through is stored", async () => {
  const { fateOf, stage } = await settled(400, { edge: 256, backpressure: "drop-oldest" }, [
    ["collect", { storesEvery: 5, delayMs: 2 }],
  ]);
  const lost = [...fateOf.values()].filter((fate) => fate === "lost").length;
  expect(fateOf.size).toBe(400);
  expect(lost).toBe(stage.counter!.dropped["link full"] ?? 0);
});

test("a keeper that fails leaves none of its frames in doubt, and the other branch goes on", async () => {
  const { fateOf, failure } = await settled(200, {}, [
    ["collect", { storesEvery: 1, failAt: 50 }],
    ["collect", { storesEvery: 1 }, { from: "counter", label: "second" }],
  ]);
  expect(failure).not.toBeNull();
  expect(fateOf).toEqual(ofAll(200, (n) => (n < 50 ? "stored" : "failed")));
});

test("what a link gave up is told as lost also where the keeper behind it has failed", async () => {
  const { fateOf, stage } = await settled(400, { edge: 256, noteEvery: 1, backpressure: "drop-oldest" }, [
    ["collect", { storesEvery: 1, failAt: 5, delayMs: 5 }],
  ]);
  const made = stage.counter!.in;
  const counted = (fate: string) => [...fateOf.values()].filter((one) => one === fate).length;
  expect([fateOf.size, counted("stored")]).toEqual([made, 5]);
  expect(counted("lost")).toBe(stage.counter!.dropped["link full"] ?? 0);
  expect(counted("lost")).toBeGreaterThan(0);
});

test("what the device lost is no frame of the source, and settled by nobody", async () => {
  const { fateOf } = await settled(20, { gapAt: 10 }, [["collect", { storesEvery: 1 }]]);
  expect([...fateOf.keys()].sort((a, b) => a - b)).toEqual([...numbersTo(10), ...numbersTo(10).map((n) => n + 13)]);
});

test("a source that wants to hear refuses to begin where nothing keeps its frames", async () => {
  await expect(settled(10, {}, [["collect", {}]])).rejects.toThrow(/no stage behind it keeps them/);
});

test("put together from keepers that speak in any order, each frame has the worst of its fates, once", () => {
  const random = randomOfRun("settlement book");
  for (let trial = 0; trial < 50; trial++) {
    const keepers = 1 + Math.floor(random() * 3);
    const book = new SettlementBook(keepers);
    for (const frame of numbersTo(60)) book.came(frame);
    const fates = numbersTo(keepers).map(() =>
      numbersTo(60).map(() => (random() < 0.1 ? ("lost" as const) : ("stored" as const))),
    );
    const words = fates.flatMap((row) =>
      row.map((fate, firstFrame) => ({ firstFrame, count: 1, fate, reason: fate === "lost" ? "x" : "" })),
    );
    words.sort(() => random() - 0.5);
    for (const one of words) book.heard(one);
    book.heard({ firstFrame: 0, count: 2 ** 40, fate: "lost", reason: "late" });
    const told = book
      .take()
      .flatMap(({ firstFrame, count, fate }) => numbersTo(count).map((n) => [firstFrame + n, fate] as const));
    expect(told.length).toBe(60);
    expect(new Map(told)).toEqual(ofAll(60, (n) => (fates.some((row) => row[n] === "lost") ? "lost" : "stored")));
    expect(book.openFrames).toBe(0);
  }
});

test("a keeper whose way back is full waits until the source has listened", () => {
  const returns = new Returns(new Int32Array(new SharedArrayBuffer(returnsWords(2) * 4)), 2);
  const record = new Uint8Array(1000);
  let said = 0;
  while (returns.say(1, record)) said++;
  expect(said).toBeGreaterThan(50);
  expect([returns.take(0).length, returns.take(1).length, returns.say(1, record)]).toEqual([0, said, true]);
  returns.close(1);
  expect([returns.isOpen(0), returns.isOpen(1)]).toEqual([true, false]);
});
