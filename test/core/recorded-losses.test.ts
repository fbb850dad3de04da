import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { acquire } from "../../src/commands/acquire.js";
import type { FateEvent, StreamEvent } from "../../src/core/model/event.js";
import { isFateEvent, isLossEvent } from "../../src/core/model/event-check.js";
import { lossOfEnd, recordedReason } from "../../src/core/model/recorded-loss.js";
import type { EndOfStream } from "../../src/core/model/run-report.js";
import { containers } from "../../src/core/storage/container-for.js";
import { readJournal } from "../../src/core/storage/formats/jxl/journal.js";
import { openImageFile } from "../../src/core/storage/read/image-formats.js";
import { randomOfRun } from "../seed.js";
import { fakeDescriptor, fakeFrame, fakeGeometry, fillFrame } from "./fake-context.js";
import { runSource, type SourceRun } from "./run-source.js";
import { quickFolder, recovered } from "./storage/verify-recover.js";

const folder = quickFolder("mote-losses-");
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Events and frame numbers in the order of a stream. */
type Told = readonly (StreamEvent | number)[];

const plain = fakeDescriptor({ shape: { height: 6, width: 8 }, detections: null, isLinked: false });

/** A container of these frames and events, closed with `end`, or left as a failure leaves it. */
async function write(name: string, told: Told, end: EndOfStream | null, descriptor = plain): Promise<string> {
  const path = join(folder, name);
  rmSync(path, { recursive: true, force: true });
  const extension = /\.ome\.\w+$|\.\w+$/.exec(name)![0];
  const geometry = fakeGeometry(descriptor);
  const open = await containers[extension]!.load();
  const store = await open({ path, where: name, descriptor, geometry });
  const frame = fakeFrame(geometry);
  for (const entry of told) {
    if (typeof entry !== "number") store.event(entry);
    else {
      fillFrame(frame, descriptor, entry, 0);
      frame.rowCount = -1;
      await store.append(frame);
    }
  }
  await store.close(end);
  return path;
}

const framesLost = (told: Told) =>
  told.reduce<number>((sum, one) => sum + (typeof one !== "number" && isLossEvent(one) ? one.count : 0), 0);
const endOf = (told: Told, more = 0): EndOfStream => ({ isComplete: true, lost: framesLost(told) + more, stages: [] });

/** Fates and spans where they stand, whatever the reason; other events left out. */
function fatesIn(told: Told): readonly (number | string)[] {
  return told.flatMap((one): readonly (number | string)[] => {
    if (typeof one === "number") return [one];
    return isFateEvent(one) ? [`${one.event} ${one.firstFrame}+${one.count}`] : [];
  });
}

const replay = (files: string | readonly string[], options = {}) =>
  runSource(acquire, { files: files as never, ...options });
const isRecorded = ({ order }: SourceRun) =>
  order.every((one) => typeof one === "number" || !isFateEvent(one) || one.isRecorded === true);

const gap = (firstFrame: number, count: number): FateEvent => ({
  event: "gap",
  firstFrame,
  count,
  reason: "device gap",
});
const drop = (firstFrame: number, count: number): FateEvent => ({
  ...{ event: "drop", stage: "acquire", firstFrame, count, reason: "link full" },
});
const duplicate = (firstFrame: number): FateEvent => ({
  event: "duplicate",
  firstFrame,
  count: 1,
  reason: "sent twice",
});

/** Frames, gaps, drops and second copies in an order that a camera could make; no two spans of one fate touch. */
function randomRun(random: () => number): Told {
  const told: (StreamEvent | number)[] = [];
  let next = 0;
  for (let n = 5 + Math.floor(random() * 30); n > 0; n--) {
    const kind = random();
    const last = told.at(-1);
    const count = random() < 0.1 ? 4_294_967_295 : 1 + Math.floor(random() * 9);
    if (kind < 0.6 || typeof last !== "number") {
      told.push(next++);
      if (random() < 0.15) told.push(duplicate(next - 1));
    } else {
      told.push(kind < 0.8 ? gap(next, count) : drop(next, count));
      next += count;
      if (random() < 0.3) {
        told.push(kind < 0.8 ? drop(next, 2) : gap(next, 2));
        next += 2;
      }
    }
  }
  if (random() < 0.5) told.push(next);
  return told;
}

const keepsLedger = [".mote", ".h5", ".ome.zarr"] as const;

