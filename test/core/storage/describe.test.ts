import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { containerFor } from "../../../src/core/storage/container-for.js";
import { describeCsv } from "../../../src/core/storage/formats/csv/describe.js";
import { describeH5, readH5Frame } from "../../../src/core/storage/formats/h5/describe.js";
import { defaultHdf5 } from "../../../src/core/storage/formats/h5/h5-options.js";
import { inspectFile, kindOf } from "../../../src/core/storage/inspect/inspect-file.js";
import type { TableDescription } from "../../../src/core/storage/table/describe.js";
import { end, fakeDescriptor, fakeFrame, fakeGeometry, fillFrame } from "../fake-context.js";
import { askJudge, hasJudge, needsJudge } from "./judge.js";

const describeTable = async (path: string) => (await inspectFile(path, await kindOf(path))).facts as TableDescription;

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "mote describe é-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

async function store(
  name: string,
  numbers: readonly number[],
  layout: "stack" | "per-frame" = "stack",
): Promise<string> {
  const descriptor = fakeDescriptor();
  const path = join(folder, name);
  const geometry = fakeGeometry(descriptor);
  const open = await containerFor("archive", path).load();
  const container = await open({
    path,
    where: name,
    descriptor,
    geometry,
    settings: { hdf5: { ...defaultHdf5, filter: "gzip", layout } },
  });
  const frame = fakeFrame(geometry);
  let previous = -1;
  for (const number of numbers) {
    if (number > previous + 1) {
      container.event({ event: "gap", firstFrame: previous + 1, count: number - previous - 1, reason: "device gap" });
    }
    fillFrame(frame, descriptor, number, 14);
    container.append(frame);
    previous = number;
  }
  container.close(end);
  return path;
}

test("an archive tells its frames, gaps, rate, tracks and ledger", async () => {
  const told = await describeH5(await store("run.h5", [0, 1, 2, 5, 6, 9]));
  expect(told).toMatchObject({
    format: "hdf5",
    frames: {
      count: 6,
      shape: { height: 48, width: 64 },
      pixelFormat: "uint16",
      filter: "gzip",
      pixelSizeUm: 0.35,
      firstFrame: 0,
      lastFrame: 9,
      missing: 4,
      gaps: [
        { firstFrame: 3, count: 2 },
        { firstFrame: 7, count: 2 },
      ],
    },
    detections: { rows: 84, tracks: 12 },
    ledger: { stored: 6, gap: 4 },
    isComplete: true,
    metadata: { tracking_config: { diameter: 11 }, acquisition_params: { source: { camera: "sim" } } },
  });
  expect(told.frames?.rateHz).toBeCloseTo(24, 3);
  expect(told.detections?.columns).toContain("raw_mass");
  expect(told.datasets.find(({ path }) => path === "/tracks/x")).toEqual({
    path: "/tracks/x",
    shape: [84],
    type: "<d",
  });
  expect(JSON.parse(JSON.stringify(told))).toEqual(told);
});

test.each(["stack", "per-frame"] as const)(
  "a frame comes by its number, with its detections and those of the twenty frames before: %s",
  async (layout) => {
    const numbers = [...Array.from({ length: 30 }, (_, at) => at), 40];
    const descriptor = fakeDescriptor();
    const path = await store("run.h5", numbers, layout);
    expect(await describeH5(path)).toMatchObject({
      frames: { count: 31, firstFrame: 0, lastFrame: 40, missing: 10, shape: descriptor.shape, filter: "gzip" },
      detections: { rows: 31 * 14, tracks: 12 },
      ledger: { stored: 31 },
    });
    const frame = fakeFrame(fakeGeometry(descriptor));
    for (const number of [0, 25, 40]) {
      fillFrame(frame, descriptor, number, 14);
      const read = await readH5Frame(path, number);
      expect(Buffer.from(read.pixels.buffer).equals(Buffer.from(Uint16Array.from(frame.pixels).buffer))).toBe(true);
      const here = read.points.filter((point) => point.frame === number);
      expect(here.map(({ x }) => x)).toEqual([...frame.detections.subarray(0, 14)]);
      expect(here[6]?.particleId).toBe(-1);
      const wanted = numbers.filter((other) => other <= number && other > number - 20);
      expect([...new Set(read.points.map((point) => point.frame))]).toEqual(wanted);
      expect(read).toMatchObject({ diameterPx: 11, pixelSizeUm: 0.35, pixelFormat: "uint16" });
    }
    await expect(readH5Frame(path, 33)).rejects.toThrow("there is no frame 33");
  },
);

