import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { archive } from "../../../src/commands/archive.js";
import { compress } from "../../../src/commands/compress.js";
import { streamOut } from "../../../src/commands/stream-out.js";
import type { Frame } from "../../../src/core/memory/frame.js";
import { checksumOf } from "../../../src/core/memory/pixel-checksum.js";
import type { StreamDescriptor } from "../../../src/core/model/descriptor.js";
import { bytesPerPixel, pixelFormats } from "../../../src/core/model/pixel-format.js";
import { decodeOptions, type RawOptions } from "../../../src/core/option/decode-options.js";
import { layOutRun } from "../../../src/core/pipeline/run-layout.js";
import type { FlowInstance, StageDeclaration } from "../../../src/core/pipeline/stage.js";
import { checksumColumn } from "../../../src/core/storage/columns/frame-table.js";
import { end, fakeContext, fakeDescriptor, fakeFrame, fakeGeometry, fillFrame } from "../fake-context.js";
import { eachFrame } from "./each-frame.js";
import { quickFolder, recovered, verified } from "./verify-recover.js";

let folder: string;
beforeEach(() => {
  folder = quickFolder("mote-checksums-");
});
afterEach(() => rmSync(folder, { recursive: true }));

const files = ["run.h5", "run.mote", "run.tif", "run.ome.tif", "run.ome.zarr"];

/** Takes frames as a source does, pushes them through the stage, and closes it; says what became of each. */
async function archived(
  names: readonly string[],
  descriptor: StreamDescriptor,
  onTheWay: (frame: Frame) => void = () => {},
  settings: Readonly<Record<string, string>> = {},
) {
  const raw = { out: names.map((name) => join(folder, name)), ...settings };
  const { options, problems } = decodeOptions("archive", archive.options, raw);
  expect(problems).toEqual([]);
  const facts = { processors: 1, date: "2026-11-20", folders: [], notes: [] };
  const { plan } = archive.negotiate(descriptor, options, facts, "own");
  const stage = (await archive.open(plan, fakeContext(descriptor))) as FlowInstance;
  const frame = fakeFrame(fakeGeometry(descriptor));
  const verdicts: unknown[] = [];
  for (let number = 0; number < 4; number++) {
    fillFrame(frame, descriptor, number, 3);
    frame.pixelsCrc32 = -1;
    frame.pixelsCrc32 = checksumOf(frame);
    onTheWay(frame);
    verdicts.push(await stage.push(frame));
  }
  await stage.flush?.(end);
  await stage.close?.(false);
  return verdicts;
}

/** Checksums of all frames as `acquire` gets them from the file. */
async function checksumsIn(path: string): Promise<(number | undefined)[]> {
  const found: (number | undefined)[] = [];
  for await (const { pixelsCrc32 } of eachFrame(path)) found.push(pixelsCrc32);
  return found;
}

for (const pixelFormat of pixelFormats) {
  test(`the checksum that a frame came with is in every container, and comes back from it: ${pixelFormat}`, async () => {
    const bitDepth = bytesPerPixel[pixelFormat] * 8;
    const descriptor = fakeDescriptor({ shape: { height: 9, width: 14 }, pixelFormat, bitDepth });
    const made: number[] = [];
    await archived(files, descriptor, (frame) => made.push(frame.pixelsCrc32));
    await archived(["single.h5"], descriptor, () => {}, { hdf5Layout: "per-frame" });
    await archived(["packed.tif"], descriptor, () => {}, { tiffCompression: "lzw" });
    for (const name of [...files, "single.h5", "packed.tif"]) {
      expect([name, await checksumsIn(join(folder, name))]).toEqual([name, made]);
      const { unchecked, findings } = await verified(join(folder, name));
      expect([name, findings, unchecked.filter(({ aspect }) => aspect === "pixels")]).toEqual([name, [], []]);
    }
  });
}

describe("a frame whose pixels change on its way to the archive", () => {
  test("is failed, in no container, and each of them says that it is missing", async () => {
    const descriptor = fakeDescriptor({ shape: { height: 8, width: 16 } });
    const verdicts = await archived([...files, "run.csv"], descriptor, (frame) => {
      if (frame.header.frameNumber === 2) frame.pixels[77]! ^= 4;
    });
    expect(verdicts.map((verdict) => typeof verdict)).toEqual(["undefined", "undefined", "object", "undefined"]);
    expect(verdicts[2]).toMatchObject({ failed: expect.stringContaining("checksum") });
    for (const name of ["run.h5", "run.mote", "run.ome.zarr"]) {
      const report = await verified(join(folder, name));
      expect([name, report.verdict, report.frames]).toEqual([name, "incomplete", 3]);
    }
    const numbers = readFileSync(join(folder, "run.csv"), "utf8").trim().split("\n").slice(1);
    expect(new Set(numbers.map((line) => line.split(",")[0]))).toEqual(new Set(["0", "1", "3"]));
  });
});

