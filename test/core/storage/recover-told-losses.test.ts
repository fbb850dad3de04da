/** What `recover` says and writes of losses that the damaged file tells of itself: they are true of the copy, whatever reads it. */
import { readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { acquire } from "../../../src/commands/acquire.js";
import { isFateEvent, isLossEvent } from "../../../src/core/model/event-check.js";
import { containers } from "../../../src/core/storage/container-for.js";
import { inspectFile, kindOf } from "../../../src/core/storage/inspect/inspect-file.js";
import { recoveryText } from "../../../src/core/storage/recover/recovery-text.js";
import type { StreamSummary } from "../../../src/core/stream/describe-stream.js";
import { fakeDescriptor, fakeFrame, fakeGeometry, fillFrame } from "../fake-context.js";
import { runSource } from "../run-source.js";
import { quickFolder, recovered, verified } from "./verify-recover.js";

let folder: string;
beforeAll(() => {
  folder = quickFolder("mote-told-losses-");
});
afterAll(() => rmSync(folder, { recursive: true }));

const descriptor = fakeDescriptor({ shape: { height: 4, width: 5 }, detections: null, isLinked: false });
const geometry = fakeGeometry(descriptor, 0);

/** Frames 0, 1, 5, 9 and 10; three and two frames dropped by two stages, one lost at the device. */
async function unclosed(name: string): Promise<string> {
  const path = join(folder, name);
  rmSync(path, { recursive: true, force: true });
  const open = await containers[/\.ome\.\w+$|\.\w+$/.exec(name)![0]]!.load();
  const store = await open({ path, where: name, descriptor, geometry });
  const frame = fakeFrame(geometry);
  const append = async (number: number) => {
    fillFrame(frame, descriptor, number, 0);
    frame.rowCount = -1;
    await store.append(frame);
  };
  for (const number of [0, 1]) await append(number);
  store.event({ event: "drop", stage: "acquire", firstFrame: 2, count: 3, reason: "link full" });
  await append(5);
  store.event({ event: "drop", stage: "track", firstFrame: 6, count: 2, reason: "link full" });
  store.event({ event: "gap", firstFrame: 8, count: 1, reason: "device gap" });
  for (const number of [9, 10]) await append(number);
  await store.close(null);
  return path;
}

const told = 6;

describe("frames that an unfinished file says were lost", () => {
  for (const [name, copy] of [
    ["mote-spool-1-track.mote", "spool.mote"],
    ["mote-spool-1-track.mote", "spool.h5"],
    ["mote-spool-1-track.mote", "spool.ome.zarr"],
    ["cut.mote", "cut-copy.mote"],
    ["cut.h5", "cut-h5.mote"],
    ["cut.h5", "cut-copy.h5"],
    ["cut.ome.zarr", "cut-zarr.mote"],
    ["cut.ome.zarr", "cut-copy.ome.zarr"],
  ] as const) {
    test(`are told by recover of ${name}, and by verify, inspect and a replay of ${copy}`, async () => {
      const out = join(folder, copy);
      const recovery = await recovered(await unclosed(name), out);
      expect([recovery.frames, recovery.recordedLost, recovery.hasLoss]).toEqual([5, told, true]);
      expect(recoveryText(recovery, 1)).toContain("lost before, while it was recorded, as it says: 6 frames");
      const report = await verified(out);
      // What followed the last frame of a file that nobody closed is unknown.
      expect([report.verdict, report.findings.map(({ code }) => code)]).toEqual(["incomplete", ["recording-cut"]]);
      const run = await runSource(acquire, { files: [out] });
      const lost = run.order.flatMap((one) =>
        typeof one !== "number" && isFateEvent(one) && isLossEvent(one) ? [one] : [],
      );
      expect([lost.reduce((sum, { count }) => sum + count, 0), run.lost, run.isComplete]).toEqual([told, 0, false]);
      expect(run.order.filter((one) => typeof one === "number")).toEqual([0, 1, 5, 9, 10]);
      const { kind, facts } = await inspectFile(out, await kindOf(out));
      if (kind === "stream") expect((facts as StreamSummary).end?.lost).toBe(told);
      // A copy of the copy counts them once.
      const again = join(folder, `again-${copy}`);
      const second = await recovered(out, again);
      expect([second.recordedLost, second.hasLoss]).toEqual([told, second.ending === "unfinished"]);
      expect((await verified(again)).findings.filter(({ kind: found }) => found === "damaged")).toEqual([]);
    });
  }
});

test("a table that ends inside a line has lost nobody knows how many frames, and was not finished", async () => {
  const path = join(folder, "t.csv");
  writeFileSync(path, `frame,y,x\n${Array.from({ length: 40 }, (_, row) => `${row},1.5,2.5\n`).join("")}`);
  truncateSync(path, Math.floor(readFileSync(path).length * 0.6) + 1);
  const recovery = await recovered(path, join(folder, "t2.csv"));
  expect([recovery.isLostCounted, recovery.ending, recovery.hasLoss]).toEqual([false, "unfinished", true]);
  expect(recoveryText(recovery, 1)).toContain("how many frames are lost is not known");
});
