import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import { afterEach, beforeEach, expect, test } from "vitest";
import { archive } from "../../src/commands/archive.js";
import type { MoteError } from "../../src/core/errors.js";
import type { StreamDescriptor } from "../../src/core/model/descriptor.js";
import { decodeOptions, type RawOptions } from "../../src/core/option/decode-options.js";
import type { FlowInstance } from "../../src/core/pipeline/stage.js";
import { spaceProblems } from "../../src/core/storage/disk/space-problems.js";
import { freeBytes } from "../../src/core/storage/files.js";
import { localDay } from "../../src/core/storage/root/run-number.js";
import { epochNow, epochNs } from "../../src/core/time.js";
import { end, fakeContext, fakeDescriptor, fakeFrame, fakeGeometry, fillFrame } from "./fake-context.js";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "mote archive é-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

function negotiated(raw: RawOptions, input: StreamDescriptor) {
  const { options, problems } = decodeOptions("archive", archive.options, raw);
  expect(problems).toEqual([]);
  return archive.negotiate(input, options, { processors: 2, date: "2026-11-20", folders: [], notes: [] }, "own");
}

function negotiate(raw: RawOptions, input: StreamDescriptor = fakeDescriptor()) {
  return negotiated(raw, input).plan;
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
      code: "bad-name",
      where: "archive, --out a.cvs",
      what: "expected a file name ending in .csv, .h5, .mote, .ndjson, .parquet, .arrow, .feather, .arrows, .tif, .tiff, .ome.tif, .ome.tiff, .zarr or .ome.zarr, got .cvs",
      hint: "Did you mean .csv?",
    },
    {
      code: "bad-name",
      where: "archive, --out b",
      what: "expected a file name ending in .csv, .h5, .mote, .ndjson, .parquet, .arrow, .feather, .arrows, .tif, .tiff, .ome.tif, .ome.tiff, .zarr or .ome.zarr, got no extension",
      hint: "The extension decides what is written; a name that ends in / is a folder of TIFFs, one file a frame.",
    },
    {
      code: "bad-name",
      where: "archive, --out c.hdf5",
      what: "expected a file name ending in .csv, .h5, .mote, .ndjson, .parquet, .arrow, .feather, .arrows, .tif, .tiff, .ome.tif, .ome.tiff, .zarr or .ome.zarr, got .hdf5",
      hint: "Did you mean .h5?",
    },
  ]);
});

