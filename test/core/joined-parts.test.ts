/** Parts of a split recording that are replayed: which of them are missing, whichever they are. */
import { mkdtempSync, rmSync } from "node:fs";
import { basename, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { acquire } from "../../src/commands/acquire.js";
import type { FateEvent, StreamEvent } from "../../src/core/model/event.js";
import { isFateEvent, isLossEvent } from "../../src/core/model/event-check.js";
import { cutFilesIn } from "../../src/core/model/recorded-loss.js";
import { defaultHdf5 } from "../../src/core/storage/formats/h5/h5-options.js";
import { openH5Store } from "../../src/core/storage/formats/h5/h5-store.js";
import { partsOf } from "../../src/core/storage/formats/h5/segment-names.js";
import { fakeDescriptor, fakeFrame, fakeGeometry, fillFrame } from "./fake-context.js";
import { runSource, type SourceRun } from "./run-source.js";
import { quickFolder } from "./storage/verify-recover.js";

let folder: string;
beforeAll(() => {
  folder = quickFolder("mote-parts-");
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const descriptor = fakeDescriptor({ shape: { height: 4, width: 5 }, detections: null, isLinked: false });
const geometry = fakeGeometry(descriptor, 0);
const gap = (firstFrame: number, count: number): FateEvent => ({
  ...{ event: "gap", firstFrame, count, reason: "device gap" },
});

/** Two frames a part; losses stand inside of parts and between them. */
const told = [0, 1, 2, gap(3, 2), 5, gap(6, 1), 7, 8, 9, 10];
const partCount = 4;
/** The number behind the last one that each part speaks of; what was lost before a part was begun stands in the one before. */
const endOfPart = [2, 7, 9, 11];

async function splitRow(): Promise<readonly string[]> {
  const path = join(mkdtempSync(join(folder, "row-")), "row.h5");
  const settings = { hdf5: { ...defaultHdf5, split: { frames: 2 } } };
  const store = await openH5Store({ path, where: "test", descriptor, geometry, settings });
  const frame = fakeFrame(geometry);
  for (const one of told) {
    if (typeof one !== "number") store.event(one);
    else {
      fillFrame(frame, descriptor, one, 0);
      frame.rowCount = -1;
      await store.append(frame);
    }
  }
  await store.close({ isComplete: true, lost: 3, stages: [] });
  return partsOf(path);
}

const spansIn = ({ order }: SourceRun) =>
  order.flatMap((one: StreamEvent | number): { first: number; count: number; isLost: boolean; reason: string }[] => {
    if (typeof one === "number") return [{ first: one, count: 1, isLost: false, reason: "" }];
    if (!isFateEvent(one) || !isLossEvent(one)) return [];
    return [{ first: one.firstFrame, count: one.count, isLost: true, reason: one.reason }];
  });
const lostIn = (run: SourceRun) => spansIn(run).reduce((sum, { isLost, count }) => sum + (isLost ? count : 0), 0);

describe("a split recording of which parts are gone", () => {
  for (let kept = 1; kept < 1 << partCount; kept++) {
    const isKept = (part: number) => ((kept >> part) & 1) === 1;
    const names = Array.from({ length: partCount }, (_, part) => part).filter(isKept);
    test(`is replayed from parts ${names.join(", ")} with a frame or a loss for each number, and cut where the end is gone`, async () => {
      const parts = await splitRow();
      expect(parts).toHaveLength(partCount);
      for (const [part, path] of parts.entries()) if (!isKept(part)) rmSync(path);
      const files = parts.filter((_, part) => isKept(part));
      const run = await runSource(acquire, { files });
      let next = 0;
      for (const { first, count } of spansIn(run)) {
        expect(first, JSON.stringify(run.order)).toBe(next);
        next += count;
      }
      const last = names.at(-1)!;
      expect(next).toBe(endOfPart[last]);
      const isCut = last < partCount - 1;
      expect(run.isComplete).toBe(!isCut);
      expect(cutFilesIn(run.summary ?? {}).map(({ file }) => file)).toEqual(isCut ? [files.at(-1)] : []);

      const stepped = await runSource(acquire, { files, step: 3 });
      const numbers = (one: SourceRun) => one.order.filter((entry) => typeof entry === "number");
      const lastStepped = numbers(stepped).at(-1)!;
      const through = spansIn(run).filter(({ first, isLost }) => isLost && first < lastStepped);
      const least = through.reduce((sum, { count }) => sum + count, 0);
      // What is missing behind its last frame is told as well where the files end there.
      expect(lostIn(stepped)).toBeGreaterThanOrEqual(least);
      expect(lostIn(stepped)).toBeLessThanOrEqual(lostIn(run));
    });
  }

  test("says which part is missing, by its name; a second replay of the same parts is no part of the first", async () => {
    const [first, second, third] = await splitRow();
    rmSync(second!);
    const gone = spansIn(await runSource(acquire, { files: [first!, third!] })).filter(({ isLost }) => isLost);
    expect(gone.map(({ reason }) => reason)).toContain(`${basename(second!)} is missing`);
    const backwards = await runSource(acquire, { files: [third!, first!] });
    expect(backwards.order.filter((one) => typeof one === "number")).toHaveLength(4);
    const whole = await splitRow();
    expect(lostIn(await runSource(acquire, { files: [...whole, ...whole] }))).toBe(6);
  });

  test("has its missing part told in each pass of a loop, and parts that are all there have none", async () => {
    const parts = await splitRow();
    expect(lostIn(await runSource(acquire, { files: parts }))).toBe(3);
    rmSync(parts[1]!);
    const left = parts.filter((_, part) => part !== 1);
    const once = lostIn(await runSource(acquire, { files: left }));
    expect(once).toBe(5);
    expect(lostIn(await runSource(acquire, { files: left, loop: 2 }))).toBe(2 * once);
  });
});
