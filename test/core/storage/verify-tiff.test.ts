import { copyFileSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { MoteError } from "../../../src/core/errors.js";
import type { EndOfStream } from "../../../src/core/model/run-report.js";
import { containerFor } from "../../../src/core/storage/container-for.js";
import type { TiffSettings } from "../../../src/core/storage/formats/tiff/tiff-options.js";
import { seeded } from "../../seed.js";
import { end, fakeDescriptor, fakeFrame, fakeGeometry, fillFrame } from "../fake-context.js";
import { askJudge, hasJudge, needsJudge } from "./judge.js";
import { framesOf, quickFolder, recovered, verified } from "./verify-recover.js";

const shape = { height: 10, width: 12 };
let folder: string;
beforeAll(() => {
  folder = quickFolder("mote-verify-tiff-");
});
afterAll(() => rmSync(folder, { recursive: true }));

let names = 0;
function newName(extension: string): string {
  return join(folder, `file${names++}${extension}`);
}

async function record(
  extension: string,
  count: number,
  tiff: TiffSettings,
  frameCount: number | null = count,
  lastWord: EndOfStream = end,
) {
  const descriptor = fakeDescriptor({ shape, detections: null, frameCount });
  const geometry = fakeGeometry(descriptor, 0);
  const frame = fakeFrame(geometry);
  const path = newName(extension);
  const open = await containerFor("test", path).load();
  const store = await open({ path, where: "test", descriptor, geometry, settings: { tiff } });
  const ends: number[] = [];
  for (let number = 0; number < count; number++) {
    fillFrame(frame, descriptor, number, 0);
    await store.append(frame);
    ends.push(readFileSync(path).length);
  }
  // What kill -9 leaves between two frames.
  const unclosed = newName(extension);
  copyFileSync(path, unclosed);
  await store.close(lastWord);
  return { path, ends, unclosed };
}

function pixelsOf(number: number): number[] {
  return Array.from({ length: shape.height * shape.width }, (_, at) => (at * 31 + number * 7919) % 251);
}

const plain: TiffSettings = { compression: "none", isPredicted: false };
const variants: readonly [string, TiffSettings, number | null][] = [
  [".tif", plain, 5],
  [".tif", { compression: "deflate", isPredicted: true }, null],
  [".tif", { compression: "lzw", isPredicted: true }, 5],
  [".ome.tif", plain, null],
];

for (const [extension, settings, frameCount] of variants) {
  const name = `${extension} ${settings.compression}, ${frameCount === null ? "BigTIFF" : "classic"}`;

  test(`${name}: a closed file is whole and comes back whole`, async () => {
    const { path } = await record(extension, 5, settings, frameCount);
    const report = await verified(path);
    expect(report.findings).toEqual([]);
    expect(report).toMatchObject({ verdict: "whole", frames: 5 });
    const out = newName(".mote");
    const recovery = await recovered(path, out);
    expect(recovery).toMatchObject({ frames: 5, lossCount: 0, notes: [] });
    expect(await framesOf(out)).toEqual([0, 1, 2, 3, 4].map((number) => ({ number, pixels: pixelsOf(number) })));
  });

  test(`${name}: cut at any length, the frames in front of the cut come back`, { timeout: 60_000 }, async () => {
    const { path, ends } = await record(extension, 5, settings, frameCount);
    const whole = readFileSync(path);
    const out = newName(".mote");
    for (let length = 0; length < whole.length; length += 7) {
      writeFileSync(path, whole.subarray(0, length));
      const report = await verified(path);
      if (report.findingCount === 0) throw new Error(`whole when cut at ${length} of ${whole.length}`);
      const there = ends.filter((at) => at <= length).length;
      expect(report.frames).toBeGreaterThanOrEqual(there);
      if (length % 5 > 0 && length !== ends[2]) continue;
      rmSync(out, { force: true });
      if (there === 0) {
        await recovered(path, out).catch((error) => expect(error).toBeInstanceOf(MoteError));
        continue;
      }
      const recovery = await recovered(path, out);
      expect(recovery.lossCount).toBeGreaterThan(0);
      const frames = await framesOf(out);
      // A page is whole a few bytes before the next begins: its last text and padding say nothing of pixels.
      expect(frames.length - there === 0 || frames.length - there === 1).toBe(true);
      for (const [number, frame] of frames.entries()) expect(frame).toEqual({ number, pixels: pixelsOf(number) });
    }
  });

  test(`${name}: whatever byte is changed, verify has a verdict and recover frames or a sentence`, {
    timeout: 60_000,
  }, async () => {
    const { path } = await record(extension, 4, settings, frameCount);
    const whole = readFileSync(path);
    const random = seeded(3);
    const out = newName(".mote");
    let found = 0;
    for (let round = 0; round < 150; round++) {
      const bytes = Buffer.from(whole);
      const at = Math.floor(random() * whole.length);
      bytes[at] = bytes[at]! ^ (1 << Math.floor(random() * 8));
      writeFileSync(path, bytes);
      if ((await verified(path)).findingCount > 0) found++;
      rmSync(out, { force: true });
      const failed = await recovered(path, out).catch((error: unknown) => error);
      if (failed instanceof Error) expect(failed).toBeInstanceOf(MoteError);
      else {
        // A copy of a file that was not finished says so.
        const isCut = (failed as { readonly ending: string }).ending === "unfinished";
        expect((await verified(out)).verdict).toBe(isCut ? "incomplete" : "whole");
      }
    }
    expect(found).toBeGreaterThan(5);
  });
}

for (const [extension, settings, frameCount] of variants) {
  test(`${extension} ${settings.compression}, of ${frameCount}: what a kill leaves is told from what was closed`, async () => {
    const { path, unclosed } = await record(extension, 3, settings, frameCount);
    const closed = await verified(path);
    expect([closed.verdict, closed.isEnded, closed.framesExpected]).toEqual(["whole", true, 3]);
    const report = await verified(unclosed);
    expect([report.verdict, report.frames]).toEqual(["incomplete", 3]);
    expect(report.reasons).toContainEqual({ code: "completeness-missing", count: 1 });
    const out = newName(extension);
    const recovery = await recovered(unclosed, out);
    expect([recovery.ending, recovery.frames, recovery.hasLoss]).toEqual(["unfinished", 3, true]);
    expect((await verified(out)).isEnded).toBe(true);
    expect(await recovered(path, newName(extension))).toMatchObject({ ending: "finished", hasLoss: false });
  });
}

test("a TIFF that says how many pages it was closed with tells that pages are gone, however the chain ends", async () => {
  const { path } = await record(".tif", 3, plain);
  const bytes = readFileSync(path);
  // The link of the second page to the third: its last word, in front of its texts.
  const first = bytes.readUInt32LE(4);
  const second = bytes.readUInt32LE(first + 2 + bytes.readUInt16LE(first) * 12);
  bytes.writeUInt32LE(0, second + 2 + bytes.readUInt16LE(second) * 12);
  writeFileSync(path, bytes);
  const report = await verified(path);
  expect([report.verdict, report.frames, report.framesExpected]).toEqual(["incomplete", 2, 3]);
  expect(await recovered(path, newName(".tif"))).toMatchObject({ frames: 2, lostFrames: 1, hasLoss: true });
});

test("a TIFF whose run could not store every frame that came is incomplete, and says how many", async () => {
  for (const extension of [".tif", ".ome.tif"]) {
    const { path } = await record(extension, 3, plain, null, { ...end, isComplete: false, lost: 2, notStored: 2 });
    const report = await verified(path);
    expect([report.verdict, report.frames, report.isEnded]).toEqual(["incomplete", 3, true]);
    expect(report.findings.map(({ what }) => what)).toEqual(["2 frames that came could not be stored"]);
  }
});

test("a TIFF of a Mote that marked no end, or of another program, is not checked for it", async () => {
  const { path } = await record(".tif", 2, plain);
  const text = readFileSync(path, "latin1");
  const others = [
    [text.replace('"end":{', '"old":{'), ["end"]],
    [text.replace('{"frame_number"', '{"other_number"'), ["pixels", "end"]],
  ] as const;
  for (const [other, unchecked] of others) {
    writeFileSync(path, other, "latin1");
    const report = await verified(path);
    expect([report.verdict, report.findings]).toEqual(["unchecked", []]);
    expect(report.unchecked.map(({ aspect }) => aspect)).toEqual(unchecked);
    expect(await recovered(path, newName(".tif"))).toMatchObject({ ending: "unknown", hasLoss: false });
  }
});

test("a page whose description is damaged is kept with a note in a file that was closed, and lost in one that was not", async () => {
  const { path, unclosed } = await record(".tif", 3, plain);
  const damage = (file: string) => {
    const text = readFileSync(file, "latin1");
    const at = text.lastIndexOf('{"frame_number":1');
    writeFileSync(file, `${text.slice(0, at)}\0\0${text.slice(at + 2)}`, "latin1");
  };
  damage(path);
  const kept = newName(".tif");
  const { notes, lostFrames } = await recovered(path, kept);
  expect([lostFrames, notes]).toEqual([
    0,
    ["what the page of frame 1 says is damaged: its pixels were not checked, its number is that of its place"],
  ]);
  expect((await framesOf(kept)).map(({ number }) => number)).toEqual([0, 1, 2]);
  damage(unclosed);
  const rest = newName(".tif");
  const { losses } = await recovered(unclosed, rest);
  expect(losses[0]).toEqual({ what: "frame 1: what its page says of it is damaged", frames: 1, firstFrame: 1 });
  expect((await framesOf(rest)).map(({ number }) => number)).toEqual([0, 2]);
});

test("a page that does not decode is named, with its byte; pages behind a broken link are found", async () => {
  const { path, ends } = await record(".tif", 5, { compression: "deflate", isPredicted: false });
  const bytes = readFileSync(path);
  bytes.fill(0xff, ends[0]! + 16, ends[0]! + 40);
  writeFileSync(path, bytes);
  const report = await verified(path);
  expect(report.verdict).toBe("damaged");
  expect(report.findings.map(({ frame, check }) => ({ frame, check }))).toEqual([{ frame: 1, check: "decoding" }]);
  // The whole middle of the file: three pages and the links that lead through them.
  bytes.fill(0, ends[0]! - 40, ends[2]!);
  writeFileSync(path, bytes);
  const out = newName(".tif");
  const recovery = await recovered(path, out);
  expect(recovery.losses.map(({ frames, firstFrame }) => [frames, firstFrame])).toEqual([[2, 1]]);
  expect((await framesOf(out)).map(({ pixels }) => pixels)).toEqual([0, 3, 4].map(pixelsOf));
});

test("pages that the header leads past come back in front of those that it leads to", async () => {
  const { path } = await record(".tif", 5, plain);
  const bytes = readFileSync(path);
  // Past two directories, each of which says behind its entries where the next is.
  for (let skipped = 0; skipped < 2; skipped++) {
    const first = bytes.readUInt32LE(4);
    bytes.writeUInt32LE(bytes.readUInt32LE(first + 2 + 12 * bytes.readUInt16LE(first)), 4);
  }
  // A page that is damaged, so that the others are searched for.
  const last = bytes.readUInt32LE(4);
  bytes.writeUInt16LE(0xffff, bytes.readUInt32LE(last + 2 + 12 * bytes.readUInt16LE(last)));
  writeFileSync(path, bytes);
  const out = newName(".mote");
  const recovery = await recovered(path, out);
  expect(recovery.losses).toMatchObject([{ frames: 1, firstFrame: 3 }]);
  expect(await framesOf(out)).toEqual([0, 1, 2, 4].map((number) => ({ number, pixels: pixelsOf(number) })));
});

test("pages come back when the header is damaged", async () => {
  for (const [extension, settings, frameCount] of variants) {
    const { path } = await record(extension, 3, settings, frameCount);
    const bytes = readFileSync(path);
    bytes.fill(0, 0, 8);
    writeFileSync(path, bytes);
    expect((await verified(path)).verdict).toBe("damaged");
    const out = newName(".mote");
    const recovery = await recovered(path, out);
    expect(recovery.frames).toBe(3);
    expect((await framesOf(out)).map(({ pixels }) => pixels)).toEqual([0, 1, 2].map(pixelsOf));
  }
});

describe.skipIf(!hasJudge)(`tifffile${needsJudge}`, () => {
  test("reads what was recovered, numbers and times in the descriptions", async () => {
    const { path, ends } = await record(".tif", 4, { compression: "lzw", isPredicted: true }, null);
    const bytes = readFileSync(path);
    writeFileSync(path, bytes.subarray(0, ends[2]! + 50));
    const out = newName(".tif");
    await recovered(path, out);
    const told = askJudge(
      out,
      `import tifffile
with tifffile.TiffFile(path) as f:
    print(json.dumps({"pixels": f.asarray().reshape(len(f.pages), -1).tolist(), "notes": [json.loads(p.description) for p in f.pages]}))`,
    ) as { pixels: number[][]; notes: { frame_number: number; captured_at_ns: string; exposure_ms: number }[] };
    expect(told.pixels).toEqual([0, 1, 2].map(pixelsOf));
    expect(told.notes.map((note) => note.frame_number)).toEqual([0, 1, 2]);
    expect(told.notes[1]).toMatchObject({ captured_at_ns: String(1_763_720_400_041_666_667n), exposure_ms: 12.5 });
  });
});

describe.each([".tif", ".ome.tif"])("%s of a writer that died", (extension) => {
  test("before its first frame is incomplete, with nothing to get back; before the header led to it, with that frame", async () => {
    const open = await containerFor("test", extension).load();
    for (const frames of [0, 1]) {
      const path = newName(extension);
      const descriptor = fakeDescriptor({ shape, detections: null, frameCount: null });
      const geometry = fakeGeometry(descriptor, 0);
      const store = await open({ path, where: "test", descriptor, geometry });
      const frame = fakeFrame(geometry);
      fillFrame(frame, descriptor, 0, 0);
      if (frames > 0) await store.append(frame);
      const left = `${path}.left${extension}`;
      const bytes = readFileSync(path);
      // What is written last is that the header leads to the first page.
      bytes.fill(0, 8, 16);
      writeFileSync(left, bytes);
      await store.append(frame);
      await store.close(end);
      const report = await verified(left);
      expect([report.verdict, report.frames, report.isRecoverable]).toEqual(["incomplete", frames, frames > 0]);
      expect(report.findings[0]?.what).toMatch(frames === 0 ? /^cut before the first frame/ : /^cut before the header/);
      const copy = recovered(left, `${path}.copy.mote`);
      if (frames > 0) expect(await copy).toMatchObject({ frames: 1, hasLoss: true, ending: "unfinished" });
      else await expect(copy).rejects.toThrow("holds no whole frame");
    }
  });
});