test("what is no HDF5 is said to be none", async () => {
  const path = join(folder, "text.h5");
  writeFileSync(path, "frame,x,y\n1,2,3\n");
  await expect(describeH5(path)).rejects.toThrow(`${path}: cannot be read as HDF5`);
  await expect(describeH5(join(folder, "none.h5"))).rejects.toThrow("cannot be read as HDF5");
});

test.skipIf(!hasJudge)(`an HDF5 file of another program is listed${needsJudge}`, async () => {
  const path = join(folder, "other.h5");
  askJudge(
    path,
    `f = h5py.File(path, "w")
f["a/b"] = np.arange(12, dtype=">f8").reshape(3, 4)
f["images/frames"] = np.zeros((2, 5, 6), dtype="i4")
f.close()
print("1")`,
  );
  expect(existsSync(path)).toBe(true);
  const told = await describeH5(path);
  expect(told).toMatchObject({
    frames: { count: 2, shape: { height: 5, width: 6 }, pixelFormat: null, filter: "none", rateHz: null, missing: 0 },
    detections: null,
    ledger: null,
    isComplete: null,
    metadata: {},
  });
  expect(told.datasets.map((dataset) => dataset.path)).toContain("/a/b");
});

test("a table tells its columns, frames and tracks", async () => {
  const path = await store("tracks.csv", [3, 4, 7]);
  expect(await describeCsv(path)).toMatchObject({
    format: "csv",
    rows: 42,
    frames: 3,
    firstFrame: 3,
    lastFrame: 7,
    tracks: 12,
    isWhole: true,
  });
});

test("a table in Parquet and a run's documents tell the same, and what they say of their run", async () => {
  const { columns: _, format: __, run: ___, ...facts } = await describeTable(await store("tracks.csv", [3, 4, 7]));
  const run = { isClosed: true, pixelSizeUm: 0.35, madeBy: ["acquire", "track"] };
  const parquet = await describeTable(await store("tracks.parquet", [3, 4, 7]));
  expect(parquet).toMatchObject({ ...facts, format: "parquet", run: { ...run, events: null } });
  // Two gaps: before frame 3 and before frame 7.
  const documents = await describeTable(await store("tracks.ndjson", [3, 4, 7]));
  expect(documents).toMatchObject({ ...facts, format: "ndjson", run: { ...run, events: 2 } });
  expect(facts).toMatchObject({ rows: 42, tracks: 12, isWhole: true });
});

test("documents that were cut are not closed, and not whole when a line is torn", async () => {
  const text = readFileSync(await store("tracks.ndjson", [0, 1]), "utf8");
  const cut = join(folder, "cut.ndjson");
  writeFileSync(cut, text.slice(0, text.indexOf('{"name":"stop"')));
  expect(await describeTable(cut)).toMatchObject({ rows: 28, isWhole: true, run: { isClosed: false } });
  writeFileSync(cut, text.slice(0, text.indexOf('{"name":"stop"') - 9));
  expect(await describeTable(cut)).toMatchObject({ rows: 14, isWhole: false, run: { isClosed: false } });
  writeFileSync(cut, `oh\n${text}`);
  await expect(describeTable(cut)).rejects.toThrow("line 1: expected a JSON document");
  writeFileSync(cut, '{"a":1}\n');
  await expect(describeTable(cut)).rejects.toThrow("expected a run's documents");
});

test("a table that was cut in a line is not whole", async () => {
  const path = join(folder, "cut.csv");
  writeFileSync(path, "frame,x,y\n0,1,2\n1,2");
  expect(await describeCsv(path)).toMatchObject({ rows: 1, isWhole: false, tracks: null });
  writeFileSync(path, "a,b\n1,2\n");
  await expect(describeCsv(path)).rejects.toThrow("frame among them");
  await expect(describeCsv(join(folder, "none.csv"))).rejects.toThrow("ENOENT");
});
