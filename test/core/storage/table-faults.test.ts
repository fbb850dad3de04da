import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { chooseColumns } from "../../../src/core/storage/table/choose-columns.js";
import { openTable } from "../../../src/core/storage/table/open-table.js";
import { type FaultRule, faultyEnvironment } from "../../faulty-files.js";
import { canMountSmallDisk } from "../../judges.js";
import { type Kill, lastWordOf } from "../../killed-writer.js";
import { randomOfRun } from "../../seed.js";
import { askPandas, hasTableJudge, needsTableJudge } from "./table-judge.js";

const script = join(import.meta.dirname, "endless-archive.mjs");
const isBuilt = existsSync(join(import.meta.dirname, "../../../dist/core/storage/formats/parquet/parquet-store.js"));
const needsBuild = isBuilt ? "" : " (skipped: needs npm run build)";
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "mote-table-faults-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Runs the writer until it dies by a rule, or is killed at a moment after its first frame; the frames it reported. */
async function killed(path: string, rows: number, by: FaultRule | Kill): Promise<number> {
  const words = [script, path, String(rows), "16"];
  return Number(
    await ("withinMs" in by ? lastWordOf(words, by) : lastWordOf(words, undefined, faultyEnvironment([by]))),
  );
}

/** Rows, and whether they are those of frames 0, 1 ... with `ROWS` each. */
const readTables = `told = []
for path in paths:
    t = pq.read_table(path)
    n = len(t)
    k, r = np.arange(n) // ROWS, np.arange(n) % ROWS
    same = (t["frame"].to_numpy() == k).all() and (t["x"].to_numpy() == k + r / 1000).all() and (t["mass"].to_numpy() == k + (2 * ROWS + r) / 1000).all()
    told.append({"rows": n, "same": bool(same), "complete": pq.read_metadata(path).metadata[b"mote.is_complete"].decode()})
print(json.dumps(told))`;

interface Told {
  rows: number;
  same: boolean;
  complete: string;
}

function readParquet(paths: readonly string[], rows: number): Told[] {
  return askPandas<Told[]>(paths, readTables.replaceAll("ROWS", String(rows)));
}

describe.skipIf(!hasTableJudge || !isBuilt)(`pyarrow, after kill -9${needsTableJudge}${needsBuild}`, () => {
  for (const [rows, mostMs] of [
    [7, 600],
    [900, 400],
  ] as const) {
    test(`opens every stored frame of ${rows} rows, ten moments`, { timeout: 60_000 }, async () => {
      const random = randomOfRun(`kills at ${rows} rows`);
      const paths: string[] = [];
      const stored: number[] = [];
      for (let round = 0; round < 10; round++) {
        paths.push(join(folder, `${round}.parquet`));
        stored.push(await killed(paths[round]!, rows, { heard: "1\n", withinMs: mostMs, random }));
      }
      for (const [round, told] of readParquet(paths, rows).entries()) {
        expect(told).toMatchObject({ same: true, complete: "false" });
        expect(told.rows).toBeGreaterThanOrEqual(stored[round]! * rows);
        expect(told.rows).toBeLessThanOrEqual((stored[round]! + 1) * rows);
      }
    });
  }

  // A group has room for three frames, so these are the writes of its first two groups, its ends and new beginnings among
  // them. A page of memory is what a signal cannot tear.
  for (const short of [undefined, 4096]) {
    test(`opens what was stored, killed at each write${short ? " of more than a page, in its middle" : ""}`, {
      timeout: 120_000,
    }, async () => {
      const rows = 33_000;
      const paths: string[] = [];
      const stored: number[] = [];
      const step = short ? 13 : 9;
      const random = randomOfRun(`deaths at writes, ${short ?? "whole"}`);
      for (let from = 2 + Math.floor(random() * step); from < 120; from += step) {
        const path = join(folder, `${from}.parquet`);
        const tear = short ? { short } : {};
        stored.push(await killed(path, rows, { call: "write", path: "parquet$", from, ...tear, dies: true }));
        paths.push(path);
      }
      for (const [round, told] of readParquet(paths, rows).entries()) {
        expect(told, paths[round]).toMatchObject({ same: true, complete: "false" });
        expect([stored[round]! * rows, (stored[round]! + 1) * rows]).toContain(told.rows);
      }
      expect(Math.max(...stored)).toBeGreaterThan(5);
    });
  }
});

