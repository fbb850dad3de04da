/** What a disk that refuses to sync comes to; needs the build (`npm test` builds first). */
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { framesOf } from "../core/storage/verify-recover.js";
import { type FaultRule, faultyEnvironment } from "../faulty-files.js";

const folder = mkdtempSync(join(tmpdir(), "mote-refused-syncs-"));
afterAll(() => rmSync(folder, { recursive: true }));
const names = { tiffNames: { template: "frame_{frame:06}.tif", run: 1, date: "2026-11-27" } };

/** Stores eight frames, a sync for each, under these faults. */
function store(paths: readonly string[], rules: readonly FaultRule[]) {
  const run = spawnSync(
    process.execPath,
    [
      ...[join(import.meta.dirname, "archive.mjs"), paths.map((path) => join(folder, path)).join(",")],
      ...[JSON.stringify("frame"), "8", "2", JSON.stringify(names)],
    ],
    { env: { ...process.env, ...faultyEnvironment(rules) }, encoding: "utf8" },
  );
  if (run.status !== 0) throw new Error(run.stderr);
  return JSON.parse(run.stdout) as {
    frames: number;
    syncs: number;
    notSynced: number;
    durable: [number, number][];
    warnings: string[];
    failure: string | null;
  };
}

test.each([
  ["failing.mote", "failing\\.mote$", "EIO"],
  ["failing.h5", "failing\\.h5$", "EIO"],
  ["failing.tif", "failing\\.tif$", "EDQUOT"],
  ["failing.ome.tif", "failing\\.ome\\.tif$", "ENOSPC"],
] as const)(
  "%s: frames that a refused sync left behind are never durable, though the next would succeed, and the run fails",
  async (name, path, error) => {
    const told = store([name], [{ call: "sync", path, from: 3, times: 1, error }]);
    expect(told.durable).toEqual([
      [0, 1],
      [1, 1],
    ]);
    expect(told).toMatchObject({ frames: 2, syncs: 3, notSynced: 6 });
    expect(told.warnings).toHaveLength(1);
    expect(told.warnings[0]).toContain(`cannot be synced to the disk: ${error}`);
    expect(told.failure).toContain(error);
    // What was stored is there all the same, as long as the power is.
    expect((await framesOf(join(folder, name))).map(({ number }) => number)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  },
);

test.each(["names.mote", "names.tif"])("%s: without its name in the folder nothing is durable", (name) => {
  const told = store([name], [{ call: "sync", path: `${folder}$`, times: 1, error: "EIO" }]);
  expect(told).toMatchObject({ durable: [], frames: 0, notSynced: 8 });
  expect(told.failure).toContain("EIO");
});

test("a folder above that refuses, which may be as new as the one that the file is in, keeps all from being durable", () => {
  mkdirSync(join(folder, "above/within"), { recursive: true });
  const told = store(["above/within/run.mote"], [{ call: "sync", path: "above$", times: 1, error: "EIO" }]);
  expect(told).toMatchObject({ durable: [], frames: 0, notSynced: 8 });
  expect(told.failure).toContain("EIO");
});

test.each(["tifs/", "run.jxl/"])("%s: a folder that refuses keeps its frames from being durable", (name) => {
  const told = store([name], [{ call: "sync", path: `${name.slice(0, -1)}$`, from: 4, times: 1, error: "EIO" }]);
  expect(told.durable.length).toBeGreaterThan(0);
  expect(told.durable.length).toBeLessThan(8);
  expect(told.frames + told.notSynced).toBe(8);
  expect(told.failure).toContain("EIO");
});

test("a table that refuses is told and fails the run; the frames beside it are durable", () => {
  const told = store(["beside.mote", "beside.csv"], [{ call: "sync", path: "beside\\.csv$", times: 1, error: "EIO" }]);
  expect(told).toMatchObject({ frames: 8, notSynced: 0 });
  expect(told.durable).toHaveLength(8);
  expect(told.warnings[0]).toContain("beside.csv");
  expect(told.failure).toContain("EIO");
});

test("a table alone is synced, and keeps no frame", () => {
  const told = store(["alone.csv"], []);
  expect(told).toMatchObject({ frames: 8, syncs: 8, durable: [], warnings: [], failure: null });
});