describe("a recording that is replayed", () => {
  test("tells every gap, drop and second copy again, in its place and as one, from each container with a ledger", async () => {
    const random = randomOfRun("recorded losses");
    for (let round = 0; round < 12; round++) {
      const told = randomRun(random);
      for (const extension of keepsLedger) {
        const run = await replay(await write(`r${extension}`, told, endOf(told)));
        expect(fatesIn(run.order), `${extension} of ${JSON.stringify(told)}`).toEqual(fatesIn(told));
        expect(isRecorded(run)).toBe(true);
        expect([run.lost, run.isComplete]).toEqual([0, true]);
        expect(run.output.recordedLoss?.lost ?? 0).toBe(framesLost(told));
      }
    }
  });

  test("keeps its losses through a row of copies, each made of the one before", async () => {
    const random = randomOfRun("copies of copies");
    const told = randomRun(random);
    let from: Told = told;
    for (const [at, extension] of [".h5", ".ome.zarr", ".mote", ".h5", ".mote"].entries()) {
      const run = await replay(await write(`c${at}${extension}`, from, endOf(from)));
      expect(fatesIn(run.order), JSON.stringify(told)).toEqual(fatesIn(told));
      from = run.order.filter((one) => typeof one === "number" || isFateEvent(one));
    }
  });

  test("keeps its losses when it is recovered, those behind the last frame too", async () => {
    const random = randomOfRun("losses that are recovered");
    for (let round = 0; round < 3; round++) {
      const told = [0, duplicate(0), ...randomRun(random).slice(1), gap(2 ** 40, 3)];
      for (const extension of keepsLedger) {
        const out = join(folder, `recovered-${round}-${extension}.mote`);
        const recovery = await recovered(await write(`v${extension}`, told, endOf(told)), out);
        expect(recovery).toMatchObject({ ending: "finished", hasLoss: false });
        const run = await replay(out);
        expect(fatesIn(run.order), `${extension} of ${JSON.stringify(told)}`).toEqual(fatesIn(told));
        expect(run.output.recordedLoss?.lost).toBe(framesLost(told));
      }
    }
  });

  for (const extension of [".tif", ".ome.tif"]) {
    test(`${extension}, which has no place for events, keeps the total, and a jump of the numbers is told as a gap`, async () => {
      const told = [0, 1, gap(2, 3), 5, drop(6, 2), gap(8, 1), 9, duplicate(9), drop(10, 4)];
      const run = await replay(await write(`t${extension}`, told, endOf(told)));
      expect(fatesIn(run.order)).toEqual([0, 1, "gap 2+3", 5, "gap 6+3", 9]);
      // What was lost behind the last frame: how many is known, which they were is not.
      expect(run.lost).toBe(4);
      expect(run.order.at(-1)).toEqual({ event: "note", text: `4 frames: ${recordedReason}` });
      expect(run.output.recordedLoss).toMatchObject({ lost: 10, isComplete: true, isCut: false });
    });
  }

  for (const extension of [".h5", ".ome.zarr", ".tif", ".ome.tif"]) {
    test(`${extension} that was not closed is told as cut, by a word, in the descriptor and by the end`, async () => {
      const path = await write(`k${extension}`, [0, 1, 2], null);
      const run = await replay(path);
      expect(run.isComplete).toBe(false);
      expect(run.output.recordedLoss).toMatchObject({ isCut: true, isComplete: false, lost: null });
      expect(run.summary).toMatchObject({ cutFiles: [{ file: path, lastFrame: 2 }] });
      expect(run.warnings.join()).toContain("was cut short");
    });
  }

  for (const extension of [...keepsLedger, ".tif", ".ome.tif"]) {
    test(`${extension} of a run that was ended early stays not complete, and is not cut`, async () => {
      const path = await write(`i${extension}`, [0, 1, 2], { isComplete: false, lost: 0, stages: [] });
      const run = await replay(path);
      expect([run.isComplete, run.lost]).toEqual([false, 0]);
      expect(run.output.recordedLoss).toMatchObject({ isCut: false, isComplete: false, lost: 0 });
      expect(run.summary).not.toHaveProperty("cutFiles");
      expect(run.warnings.join()).toContain("was ended before its source was");
    });

    test(`${extension} made of a recording that was cut says so too`, async () => {
      const summary = { cutFiles: [{ file: "k.h5", lastFrame: 2 }] };
      const stage = { stage: "acquire", in: 3, out: 3, dropped: {}, failed: 0, summary } as never;
      const run = await replay(
        await write(`m${extension}`, [0, 1, 2], { isComplete: false, lost: 0, stages: [stage] }),
      );
      expect(run.output.recordedLoss).toMatchObject({ isCut: true });
      expect(run.isComplete).toBe(false);
    });
  }

  test("that lost nothing has nothing to tell", async () => {
    for (const extension of [...keepsLedger, ".tif"]) {
      const run = await replay(await write(`w${extension}`, [0, 1, 2], endOf([])));
      expect([run.isComplete, run.lost, run.warnings.length]).toEqual([true, 0, 0]);
      expect(run.output).not.toHaveProperty("recordedLoss");
    }
  });
});

