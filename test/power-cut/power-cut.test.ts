/**
 * Whatever the power cuts off, every frame that was called durable before is found, and no frame that was never stored; needs the
 * build (`npm test` builds first).
 */
import { closeSync, mkdirSync, openSync, readdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { openByteSource } from "../../src/core/stream/byte-pipe.js";
import { describeStream } from "../../src/core/stream/describe-stream.js";
import { columns } from "../core/storage/tracked-frame.mjs";
import { framesOf, quickFolder, recovered } from "../core/storage/verify-recover.js";
import { randomOfRun } from "../seed.js";
import { fillPixels, side } from "./frame-pixels.mjs";
import { durableBefore, playCut, type Recording, record } from "./power-cut.js";

const root = quickFolder("mote-power-cut-");
afterAll(() => rmSync(root, { recursive: true }));

const hdf5 = { filter: "zstd", layout: "stack", split: null, trackColumns: null, trackType: "float64" };
const containers: readonly { name: string; rows: number; out: string; settings?: object; frames?: number }[] = [
  { name: "run.mote", rows: 3, out: "out.mote" },
  { name: "run.tif", rows: 0, out: "out.mote" },
  { name: "run.ome.tif", rows: 0, out: "out.mote" },
  {
    name: "tifs/",
    rows: 0,
    out: "out/",
    settings: { tiffNames: { template: "frame_{frame:06}.tif", run: 1, date: "2026-11-27" } },
  },
  { name: "run.h5", rows: 3, out: "out.mote" },
  // Groups that split at every few names, and names that move as they grow.
  { name: "per-frame.h5", rows: 3, out: "out.mote", settings: { hdf5: { ...hdf5, layout: "per-frame" } } },
  { name: "plain.h5", rows: 0, out: "out.mote", settings: { hdf5: { ...hdf5, filter: "none" } }, frames: 140 },
  { name: "run.zarr", rows: 3, out: "out.mote" },
  { name: "run.jxl/", rows: 0, out: "out/" },
];
const plans = [
  ["with --sync frame", "frame", 30],
  ["with --sync 50ms", { withinMs: 50 }, 30],
  ["once it is closed", "close", 12],
] as const;
/** Cuts that are played of each recording. */
const cuts = Number(process.env.POWER_CUTS ?? 24);

test.each(containers.flatMap((container) => plans.map((plan) => [container.name, plan[0], container, plan] as const)))(
  "%s, %s: every frame that was called durable outlasts a power cut",
  async (name, how, { rows, out, settings, frames: ownFrames = 0 }, [, plan, fewest]) => {
    const frames = Math.max(ownFrames, fewest);
    const random = randomOfRun(`power cut, ${name}, ${how}`);
    const folder = join(root, `${name.replace("/", "")} ${how}`);
    mkdirSync(folder);
    const recording = record(folder, name, { plan, frames, rows, ...(settings && { settings }) });
    const told = recording.flatMap(({ op }, at) => (op === "durable" ? [at + 1] : []));
    expect(durableBefore(recording, recording.length).length).toBeGreaterThanOrEqual(frames);
    for (let trial = 0; trial < cuts; trial++) {
      // Right behind a promise, where the least is there besides, and anywhere.
      const first = told[0]!;
      const cut =
        trial % 2 === 0
          ? told[Math.floor(random() * told.length)]!
          : first + Math.floor(random() * (recording.length + 1 - first));
      await holdsAt(recording, cut, random, join(folder, `cut-${trial}`), name, out, rows);
    }
  },
  120_000,
);

const hdf5Run = { plan: { withinMs: 50 }, frames: 60, rows: 3, boot: "same" } as const;

test("every frame of a .h5 that was called durable outlasts a disk that goes while the machine runs on", async () => {
  const random = randomOfRun("power cut, disk alone");
  const folder = join(root, "disk alone");
  mkdirSync(folder);
  const settings = { hdf5: { ...hdf5, filter: "none" } };
  const recording = record(folder, "plain.h5", { ...hdf5Run, settings });
  const first = recording.findIndex(({ op }) => op === "durable") + 1;
  for (let trial = 0; trial < cuts; trial++) {
    const cut = first + Math.floor(random() * (recording.length + 1 - first));
    await holdsAt(recording, cut, random, join(folder, `cut-${trial}`), "plain.h5", "out.mote", 3, true);
  }
}, 120_000);

test("a kill between two syncs costs no frame of a .h5 that was written whole", async () => {
  const random = randomOfRun("power cut, kill");
  const folder = join(root, "kill");
  mkdirSync(folder);
  const recording = record(folder, "run.h5", hdf5Run);
  const first = recording.findIndex(({ op }) => op === "durable") + 1;
  const everything = () => 0.99;
  let behindSync = 0;
  for (let trial = 0; trial < 12; trial++) {
    const cut = first + Math.floor(random() * (recording.length + 1 - first));
    const disk = join(folder, `kill-${trial}`);
    playCut(recording, cut, everything, disk);
    const target = join(disk, "out.mote");
    await recovered(join(disk, "run.h5"), target);
    const numbers = (await framesOf(target)).map(({ number }) => number);
    expect(numbers).toEqual(numbers.map((_, at) => at));
    behindSync += numbers.length - durableBefore(recording, cut).length;
  }
  expect(behindSync).toBeGreaterThan(0);
}, 120_000);

/** A file of frames, or those of a folder with a file for each. */
function filesOf(path: string): string[] {
  if (!statSync(path).isDirectory()) return [path];
  const names = readdirSync(path).filter((name) => /^frame_\d+\.(tif|jxl)$/.test(name));
  return names.map((name) => join(path, name));
}

const numberIn = (file: string) => Number(/_(\d+)\.\w+$/.exec(file)![1]);

async function holdsAt(
  recording: Recording,
  cut: number,
  random: () => number,
  disk: string,
  name: string,
  out: string,
  rows: number,
  isDiskAlone = false,
): Promise<void> {
  playCut(recording, cut, random, disk);
  const durable = durableBefore(recording, cut);
  const target = join(disk, out).replace(/\/$/, "");
  await recovered(join(disk, name).replace(/\/$/, ""), target);
  const found = new Map<number, readonly number[]>();
  for (const file of filesOf(target)) {
    for (const { number, pixels } of await framesOf(file)) {
      const frameNumber = file === target ? number : numberIn(file);
      if (found.has(frameNumber)) throw new Error(`there are two of frame ${frameNumber}`);
      found.set(frameNumber, pixels);
    }
  }
  const lost = durable.find((number) => !found.has(number));
  if (lost !== undefined)
    throw new Error(`frame ${lost} is gone after a cut at operation ${cut} of ${recording.length}`);
  const wanted = new Uint8Array(side * side);
  for (const [number, pixels] of found) {
    fillPixels(wanted, number);
    if (Buffer.compare(wanted, Uint8Array.from(pixels)) !== 0) throw new Error(`frame ${number} has other pixels`);
  }
  // Rows have no checksums, but in a .mote: behind the last sync they are whatever came back, unless the file went back to that.
  if (rows > 0) expectRows(target, rows, new Set(durable), !name.endsWith(".zarr") && !isDiskAlone);
  rmSync(disk, { recursive: true });
}

/** A durable frame has all of its detections; `areAllTrue`: and every other none but those that were stored with it. */
function expectRows(path: string, rows: number, durable: ReadonlySet<number>, areAllTrue: boolean): void {
  const fd = openSync(path, "r");
  try {
    describeStream(openByteSource(path, fd, 0, true), ({ header: { frameNumber }, rowCount, detections }) => {
      if (!durable.has(frameNumber) && !areAllTrue) return true;
      if (durable.has(frameNumber) ? rowCount !== rows : rowCount > rows)
        throw new Error(`frame ${frameNumber} has ${rowCount} rows`);
      const values = [...detections.subarray(0, Math.max(0, rowCount) * columns.length)];
      // The last column is of whole numbers, which not every container keeps parts of.
      const isWhole = (at: number) => at >= (columns.length - 1) * rowCount;
      const wrong = values.findIndex((value, at) => {
        const wanted = frameNumber + at / 1000;
        const off = isWhole(at) ? Math.trunc(value) - Math.trunc(wanted) : value - wanted;
        return Math.abs(off) > 1e-4 * (1 + frameNumber);
      });
      if (wrong >= 0) throw new Error(`frame ${frameNumber} has the value ${values[wrong]} at ${wrong}`);
      return true;
    });
  } finally {
    closeSync(fd);
  }
}
