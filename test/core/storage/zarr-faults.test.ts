import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { openImageFile } from "../../../src/core/storage/read/image-formats.js";
import { type FaultRule, faultyEnvironment } from "../../faulty-files.js";
import { canMountSmallDisk } from "../../judges.js";
import { lastWordOf } from "../../killed-writer.js";
import { randomOfRun } from "../../seed.js";
import { askZarr, hasZarrJudge, needsZarrJudge, quickDisk } from "./zarr-judge.js";

const script = join(import.meta.dirname, "zarr-endless.mjs");
const isBuilt = existsSync(join(import.meta.dirname, "../../../dist/core/storage/formats/zarr/zarr-store.js"));
const needsBuild = isBuilt ? "" : " (skipped: needs npm run build)";
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(quickDisk, "mote-zarr-faults-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

type Settings = Partial<{ codec: string; framesPerShard: number; levels: number }>;

function words(path: string, side: number, rows: number, settings: Settings): string[] {
  return [script, path, String(side), String(rows), JSON.stringify(settings)];
}

/** What zarr-python finds: frames promised in each level, whether all are right, and whether no column promises too much. */
const readBack = `told = []
for path in args:
    g = zarr.open_group(path, mode="r")
    levels = [g[d["path"]] for d in g.attrs["ome"]["multiscales"][0]["datasets"]]
    full = levels[0]
    n, h, w = full.shape
    at = np.arange(h * w) * 31
    same = all(bool((((at + k * 7919) % 65521).reshape(h, w) == full[k]).all()) for k in range(n))
    numbers = g["images/frame_number"][:]
    frame, x = g["tracks/frame"][:], g["tracks/x"][:]
    # Columns are promised one after the other: a kill leaves some of them a frame ahead.
    both = min(len(frame), len(x))
    frame, x = frame[:both], x[:both]
    told.append({"frames": n, "levels": [a.shape[0] for a in levels], "same": same, "numbers": bool((numbers == np.arange(len(numbers))).all()), "known": len(numbers),
      "tracks": len(frame), "ordered": bool((np.diff(frame) >= 0).all()), "x": bool((x == frame + (np.arange(len(frame)) % max(1, ROWS)) / 1000).all()), "complete": g.attrs["mote"]["is_complete"]})
print(json.dumps(told))`;

interface Told {
  readonly frames: number;
  readonly levels: number[];
  readonly known: number;
  readonly tracks: number;
  readonly [fact: string]: unknown;
}

/** Every frame that acquire finds, with its number from the columns. */
async function countOwn(path: string): Promise<number> {
  const file = await openImageFile(path);
  const { shape, frameCount } = file.facts;
  const pixels = new Uint16Array(shape.height * shape.width);
  for (let index = 0; index < frameCount; index++) {
    const { recorded } = await file.readFrame(index, pixels, { x: 0, y: 0, ...shape });
    expect(recorded?.frameNumber).toBe(index);
    expect(pixels.every((value, at) => value === (at * 31 + index * 7919) % 65521)).toBe(true);
  }
  file.close();
  return frameCount;
}

describe.skipIf(!hasZarrJudge || !isBuilt)(`zarr-python, after kill -9${needsZarrJudge}${needsBuild}`, () => {
  for (const [side, rows, settings] of [
    [24, 7, {}],
    [256, 70, { levels: 3 }],
    [64, 7, { framesPerShard: 8, levels: 2 }],
  ] as const) {
    test(`opens all it promises of ${side}x${side} ${JSON.stringify(settings)}, eight moments`, {
      timeout: 90_000,
    }, async () => {
      const random = randomOfRun(`kills of ${side}x${side}`);
      const paths: string[] = [];
      const stored: number[] = [];
      for (let round = 0; round < 8; round++) {
        paths.push(join(folder, `run${round}.ome.zarr`));
        stored.push(Number(await lastWordOf(words(paths.at(-1)!, side, rows, settings), { withinMs: 400, random })));
      }
      const told = askZarr<Told[]>(paths, readBack.replaceAll("ROWS", String(rows)));
      for (const [round, facts] of told.entries()) {
        const shard = "framesPerShard" in settings ? settings.framesPerShard : 1;
        const whole = stored[round]! - (stored[round]! % shard);
        expect(facts).toMatchObject({ same: true, numbers: true, ordered: true, x: true, complete: false });
        expect(facts.frames).toBeGreaterThanOrEqual(whole);
        expect(facts.frames).toBeLessThanOrEqual(stored[round]! + 1);
        for (const frames of facts.levels) expect(frames).toBeGreaterThanOrEqual(whole);
        // Rows are promised before their frame, which a kill can keep from it.
        expect(facts.known).toBeGreaterThanOrEqual(facts.frames);
        expect(facts.known).toBeLessThanOrEqual(facts.frames + shard);
        expect(facts.tracks).toBeGreaterThanOrEqual(rows * facts.frames);
        expect(await countOwn(paths[round]!)).toBe(facts.frames);
      }
    });
  }
});

const needsDisk = canMountSmallDisk ? "" : " (skipped: needs the right to mount a tmpfs)";

interface Filled {
  readonly stored: number;
  readonly message: string;
  readonly frames: number;
  readonly tracked: number;
  readonly rows: number;
}

function run(args: readonly string[], rules: readonly FaultRule[] = []): Filled {
  const env = rules.length > 0 ? faultyEnvironment(rules, join(folder, "faults.log")) : {};
  const ran = spawnSync(process.execPath, args, { encoding: "utf8", env: { ...process.env, ...env } });
  expect(ran.stderr).toBe("");
  const lines = ran.stdout.trim().split("\n");
  const { exitCode, ...said } = JSON.parse(lines.pop()!) as Omit<Filled, "stored"> & { exitCode: number };
  expect(exitCode).toBe(1);
  return { stored: Number(lines.at(-1)), ...said };
}

describe.skipIf(!canMountSmallDisk || !isBuilt || !hasZarrJudge)(`a full disk${needsDisk}${needsZarrJudge}`, () => {
  let disk: string;
  beforeEach(() => {
    disk = join(folder, "disk");
    mkdirSync(disk);
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=3m", "tmpfs", disk]);
  });
  afterEach(() => execFileSync("umount", [disk]));

  for (const [side, rows, settings, policy] of [
    [32, 7, {}, "stop"],
    [512, 10, { levels: 2 }, "stop"],
    [128, 10, { framesPerShard: 4 }, "stop"],
    [16, 3000, {}, "stop"],
    [512, 10, {}, "tracks-only"],
  ] as const) {
    const name = `${side}x${side} ${rows} rows ${JSON.stringify(settings)} ${policy}`;
    test(`fails in one sentence and leaves all that was stored: ${name}`, { timeout: 60_000 }, () => {
      const path = join(disk, "run.ome.zarr");
      const filled = run([...words(path, side, rows, settings), policy]);
      expect(filled.message).toContain(`run.ome.zarr: writing after frame ${filled.stored} failed: ENOSPC`);
      expect(filled.frames).toBe(filled.stored);
      expect(filled.stored).toBeGreaterThan(3);
      const [facts] = askZarr<Told[]>([path], readBack.replaceAll("ROWS", String(rows)));
      expect(facts).toMatchObject({ same: true, numbers: true, ordered: true, x: true, complete: false });
      expect(facts!.frames).toBe(filled.stored);
      expect(facts!.levels.every((frames) => frames === filled.stored)).toBe(true);
      expect(facts!.known).toBe(filled.stored);
      expect(facts!.tracks).toBe(filled.rows);
      if (policy === "tracks-only") expect(filled.tracked).toBeGreaterThan(0);
    });
  }
});

describe.skipIf(!isBuilt || !hasZarrJudge)(`a disk that fails${needsZarrJudge}${needsBuild}`, () => {
  // The frame's file, the index behind it, the shape, a column: one call of each kind fails.
  for (const [what, settings, rule] of [
    ["writing a chunk", {}, { call: "write", path: "/0/c/5/", error: "EIO" }],
    ["half a chunk", {}, { call: "write", path: "/0/c/5/", error: "EIO", short: 100 }],
    ["naming a chunk", { levels: 2 }, { call: "rename", path: "/1/c/5/", error: "EIO" }],
    ["writing the shape", { levels: 2 }, { call: "rename", path: "/0/.?zarr.json", error: "EIO", from: 7 }],
    ["a chunk in a shard", { framesPerShard: 4 }, { call: "write", path: "/0/c/1/", error: "EIO", from: 3, times: 1 }],
    ["naming a shard", { framesPerShard: 3 }, { call: "rename", path: "/0/c/1/", error: "EIO", times: 1 }],
    ["a column", {}, { call: "write", path: "images/exposure_ms/c", error: "EIO", from: 6 }],
    ["a track", {}, { call: "write", path: "tracks/mass/c", error: "EIO", from: 6 }],
  ] as const) {
    test(`at ${what} leaves what was stored before`, () => {
      const path = join(folder, "run.ome.zarr");
      const filled = run(words(path, 40, 5, settings), [rule]);
      expect(filled.message).toContain(`writing after frame ${filled.stored} failed: EIO`);
      expect(filled.stored).toBe(5);
      const [facts] = askZarr<Told[]>([path], readBack.replaceAll("ROWS", "5"));
      expect(facts).toMatchObject({ same: true, numbers: true, x: true, complete: false, tracks: 25 });
      // The shape cannot be taken back where it cannot be written: then it stays as it was.
      expect(facts!.levels.every((frames) => frames === 5)).toBe(true);
    });
  }
});

describe.skipIf(!isBuilt)(`a run killed while it made its store${needsBuild}`, () => {
  for (const what of ["..reserve", "0/.zarr.json", ".zarr.json"]) {
    test(`at ${what} is not in the way of the next one`, () => {
      const path = join(folder, "run.ome.zarr");
      const dies = { call: "write", path: `\\.run\\.ome\\.zarr\\.partial/${what}\\.partial$`, dies: true } as const;
      const env = { ...process.env, ...faultyEnvironment([dies]) };
      expect(spawnSync(process.execPath, words(path, 16, 5, {}), { env }).signal).toBe("SIGKILL");
      expect(readdirSync(folder)).toEqual([".run.ome.zarr.partial"]);
      expect(run(words(path, 16, 5, {}), [{ call: "write", path: "/0/c/5/", error: "ENOSPC" }]).stored).toBe(5);
      expect(readdirSync(folder).sort()).toEqual(["faults.log", "run.ome.zarr"]);
    });
  }
});
