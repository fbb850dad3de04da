import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { archive } from "../../src/commands/archive.js";
import type { MoteError } from "../../src/core/errors.js";
import type { StreamDescriptor } from "../../src/core/model/descriptor.js";
import { decodeOptions, type RawOptions } from "../../src/core/option/decode-options.js";
import type { FlowInstance } from "../../src/core/pipeline/stage.js";
import { end, fakeContext, fakeDescriptor, fakeFrame, fakeGeometry, fillFrame } from "./fake-context.js";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "mote archive é-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

function negotiate(raw: RawOptions, input: StreamDescriptor = fakeDescriptor()) {
  const { options, problems } = decodeOptions("archive", archive.options, raw);
  expect(problems).toEqual([]);
  return archive.negotiate(input, options, { processors: 2 }).plan;
}

function refusalOf(raw: RawOptions, input?: StreamDescriptor): MoteError {
  try {
    negotiate(raw, input);
  } catch (error) {
    return error as MoteError;
  }
  throw new Error("was not refused");
}

async function check(raw: RawOptions, input = fakeDescriptor()) {
  return (await archive.check?.(negotiate(raw, input), input)) ?? [];
}

async function open(raw: RawOptions, descriptor = fakeDescriptor()): Promise<FlowInstance> {
  return (await archive.open(negotiate(raw, descriptor), fakeContext(descriptor))) as FlowInstance;
}

async function record(stage: FlowInstance, count: number, descriptor = fakeDescriptor()): Promise<void> {
  const frame = fakeFrame(fakeGeometry(descriptor));
  for (let number = 0; number < count; number++) {
    fillFrame(frame, descriptor, number, 4);
    await stage.push(frame);
  }
}

test("an unknown extension is refused with the known ones and the nearest", () => {
  const error = refusalOf({ out: ["a.cvs", "b", "c.hdf5"] });
  expect(error.exitCode).toBe(2);
  expect(error.problems).toEqual([
    {
      where: "archive, --out a.cvs",
      what: "expected a file name ending in .csv, .h5, .mote, .ndjson, .parquet, .tif, .tiff, .ome.tif or .ome.tiff, got .cvs",
      hint: "Did you mean .csv?",
    },
    {
      where: "archive, --out b",
      what: "expected a file name ending in .csv, .h5, .mote, .ndjson, .parquet, .tif, .tiff, .ome.tif or .ome.tiff, got no extension",
      hint: "The extension decides what is written.",
    },
    {
      where: "archive, --out c.hdf5",
      what: "expected a file name ending in .csv, .h5, .mote, .ndjson, .parquet, .tif, .tiff, .ome.tif or .ome.tiff, got .hdf5",
      hint: "Did you mean .h5?",
    },
  ]);
});

test("a table of frames without detections is refused", () => {
  const error = refusalOf({ out: "tracks.csv" }, fakeDescriptor({ detections: null }));
  expect(error.problems[0]?.hint).toBe("Put `track` before it.");
});

test("files in the way, missing folders, folders and names given twice are all told at once", async () => {
  writeFileSync(join(folder, "old.csv"), "x");
  mkdirSync(join(folder, "dir.csv"));
  const out = ["old.csv", "no/new.h5", "dir.csv", "new.h5", "./new.h5"].map((name) => `${folder}/${name}`);
  const problems = await check({ out });
  expect(problems.map(({ what }) => what)).toEqual([
    "exists already",
    `there is no folder ${folder}/no`,
    "is a folder",
    "is given twice",
  ]);
  expect(await check({ out: out[0], force: true })).toEqual([]);
});

test("a disk too small for the frames is refused, unless --min-free says how far to go", async () => {
  const out = join(folder, "run.h5");
  const huge = fakeDescriptor({ shape: { height: 2048, width: 2048 }, frameCount: 1e12 });
  const [problem] = await check({ out }, huge);
  expect(problem?.what).toMatch(
    /^disk has [\d.]+ [GTM]B free, this run needs about \d+ TB \(1,000,000,000,000 frames of 8.4 MB\)$/,
  );
  expect(problem?.hint).toContain("--min-free 1GB");
  expect(await check({ out, minFree: "1kB" }, huge)).toEqual([]);
  expect((await check({ out, minFree: "99999TB" }, huge))[0]?.what).toContain("less than --min-free");
  expect(await check({ out: join(folder, "tracks.csv") }, huge)).toEqual([]);
});

test("every container gets every frame, and the summary counts them", async () => {
  const out = ["a.csv", "b.h5", "c.mote"].map((name) => join(folder, name));
  const stage = await open({ out });
  await record(stage, 3);
  await stage.event?.({ event: "gap", firstFrame: 3, count: 1, reason: "device gap" });
  await stage.flush?.(end);
  await stage.close?.(false);
  expect(stage.summary?.()).toEqual({
    files: out.map((path) => ({ path, bytes: statSync(path).size, frames: 3, rows: 12 })),
  });
  expect(readFileSync(out[0]!, "utf8").split("\n").length).toBe(14);
});

test("a failure before the first frame leaves no file", async () => {
  const stage = await open({ out: ["a.csv", "b.h5", "c.mote"].map((name) => join(folder, name)) });
  await stage.close?.(true);
  expect(readdirSync(folder)).toEqual([]);
});

test("a container that cannot be opened takes those opened before it away", async () => {
  writeFileSync(join(folder, "b.h5"), "old");
  const out = ["a.csv", "b.h5"].map((name) => join(folder, name));
  await expect(open({ out })).rejects.toThrow("b.h5: exists already");
  expect(readdirSync(folder)).toEqual(["b.h5"]);
  expect(readFileSync(join(folder, "b.h5"), "utf8")).toBe("old");
});

test("a run that fails later keeps what was stored", async () => {
  const out = join(folder, "a.csv");
  const stage = await open({ out });
  await record(stage, 2);
  await stage.close?.(true);
  expect(readFileSync(out, "utf8").split("\n").length).toBe(10);
});

test("below --min-free the run stops with what it has", async () => {
  const out = join(folder, "a.csv");
  const stage = await open({ out, minFree: "99999TB" });
  await expect(record(stage, 3)).rejects.toThrow(/stopped after 0 frames: disk has .* free, less than --min-free/);
  await stage.close?.(true);
  expect(existsSync(out)).toBe(false);
});