test("pixels get a checksum where a stage behind the source stores or sends them, and nowhere else", () => {
  const descriptor = fakeDescriptor({ shape: { height: 8, width: 16 } });
  const facts = { processors: 1, workers: 1, notes: [], date: "2026-11-20", folders: [] };
  const isMade = (stage: StageDeclaration, raw: RawOptions, source = descriptor) => {
    const { options, problems } = decodeOptions(stage.name, stage.options, raw);
    expect(problems).toEqual([]);
    const { needs = {} } = stage.negotiate(source, options, facts, "own");
    return layOutRun(source, {
      stages: [{ needs: {} }, { needs }],
      links: [{ from: 0, to: 1, policy: "block", every: 1, cannotWait: false }],
      onFailure: "end-run",
    }).hasPixelChecksums;
  };
  for (const name of [...files, "tifs/"]) expect([name, isMade(archive, { out: [name] })]).toEqual([name, true]);
  expect(isMade(archive, { out: ["a.csv", "a.h5"] })).toBe(true);
  for (const name of ["a.csv", "a.parquet", "a.ndjson"]) {
    expect([name, isMade(archive, { out: [name] })]).toEqual([name, false]);
  }
  expect(isMade(compress, { out: "jxl" })).toBe(true);
  expect(isMade(streamOut, {})).toBe(true);
  expect(isMade(streamOut, { checksums: "off" })).toBe(false);
  expect(isMade(streamOut, {}, { ...descriptor, hasFrames: false })).toBe(false);
});

test("recover leaves out the frames whose pixels do not match, of an HDF5 and of a TIFF", async () => {
  const descriptor = fakeDescriptor({ shape: { height: 8, width: 16 } });
  await archived(["run.h5", "run.tif"], descriptor, () => {}, { hdf5Filter: "none" });
  const frame = fakeFrame(fakeGeometry(descriptor));
  fillFrame(frame, descriptor, 1, 0);
  for (const name of ["run.h5", "run.tif"]) {
    const bytes = readFileSync(join(folder, name));
    const at = bytes.indexOf(frame.pixelBytes);
    expect(at).toBeGreaterThan(0);
    bytes[at + 9]! ^= 1;
    writeFileSync(join(folder, name), bytes);
    expect((await verified(join(folder, name))).findings).toMatchObject([{ kind: "damaged", frame: 1 }]);
    const recovery = await recovered(join(folder, name), join(folder, `${name}.mote`));
    expect([name, recovery.frames, recovery.lostFrames]).toEqual([name, 3, 1]);
  }
  expect(readdirSync(folder).length).toBe(4);
});

test("frames in a row that are damaged for one reason are told as one loss, and all of them are counted", async () => {
  const descriptor = fakeDescriptor({ shape: { height: 8, width: 16 } });
  await archived(["run.h5"], descriptor, () => {}, { hdf5Filter: "none" });
  const path = join(folder, "run.h5");
  const bytes = readFileSync(path);
  const frame = fakeFrame(fakeGeometry(descriptor));
  for (const number of [1, 2]) {
    fillFrame(frame, descriptor, number, 0);
    bytes[bytes.indexOf(frame.pixelBytes) + 9]! ^= 1;
  }
  writeFileSync(path, bytes);
  const recovery = await recovered(path, join(folder, "out.mote"));
  expect(recovery).toMatchObject({ frames: 2, lostFrames: 2, lossCount: 1 });
  expect(recovery.losses).toMatchObject([
    { frames: 2, firstFrame: 1, what: expect.stringMatching(/^frames 1 to 2: /) },
  ]);
});

test("an HDF5 file in which a single frame has no checksum is not checked for its pixels", async () => {
  const descriptor = fakeDescriptor({ shape: { height: 8, width: 16 } });
  await archived(["single.h5"], descriptor, () => {}, { hdf5Layout: "per-frame" });
  const path = join(folder, "single.h5");
  const bytes = readFileSync(path);
  const at = bytes.lastIndexOf(checksumColumn.name);
  expect(at).toBeGreaterThan(0);
  bytes[at]! ^= 32;
  writeFileSync(path, bytes);
  const report = await verified(path);
  expect(report).toMatchObject({ verdict: "unchecked", frames: 4, findings: [] });
  expect(report.unchecked.map(({ aspect }) => aspect)).toContain("pixels");
});