test("an end tells of a cut when a stage read something that was cut or that failed, or when it failed itself", () => {
  const ofStage = (summary: object) =>
    lossOfEnd({ ...endOf([]), stages: [{ stage: "track", in: 3, out: 3, dropped: {}, failed: 0, summary }] });
  for (const summary of [
    { cutAfterFrame: 2 },
    { upstreamFailure: "acquire: unplugged" },
    { cutFiles: [{ file: "k.h5", lastFrame: 2 }] },
  ]) {
    expect(ofStage(summary).isCut, JSON.stringify(summary)).toBe(true);
  }
  expect(lossOfEnd({ ...endOf([]), failure: "the camera was unplugged" }).isCut).toBe(true);
  for (const summary of [{}, { cutFiles: [] }, { framesLinked: 3 }]) expect(ofStage(summary).isCut).toBe(false);
});

describe("a folder of compressed frames", () => {
  const about = { bytes: 1, rawBytes: 1, crc32: "00000000", isVerified: true, bitDepth: 16, device: null };
  const line = (frame: number) => JSON.stringify({ frame, file: `frame_${frame}.jxl`, ...about, ...rest });
  const rest = {
    ...{ capturedAtNs: "0", receivedAtNs: "0", source: 0, channel: 0, z: 0, position: 0, exposureMs: null },
    ...{ temperatureC: null, binning: { y: 1, x: 1 }, roi: { y: 0, x: 0 }, stageUm: { x: null, y: null, z: null } },
  };
  const head = JSON.stringify({ journal: 1, descriptor: plain });
  const journal = (...lines: string[]) => {
    const place = mkdtempSync(join(folder, "jxl-"));
    writeFileSync(join(place, "journal.ndjson"), `${[head, ...lines].join("\n")}\n`);
    return readJournal(place)!;
  };

  test("has its events once, however often it was resumed, and the end of its last run", () => {
    const told = [JSON.stringify(gap(1, 2)), line(3), JSON.stringify(duplicate(3))];
    const ended = journal(line(0), ...told, head, ...told, '{"end":{"isComplete":true,"lost":2}}');
    expect(ended.events).toEqual([gap(1, 2), duplicate(3)]);
    expect(ended.end).toEqual({ isComplete: true, isCut: false, lost: 2 });
    expect(journal(line(0), '{"end":{"isComplete":true,"lost":0}}', head).end).toBeUndefined();
  });

  test("has lost the frames in quarantine, unless they were stored later", () => {
    const both = ['{"quarantined":1,"file":"q","reason":"x"}', '{"quarantined":2,"file":"q","reason":"x"}'];
    expect(journal(line(0), ...both, line(2)).events).toMatchObject([{ event: "drop", firstFrame: 1, count: 1 }]);
  });

  test("whose journal says the impossible is refused, its line named", () => {
    expect(() => journal(line(0), JSON.stringify(gap(1, -4)))).toThrow(
      "line 3 of journal.ndjson beside it is a gap of -4",
    );
  });
});

