import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { StreamEvent } from "../../../src/core/model/event.js";
import { openImageFile } from "../../../src/core/storage/read/image-formats.js";
import { footerBytes } from "../../../src/core/stream/message.js";
import { broken, record, recordWhole, salvage, type WholeRecording } from "./mote-recording.js";
import { quickFolder, verified } from "./verify-recover.js";

let folder: string;
let recording: WholeRecording;
beforeAll(async () => {
  folder = quickFolder("mote-verify-");
  recording = await recordWhole(folder);
});
afterAll(() => rmSync(folder, { recursive: true }));

test("a whole recording is whole", async () => {
  const report = await verified(join(folder, "whole.mote"));
  expect(report.findings).toEqual([]);
  expect(report).toMatchObject({ verdict: "whole", frames: 6, framesExpected: 6, rows: 18 });
});

test("what a later stage dropped is taken from what the last one counted, and what a replayed recording had lost is not", async () => {
  const drop: StreamEvent = { event: "drop", stage: "recover", firstFrame: 6, count: 2, reason: "damaged in the file" };
  const replayed = join(folder, "replayed.mote");
  await record(replayed, 6, [{ ...drop, isRecorded: true }]);
  expect(await verified(replayed)).toMatchObject({ verdict: "whole", framesExpected: 6 });
  const dropped = join(folder, "dropped.mote");
  await record(dropped, 6, [drop]);
  expect(await verified(dropped)).toMatchObject({ verdict: "damaged", framesExpected: 4 });
});

test("frames that are in no piece of the index are told", async () => {
  const { whole, starts } = recording;
  const piece = starts.at(-1)!;
  const footer = Buffer.from(whole.subarray(whole.length - footerBytes));
  // As if there had never been a piece.
  footer.writeBigUInt64LE(0n);
  const report = await verified(broken(folder, Buffer.concat([whole.subarray(0, piece), footer])));
  expect(report.verdict).toBe("damaged");
  expect(report.findings.map(({ what }) => what)).toEqual(["6 frames are in no piece of the index"]);
});

test("a frame whose pixels are damaged is named with its byte, left out, counted, and entered as dropped", async () => {
  const { whole, frames, starts } = recording;
  const bytes = Buffer.from(whole);
  const frame2 = starts.filter((at) => whole[at + 4] === 2)[2]!;
  bytes[frame2 + 200] = bytes[frame2 + 200]! ^ 1;
  const path = broken(folder, bytes);
  const report = await verified(path);
  expect(report).toMatchObject({ verdict: "damaged", frames: 5, framesExpected: 6 });
  expect(report.findings).toEqual([
    {
      kind: "damaged",
      check: "checksums",
      code: "checksums-damaged",
      what: "frame 2: its pixels do not match their checksum",
      frame: 2,
      byte: frame2 + 192,
      file: null,
    },
  ]);
  const got = (await salvage(folder, path))!;
  expect(got.frames).toEqual(frames.filter(({ number }) => number !== 2));
  expect(got.recovery.losses).toEqual([{ what: `frame 2: damaged, from byte ${frame2} on`, frames: 1, firstFrame: 2 }]);
  expect(readFileSync(join(folder, "out.mote")).toString("latin1")).toContain(
    '{"event":"drop","stage":"recover","firstFrame":2,"count":1,"reason":"damaged in the file"}',
  );
});

test("what was recovered with a loss is not complete, however the run had ended", async () => {
  const { whole, starts } = recording;
  const bytes = Buffer.from(whole);
  bytes[starts.filter((at) => whole[at + 4] === 2)[2]! + 200]! ^= 1;
  expect(await salvage(folder, broken(folder, bytes))).toBeDefined();
  const file = await openImageFile(join(folder, "out.mote"));
  expect(file.facts.recordedLoss).toMatchObject({ isComplete: false, lost: 1 });
  file.close();
});

test("a hole of zeros takes only the frames it touches", async () => {
  const { whole, frames, starts } = recording;
  const bytes = Buffer.from(whole);
  const at = starts.filter((start) => whole[start + 4] === 2);
  bytes.fill(0, at[1]! + 10, at[3]! + 50);
  const path = broken(folder, bytes);
  expect((await verified(path)).verdict).toBe("damaged");
  const got = (await salvage(folder, path))!;
  expect(got.frames).toEqual(frames.filter(({ number }) => number === 0 || number > 3));
  expect(got.recovery.lostFrames).toBe(3);
});

test("a tail of zeros, as a power cut leaves, is a cut", async () => {
  const { whole, frames, starts } = recording;
  const at = starts.filter((start) => whole[start + 4] === 2)[4]!;
  const path = broken(folder, Buffer.concat([whole.subarray(0, at), Buffer.alloc(5000)]));
  const report = await verified(path);
  expect(report.verdict).toBe("incomplete");
  expect(report.findings[0]!.what).toBe("cut after frame 3: what follows holds 5000 zeros that were never written");
  expect((await salvage(folder, path))!.frames).toEqual(frames.slice(0, 4));
});

test("frames come back when the descriptor is damaged, and with detections", async () => {
  const { whole, frames, starts } = recording;
  const bytes = Buffer.from(whole);
  bytes[starts[0]! + 60] = 0;
  const path = broken(folder, bytes);
  const got = (await salvage(folder, path))!;
  expect(got.frames).toEqual(frames);
  expect(got.recovery.losses[0]!.what).toContain("the descriptor is damaged");
  expect(got.recovery.rows).toBe(18);
});

test("a sample looks at the pixels of some frames, and at all heads", async () => {
  const { whole, starts } = recording;
  const frame = starts.filter((at) => whole[at + 4] === 2);
  const head = Buffer.from(whole);
  head[frame[4]! + 20] = 99;
  expect((await verified(broken(folder, head), 1)).verdict).toBe("damaged");
  const found = [];
  for (const at of frame) {
    const bytes = Buffer.from(whole);
    bytes[at + 200] = bytes[at + 200]! ^ 1;
    if ((await verified(broken(folder, bytes), 6)).verdict === "damaged") found.push(at);
  }
  expect(found.length).toBeGreaterThanOrEqual(2);
  expect(found.length).toBeLessThan(6);
});