describe.skipIf(!isBuilt)(`an append that failed may be tried again${needsBuild}`, () => {
  const retry = join(import.meta.dirname, "retry-archive.mjs");

  function retried(path: string, rows: number, rule: FaultRule): unknown {
    const env = { ...process.env, ...faultyEnvironment([rule]) };
    const ran = spawnSync(process.execPath, [retry, path, String(rows)], { encoding: "utf8", env });
    expect(ran.stderr).toBe("");
    return JSON.parse(ran.stdout);
  }

  test("into Parquet, wherever it failed: in a page, in a full group, in the new room behind it", async () => {
    const rows = 33_000;
    // Four writes begin the file, a frame has 13; then 11 make a full group, and three the room behind it.
    for (const from of [11, 50, 55, 57]) {
      const path = join(folder, `${from}.parquet`);
      const told = retried(path, rows, { call: "write", path: "parquet$", from, times: 2, short: 3, error: "ENOSPC" });
      expect(told, String(from)).toEqual({ failures: 2, frames: 8, rows: 8 * rows });
      const table = await openTable("table", path);
      const { frame, x } = await table.positions(chooseColumns("table", table.columns, table.statedUnits, {}));
      table.close();
      expect(frame.length).toBe(8 * rows);
      expect(frame.every((number, at) => number === Math.floor(at / rows))).toBe(true);
      expect(x.every((value, at) => value === Math.floor(at / rows) + (at % rows) / 1000)).toBe(true);
    }
  });

  test("into documents, which count it once", () => {
    const path = join(folder, "run.ndjson");
    const told = retried(path, 40, { call: "write", path: "ndjson$", from: 4, times: 2, short: 9, error: "EIO" });
    expect(told).toEqual({ failures: 2, frames: 8, rows: 320 });
    const lines = readFileSync(path, "utf8").trimEnd().split("\n");
    const documents = lines.map(
      (line) => JSON.parse(line) as { name: string; doc: { seq_num: number; num_events: object } },
    );
    const events = documents.filter(({ name }) => name === "event");
    expect(events.map(({ doc }) => doc.seq_num)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    expect(documents.at(-1)!.doc.num_events).toEqual({ primary: 8, events: 0 });
  });
});

describe.skipIf(!isBuilt)(`documents, after kill -9${needsBuild}`, () => {
  test("are whole lines with every stored frame and without a stop", async () => {
    const random = randomOfRun("kills of documents");
    for (let round = 0; round < 4; round++) {
      const path = join(folder, `${round}.ndjson`);
      const stored = await killed(path, 50, { heard: "1\n", withinMs: 200, random });
      const lines = readFileSync(path, "utf8").split("\n");
      const documents = lines.slice(0, -1).map((line) => JSON.parse(line) as { name: string; doc: object });
      const names = documents.map(({ name }) => name);
      expect(names.slice(0, 3)).toEqual(["start", "descriptor", "descriptor"]);
      expect(new Set(names.slice(3))).toEqual(new Set(["event"]));
      expect(names.length - 3).toBeGreaterThanOrEqual(stored);
    }
  });
});

const needsDisk = canMountSmallDisk ? "" : " (skipped: needs the right to mount a tmpfs)";

describe.skipIf(!canMountSmallDisk || !isBuilt)(`a full disk${needsDisk}${needsBuild}`, () => {
  let disk: string;
  beforeEach(() => {
    disk = join(folder, "disk");
    execFileSync("mkdir", [disk]);
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=6m", "tmpfs", disk]);
  });
  afterEach(() => execFileSync("umount", [disk]));

  function fill(name: string, rows: number): { stored: number; message: string } {
    const ran = spawnSync(process.execPath, [script, join(disk, name), String(rows), "16"], { encoding: "utf8" });
    const lines = ran.stdout.trim().split("\n");
    const { message, exitCode } = JSON.parse(lines.pop()!) as { message: string; exitCode: number };
    expect(exitCode).toBe(1);
    expect(ran.stderr).toBe("");
    return { stored: Number(lines.at(-1)), message };
  }

  test("leaves a Parquet table of every stored frame", { timeout: 30_000 }, () => {
    for (const rows of [9, 500, 20_000]) {
      const { stored, message } = fill(`${rows}.parquet`, rows);
      expect(message).toContain(`writing after frame ${stored} failed: ENOSPC`);
      expect(stored).toBeGreaterThan(0);
      const path = join(disk, `${rows}.parquet`);
      if (hasTableJudge) expect(readParquet([path], rows)).toMatchObject([{ rows: stored * rows, same: true }]);
      rmSync(path);
    }
  });

  test("leaves documents of whole lines", () => {
    const { stored, message } = fill("run.ndjson", 100);
    expect(message).toContain(`writing after frame ${stored} failed: ENOSPC`);
    const lines = readFileSync(join(disk, "run.ndjson"), "utf8").split("\n");
    expect(lines.pop()).toBe("");
    const names = lines.map((line) => (JSON.parse(line) as { name: string }).name);
    expect(names.filter((name) => name === "event").length).toBe(stored);
  });
});
