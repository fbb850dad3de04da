/** A .mote recording of which any byte is changed, and that is cut at any. */
import { rmSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { seeded } from "../../seed.js";
import { broken, recordWhole, salvage, type WholeRecording } from "./mote-recording.js";
import { quickFolder, verified } from "./verify-recover.js";

let folder: string;
let recording: WholeRecording;
beforeAll(async () => {
  folder = quickFolder("mote-verify-");
  recording = await recordWhole(folder);
});
afterAll(() => rmSync(folder, { recursive: true }));

test("every byte is covered: whichever is changed, verify does not say whole", { timeout: 60_000 }, async () => {
  const { whole } = recording;
  const random = seeded(7);
  for (let at = 0; at < whole.length; at++) {
    const bytes = Buffer.from(whole);
    bytes[at] = bytes[at]! ^ (1 << Math.floor(random() * 8));
    const { verdict } = await verified(broken(folder, bytes));
    if (verdict === "whole") throw new Error(`byte ${at} of ${whole.length} was changed and not found`);
  }
});

test("wherever a recording is cut, verify says incomplete and recover gives the frames that were whole", {
  timeout: 120_000,
}, async () => {
  const { whole, frames, starts } = recording;
  for (let length = 0; length < whole.length; length++) {
    const path = broken(folder, whole.subarray(0, length));
    const report = await verified(path);
    if (report.verdict !== "incomplete") throw new Error(`${report.verdict} when cut at ${length}`);
    const isNearStart = starts.some((at) => Math.abs(at - length) < 2 || at + 100 === length);
    if (!isNearStart) continue;
    const framesThere = starts.filter((at, i) => whole[at + 4] === 2 && (starts[i + 1] ?? whole.length) <= length);
    expect(report.frames).toBe(framesThere.length);
    const got = await salvage(folder, path);
    expect(got?.frames ?? []).toEqual(frames.slice(0, framesThere.length));
    if (got) expect(got.recovery.lostFrames).toBe(6 - framesThere.length);
  }
});
