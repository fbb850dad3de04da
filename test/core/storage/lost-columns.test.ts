/** What a file says it should have beside its frames and does not: told as damage by verify, as a loss by recover, and never made up. */
import { cpSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { containerFor } from "../../../src/core/storage/container-for.js";
import { defaultHdf5 } from "../../../src/core/storage/formats/h5/h5-options.js";
import { defaultZarr } from "../../../src/core/storage/formats/zarr/zarr-options.js";
import type { StoreSettings } from "../../../src/core/storage/frame-store.js";
import { end, fakeDescriptor, fakeFrame, fakeGeometry, fillFrame } from "../fake-context.js";
import { askJudge, hasJudge, needsJudge } from "./judge.js";
import { quickFolder, recovered, verified } from "./verify-recover.js";

const descriptor = fakeDescriptor();
const geometry = fakeGeometry(descriptor, 4);
/** Frame 1 is not there. */
const numbers = [0, 2, 3, 4];
const rows = numbers.length * 4;

let folder: string;
beforeAll(() => {
  folder = quickFolder("mote-lost-columns-");
});
afterAll(() => rmSync(folder, { recursive: true }));

let made = 0;
async function write(extension: string, settings: StoreSettings = {}): Promise<string> {
  const path = join(folder, `run${made++}${extension}`);
  const store = await (await containerFor("test", path).load())({
    path,
    where: "test",
    descriptor,
    geometry,
    settings,
  });
  const frame = fakeFrame(geometry);
  for (const number of numbers) {
    if (number === 2) await store.event({ event: "gap", firstFrame: 1, count: 1, reason: "device gap" });
    fillFrame(frame, descriptor, number, 4);
    await store.append(frame);
  }
  await store.close(end);
  return path;
}

/** Recovers into a table; its cells by column, and what was told as lost. */
async function recoveredTable(path: string) {
  const out = join(folder, `out${made++}.csv`);
  const recovery = await recovered(path, out);
  const [header, ...lines] = readFileSync(out, "latin1").trimEnd().split("\n");
  const cells = lines.map((line) => line.split(","));
  const columns = Object.fromEntries(header!.split(",").map((name, at) => [name, cells.map((row) => row[at])]));
  return { losses: recovery.losses.map(({ what }) => what), columns };
}

const empty = Array.from({ length: rows }, () => "");

describe.skipIf(!hasJudge)(`an HDF5 archive whose objects h5py deleted${needsJudge}`, () => {
  let whole: string;
  let wholeColumns: Record<string, unknown>;
  beforeAll(async () => {
    whole = await write(".h5");
    const { losses, columns } = await recoveredTable(whole);
    expect(losses).toEqual([]);
    wholeColumns = columns;
  });

  function without(path: string, ...names: string[]): string {
    const copy = join(folder, `copy${made++}.h5`);
    cpSync(path, copy);
    askJudge(copy, `f = h5py.File(path, "r+")\nfor n in ${JSON.stringify(names)}: del f[n]\nf.close()\nprint("null")`);
    return copy;
  }

  test.each(["x", "mass", "particle_id"])("without column %s has all others where they belong", async (name) => {
    const path = without(whole, `tracks/${name}`);
    const report = await verified(path);
    expect(report.verdict).toBe("damaged");
    expect(report.findings.map(({ what }) => what)).toContain(`/tracks/${name} is not there`);
    const { losses, columns } = await recoveredTable(path);
    expect(losses).toEqual([`column ${name} of /tracks is not there: what stood in it is lost`]);
    expect(columns).toEqual({ ...wholeColumns, [name]: empty });
  });

  test("frames' numbers that cannot be read cost no frame: the ledger has them", async () => {
    const path = join(folder, `copy${made++}.h5`);
    cpSync(whole, path);
    askJudge(
      path,
      `f = h5py.File(path, "r+")
del f["images/frame_number"]
d = f.create_dataset("images/frame_number", (4,), dtype="<i8", chunks=(4,), compression="gzip")
d.id.write_direct_chunk((0,), b"no deflated bytes")
f.close()
print("null")`,
    );
    expect((await verified(path)).verdict).toBe("damaged");
    const { losses, columns } = await recoveredTable(path);
    expect(losses).toEqual([expect.stringContaining("column frame_number of /images cannot be read")]);
    expect(columns).toEqual(wholeColumns);
  });

  test("without its ledger is not whole, and what was lost is not known", async () => {
    const path = without(whole, "metadata/ledger");
    const told = "there is no ledger, and what was lost is not known";
    expect((await verified(path)).findings.map(({ what }) => what)).toContain(told);
    expect((await recoveredTable(path)).losses).toContain(`what the ledger said: ${told}`);
  });

  test("without the frames' numbers has them from the ledger", async () => {
    const { losses, columns } = await recoveredTable(without(whole, "images/frame_number", "images/captured_at_ns"));
    expect(losses).toEqual([
      "column frame_number of /images is not there: what stood in it is lost",
      "column captured_at_ns of /images is not there: what stood in it is lost",
    ]);
    expect(columns).toEqual({ ...wholeColumns, timestamp: empty });
  });

  test("without a table of detections has lost as many as the ledger counts", async () => {
    for (const name of ["tracks", "tracks/frame"]) {
      const path = without(whole, name);
      expect((await verified(path)).findings.map(({ what }) => what)).toContain(
        name === "tracks" ? `the ledger counts ${rows} detections, /tracks has 0` : "/tracks/frame is not there",
      );
      const { losses, frames } = await recovered(path, join(folder, `out${made++}.mote`));
      expect(frames).toBe(numbers.length);
      expect(losses.map(({ what }) => what)).toEqual([
        name === "tracks" ? "/tracks is not there" : "column frame of /tracks is not there: what stood in it is lost",
        `${rows} detections: the ledger counts them, /tracks does not have them`,
      ]);
    }
  });

  test("without the table of one frame has lost those of that frame", async () => {
    const path = without(await write(".h5", { hdf5: { ...defaultHdf5, layout: "per-frame" } }), "tracks/frame_000003");
    const report = await verified(path);
    expect(report.findings.map(({ what }) => what)).toEqual([
      `the ledger counts ${rows} detections, /tracks has ${rows - 4}`,
    ]);
    const { losses } = await recovered(path, join(folder, `out${made++}.mote`));
    expect(losses.map(({ what }) => what)).toEqual([
      "4 detections: the ledger counts them, /tracks does not have them",
    ]);
  });
});

describe("a Zarr store whose folders were deleted", () => {
  let whole: string;
  let wholeColumns: Record<string, unknown>;
  beforeAll(async () => {
    whole = await write(".ome.zarr", { zarr: { ...defaultZarr, codec: "none" } });
    const { losses, columns } = await recoveredTable(whole);
    expect(losses).toEqual([]);
    wholeColumns = columns;
  });

  function without(...names: string[]): string {
    const copy = join(folder, `copy${made++}.ome.zarr`);
    cpSync(whole, copy, { recursive: true });
    for (const name of names) rmSync(join(copy, name), { recursive: true });
    return copy;
  }

  test.each(["x", "mass", "particle_id"])("without column %s has it empty, and all others", async (name) => {
    const path = without(`tracks/${name}`);
    const report = await verified(path);
    expect(report).toMatchObject({ verdict: "incomplete", rows });
    expect(report.findings.map(({ what }) => what)).toEqual([`tracks/${name} is not there`]);
    const { losses, columns } = await recoveredTable(path);
    expect(losses).toEqual([`column ${name} of tracks is not there: what stood in it is lost`]);
    expect(columns).toEqual({ ...wholeColumns, [name]: empty });
  });

  test("without a chunk of a column has none of its rows", async () => {
    const path = without("tracks/x/c.0");
    expect((await verified(path)).findings.map(({ what }) => what)).toEqual([`tracks/x has 0 of ${rows} rows`]);
    const { losses, columns } = await recoveredTable(path);
    expect(losses).toEqual([`column x of tracks has 0 of ${rows} rows: what stood in it is lost`]);
    expect(columns).toEqual({ ...wholeColumns, x: empty });
  });

  test("without the frames' numbers and times has the numbers from the ledger", async () => {
    const path = without("images/frame_number", "images/captured_at_ns");
    expect(await verified(path)).toMatchObject({ verdict: "incomplete", findingCount: 2 });
    const { losses, columns } = await recoveredTable(path);
    expect(losses.length).toBe(2);
    expect(columns).toEqual({ ...wholeColumns, timestamp: empty });
  });

  test("without detections has lost as many as the ledger counts", async () => {
    for (const name of ["tracks", "tracks/frame"]) {
      const path = without(name);
      expect(await verified(path)).toMatchObject({ verdict: "incomplete", rows: 0 });
      const recovery = await recovered(path, join(folder, `out${made++}.mote`));
      expect(recovery).toMatchObject({ frames: numbers.length, rows: null });
      expect(recovery.losses.map(({ what }) => what)).toEqual([
        name === "tracks"
          ? "no column of tracks/ is there"
          : "column frame of tracks is not there: what stood in it is lost",
        `${rows} detections: the ledger counts them, tracks does not have them`,
      ]);
    }
  });

  test("without its checksums is not whole, and no checksum of its pixels is called good", async () => {
    const path = without("images/pixels_crc32");
    const chunk = join(path, "0/c/1/0/0");
    const bytes = readFileSync(chunk);
    bytes[9]! ^= 1;
    writeFileSync(chunk, bytes);
    const report = await verified(path);
    expect(report.verdict).toBe("incomplete");
    expect(report.findings.map(({ what }) => what)).toEqual(["images/pixels_crc32 is not there"]);
    expect(report.unchecked.map(({ aspect }) => aspect)).toEqual(["pixels"]);
    expect(report.checks.has("checksums")).toBe(false);
  });
});

test("a changed value of a column is a loss of its recovery", async () => {
  const path = await write(".h5");
  const bytes = readFileSync(path);
  const frame = fakeFrame(geometry);
  fillFrame(frame, descriptor, 3, 4);
  const at = bytes.indexOf(Buffer.from(frame.detections.slice(0, 1).buffer));
  expect(at).toBeGreaterThan(0);
  bytes[at]! ^= 1;
  writeFileSync(path, bytes);
  const { losses } = await recoveredTable(path);
  expect(losses).toEqual([
    "column x of /tracks does not match its checksum: not all that is copied of it is as it was recorded",
  ]);
});