describe("a part of a recording", () => {
  const told = [0, 1, gap(2, 3), 5, 6, 7, drop(8, 2), 10, gap(11, 1)];
  for (const extension of keepsLedger) {
    const part = async (options: object) =>
      fatesIn((await replay(await write(`p${extension}`, told, endOf(told)), options)).order);
    test(`of ${extension}: losses between the frames that are replayed, and no others`, async () => {
      expect(await part({ frames: 2 })).toEqual([0, 1]);
      expect(await part({ start: 2 })).toEqual([5, 6, 7, "drop 8+2", 10, "gap 11+1"]);
      expect(await part({ start: 1, end: 3 })).toEqual([1, "gap 2+3", 5]);
      expect(await part({ step: 2 })).toEqual([0, "gap 2+3", 5, 7, "drop 8+2", "gap 11+1"]);
    });
  }

  test("frame numbers that a step left out are no gap in the copy", async () => {
    const run = await replay(await write("s.mote", told, endOf(told)), { step: 2 });
    expect(run.output.numberStep).toBe(2);
    const copied = run.order.filter((one) => typeof one === "number" || isFateEvent(one));
    for (const extension of [...keepsLedger, ".tif"]) {
      const again = await replay(await write(`s${extension}`, copied, endOf(copied), { ...plain, numberStep: 2 }));
      expect(again.order.filter((one) => typeof one === "number")).toEqual([0, 5, 7]);
      const found = again.order.filter((one): one is StreamEvent => typeof one !== "number");
      expect(framesLost(found) + again.lost, extension).toBe(6);
    }
  });

  test("every pass of a loop tells its losses under its own numbers", async () => {
    const short = [0, gap(1, 2), 3, drop(4, 1)];
    const run = await replay(await write("l.h5", short, endOf(short)), { loop: 2 });
    expect(fatesIn(run.order)).toEqual([0, "gap 1+2", 3, "drop 4+1", 5, "gap 6+2", 8, "drop 9+1"]);
  });

  test("of several recordings each begins behind what the one before lost", async () => {
    const files = [
      await write("a0.h5", [0, 1, gap(2, 2)], endOf([gap(2, 2)])),
      await write("a1.mote", [drop(0, 3), 3, duplicate(3)], endOf([drop(0, 3)])),
    ];
    const run = await replay(files);
    expect(fatesIn(run.order)).toEqual([0, 1, "gap 2+2", "drop 4+3", 7, "duplicate 7+1"]);
    expect(run.output.recordedLoss).toMatchObject({ lost: 5 });
  });

  test("of several recordings, one that was ended early makes the whole not complete", async () => {
    const early: EndOfStream = { isComplete: false, lost: 0, stages: [] };
    for (const [first, second] of [
      [endOf([]), early],
      [early, endOf([])],
    ] as const) {
      const run = await replay([await write("e0.h5", [0, 1], first), await write("e1.h5", [0, 1], second)]);
      expect(run.output.recordedLoss).toMatchObject({ isComplete: false, isCut: false });
      expect(run.isComplete).toBe(false);
    }
  });
});

test("whatever frames are asked for, and in whatever order, a ledger says what is missing between them", async () => {
  const random = randomOfRun("losses between frames");
  for (let round = 0; round < 2; round++) {
    const told = randomRun(random);
    const places = told.flatMap((one, at) => (typeof one === "number" ? [at] : []));
    const fates = (from: number, to: number) => fatesIn(told.slice(from, to)).filter((one) => typeof one !== "number");
    for (const extension of keepsLedger) {
      const file = await openImageFile(await write(`b${extension}`, told, endOf(told)));
      // From each frame to the next, twice as a reader that comes back does, and from anywhere to anywhere.
      const steps = [...places, told.length].flatMap((_, at) =>
        [at, at].map((before) => [before - 1, before] as const),
      );
      const jumps = Array.from({ length: 8 }, () => {
        const before = Math.floor(random() * (places.length + 1));
        return [before - 1 - Math.floor(random() * (before + 1)), before] as const;
      });
      for (const [given, before] of [...steps, ...jumps]) {
        const after = Math.max(-1, given);
        const expected = fates(after < 0 ? 0 : places[after]!, places[before] ?? told.length);
        const found = [...file.losses!(after, before)];
        expect(fatesIn(found), `${extension}, ${after} to ${before} of ${JSON.stringify(told)}`).toEqual(expected);
      }
      file.close();
    }
  }
});

describe("frame numbers", () => {
  test("that jump without an event are told as a gap", async () => {
    for (const extension of keepsLedger) {
      const run = await replay(await write(`j${extension}`, [0, 1, 5, 6], endOf([])));
      expect(fatesIn(run.order), extension).toEqual([0, 1, "gap 2+3", 5, 6]);
    }
  });

  test("that repeat or go back are given once, with a word", async () => {
    for (const extension of keepsLedger) {
      const run = await replay(await write(`o${extension}`, [0, 1, 1, 4, 2], endOf([])));
      expect(
        run.order.filter((one) => typeof one === "number"),
        extension,
      ).toEqual([0, 1, 2, 5, 6]);
      expect(run.warnings).toHaveLength(1);
      expect(run.warnings[0]).toContain("frame 1 comes behind frame 1");
      expect(run.order.filter((one) => typeof one !== "number" && one.event === "note")).toHaveLength(2);
    }
  });

  test("of events that overlap or go back change no frame, and every event is told once", async () => {
    const odd = [0, gap(0, 4_294_967_295), 1, drop(50, 3), drop(20, 5), 2, 3];
    for (const extension of keepsLedger) {
      const run = await replay(await write(`v${extension}`, odd, endOf(odd)));
      expect(
        run.order.filter((one) => typeof one === "number"),
        extension,
      ).toEqual([0, 1, 2, 3]);
      expect(run.order.filter((one) => typeof one !== "number" && isFateEvent(one))).toHaveLength(3);
    }
  });
});