test("a run whose only file keeps detections or frames is told that its pixels are kept nowhere", () => {
  const notes = (out: string[], descriptor: StreamDescriptor) => negotiated({ out }, descriptor).notes;
  const left = "t.arrow keeps the detections, a row each: no --out keeps the pixels";
  expect(notes(["t.arrow", "t.csv"], fakeDescriptor())).toEqual([left]);
  expect(notes(["t.arrow", "t.mote"], fakeDescriptor())).toEqual([]);
  expect(notes(["t.arrow"], fakeDescriptor({ detections: null }))).toEqual([]);
  expect(notes(["t.arrow"], fakeDescriptor({ hasFrames: false }))).toEqual([]);
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

test("a disk too small for the frames is refused, unless --min-free or --on-full says what to do", async () => {
  const out = join(folder, "run.h5");
  const huge = fakeDescriptor({ shape: { height: 2048, width: 2048 }, frameCount: 1e12 });
  const [problem] = await check({ out }, huge);
  expect(problem?.what).toMatch(
    /^disk has [\d.]+ [GTM]B free, this run needs about \d+ TB \(1,000,000,000,000 frames of 8.4 MB\)$/,
  );
  expect(problem?.hint).toContain("--min-free 1GB");
  expect(await check({ out, minFree: "1kB" }, huge)).toEqual([]);
  expect(await check({ out, onFull: "pause" }, huge)).toEqual([]);
  const free = freeBytes(out);
  const frames = { count: 100, bytes: (free / 100) * 0.75 };
  const plan = { policy: "stop", minFreeBytes: free / 2, isChosen: false } as const;
  expect(spaceProblems([{ path: out, where: "archive", frames }], plan)[0]?.what).toMatch(
    /, and .* \(--min-free\) are to stay free$/,
  );
  const low = await check({ out: [out, join(folder, "b.csv")], minFree: "99999TB" }, huge);
  expect(low.map(({ what }) => what)).toEqual([expect.stringContaining("less than --min-free 99999 TB")]);
  expect(low[0]?.hint).toBe("Choose another disk, make room, or --min-free 100MB to fill this one further.");
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

test("of frames that come together one with changed pixels is in no container, the others in each, and a row of files turns over", async () => {
  const descriptor = fakeDescriptor();
  const out = ["a.csv", "b.h5"].map((name) => join(folder, name));
  const stage = await open({ out, split: "3frames" }, descriptor);
  const frames = Array.from({ length: 8 }, (_, number) => {
    const frame = fakeFrame(fakeGeometry(descriptor));
    fillFrame(frame, descriptor, number, 4);
    frame.pixelsCrc32 = crc32(frame.pixelBytes);
    return frame;
  });
  frames[2]!.pixels[5]!++;
  const verdicts = await stage.pushTogether!(frames);
  expect(verdicts.map((verdict) => verdict && Object.keys(verdict)[0])).toEqual([
    undefined,
    undefined,
    "failed",
    ...Array<undefined>(5).fill(undefined),
  ]);
  await stage.flush?.(end);
  const parts = ["b_000.h5", "b_001.h5", "b_002.h5"].map((name) => join(folder, name));
  expect(stage.summary?.()).toMatchObject({
    files: [
      { frames: 7, rows: 28, notStored: 1 },
      { parts, frames: 7, rows: 28, notStored: 1 },
    ],
  });
  await stage.close?.(false);
  const numbers = readFileSync(out[0]!, "utf8")
    .trim()
    .split("\n")
    .slice(1)
    .map((line) => line.split(",")[0]);
  expect([...new Set(numbers)]).toEqual(["0", "1", "3", "4", "5", "6", "7"]);
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

test("below --min-free the run is asked to end, and every frame that still comes is a loss", async () => {
  const out = join(folder, "a.csv");
  const descriptor = fakeDescriptor();
  const said: string[] = [];
  const context = { ...fakeContext(descriptor), warn: (text: string) => void said.push(text) };
  let ends = 0;
  const stage = (await archive.open(negotiate({ out, minFree: "99999TB" }), {
    ...context,
    endRun() {
      ends++;
      return "run" as const;
    },
  })) as FlowInstance;
  const frame = fakeFrame(fakeGeometry(descriptor));
  for (let number = 0; number < 3; number++) {
    fillFrame(frame, descriptor, number, 4);
    expect(await stage.push(frame)).toEqual({ drop: "disk full" });
  }
  expect(ends).toBe(1);
  expect(said.length).toBe(1);
  expect(said[0]).toMatch(
    /a\.csv: the disk has .* free, less than --min-free 99999 TB; the run ends at frame 0, 0 frames/,
  );
  await stage.flush?.({ ...end, isComplete: false });
  expect(stage.summary?.()).toMatchObject({ files: [{ path: out, frames: 0, notStored: 3 }] });
});

test("tracks-only without tracks, --force with --root and names with --root are refused", () => {
  const noTracks = refusalOf({ out: "a.h5", onFull: "tracks-only" }, fakeDescriptor({ detections: null }));
  expect(noTracks.problems[0]?.what).toBe("this stream has no tracks to go on with");
  const problems = refusalOf({ out: ["run.h5", ".csv"], root: folder, force: true }).problems;
  expect(problems.map(({ where }) => where)).toEqual(["archive, --out run.h5", "archive, --force"]);
  expect(problems[0]?.hint).toBe("Such as --out .h5, or leave --root away.");
});

test("under --root the files have the day's folder, the run's number and the convention's names", async () => {
  const descriptor = fakeDescriptor();
  const kinds = [".h5", ".csv", ".mote", ".tif", ".ome.tif"];
  const names = ["tracking_run_002.h5", "tracks_run_002.csv", "run_002.mote", "run_002.tif", "run_002.ome.tif"];
  // A clock that passes midnight between two looks: the folder is that of the start.
  const looks = [new Date(2026, 10, 20, 23, 59, 59), new Date(2026, 10, 21, 0, 0, 1)].map((at) => at.getTime());
  const day = join(folder, "2026-11-20");
  mkdirSync(day);
  writeFileSync(join(day, "run_001_frame_000000.tiff"), "");
  const said: string[] = [];
  const base = fakeContext(descriptor);
  const context = {
    ...base,
    clock: { ...base.clock, nowNs: () => epochNs(BigInt(looks.length > 1 ? looks.shift()! : looks[0]!) * 1_000_000n) },
    say: (text: string) => void said.push(text),
  };
  const stage = (await archive.open(negotiate({ out: kinds, root: folder }), context)) as FlowInstance;
  await record(stage, 2);
  await stage.flush?.(end);
  const paths = names.map((name) => join(day, name));
  expect(stage.summary?.()).toMatchObject({ files: paths.map((path) => ({ path, frames: 2 })) });
  await stage.close?.(false);
  expect(said).toEqual([`writing ${paths.join(", ")}`]);
  expect(readdirSync(day).sort()).toEqual(["run_001_frame_000000.tiff", ...names].sort());
  expect(readdirSync(folder)).toEqual(["2026-11-20"]);
});

test("a root that is not there, and a day that is no folder, are refused", async () => {
  const nowhere = join(folder, "nowhere");
  const [problem] = await check({ out: ".h5", root: nowhere });
  expect(problem).toMatchObject({ where: `archive, --root ${nowhere}`, what: "there is no such folder" });
  expect(await check({ out: [".h5", ".h5"], root: folder })).toMatchObject([{ what: "is given twice" }]);
  writeFileSync(join(folder, localDay(epochNow())), "");
  expect((await check({ out: ".h5", root: folder }))[0]?.what).toContain("is not a folder");
});
