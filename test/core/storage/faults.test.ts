import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { canMountSmallDisk } from "../../judges.js";
import { lastWordOf } from "../../killed-writer.js";
import { randomOfRun } from "../../seed.js";
import { askJudge, hasJudge, needsJudge } from "./judge.js";

const script = join(import.meta.dirname, "endless-archive.mjs");
const isBuilt = existsSync(join(import.meta.dirname, "../../../dist/core/storage/formats/h5/h5-store.js"));
const needsBuild = isBuilt ? "" : " (skipped: needs npm run build)";
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "mote-faults-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Runs the writer, kills it within so many milliseconds of its first word, and returns the last count it reported. */
async function killed(path: string, rows: number, side: number, withinMs: number, random: () => number) {
  return Number(await lastWordOf([script, path, String(rows), String(side)], { withinMs, random }));
}

/**
 * Looks at everything in the file: frames, their metadata, the rows of /tracks (those of the last hundred frames may still
 * have been in memory) and the ledger, which says how many rows there should be.
 */
const readBack = `f = h5py.File(path)
images, tracks = f["images/frames"], f["tracks"]
n, h, w = images.shape
a = images[:]
base = np.arange(h * w) * 31
same = all(((base + k * 7919) % 251 == a[k].ravel()).all() for k in range(n))
numbers = bool((f["images/frame_number"][:n] == np.arange(n)).all())
rows = min(len(tracks[k]) for k in tracks)
l = f["metadata/ledger"][:n]
stored = bool((l["fate"] == 0).all() and (l["frame_number"] == np.arange(n)).all() and (l["detections"] == ROWS).all())
reach = rows // ROWS
print(json.dumps({"frames": n, "same": same and numbers, "rows": rows % ROWS, "behind": n - reach, "frame": bool((tracks["frame"][:rows] == np.repeat(np.arange(reach), ROWS)).all()), "ledger": len(l) == n and stored, "complete": int(f["metadata"].attrs["is_complete"])}))`;

interface Told {
  frames: number;
  same: boolean;
  /** Rows behind the last whole frame's. */
  rows: number;
  /** Frames whose rows were still in memory. */
  behind: number;
  frame: boolean;
  ledger: boolean;
  complete: number;
}

describe.skipIf(!hasJudge || !isBuilt)(`h5py, after kill -9${needsJudge}${needsBuild}`, () => {
  for (const [rows, side] of [
    [7, 32],
    [700, 256],
  ] as const) {
    test(`opens every stored frame of ${side}x${side}, six moments`, { timeout: 60_000 }, async () => {
      const random = randomOfRun(`kills of ${side}x${side}`);
      for (let round = 0; round < 6; round++) {
        const path = join(folder, `run${round}.h5`);
        const stored = await killed(path, rows, side, 400, random);
        const told = askJudge(path, readBack.replaceAll("ROWS", String(rows))) as Told;
        expect(told).toMatchObject({ same: true, rows: 0, frame: true, ledger: true, complete: 0 });
        expect(told.frames).toBeGreaterThanOrEqual(stored);
        expect(told.frames).toBeLessThanOrEqual(stored + 1);
        expect(told.behind).toBeLessThan(100);
      }
    });
  }
});

describe.skipIf(!isBuilt)(`a table, after kill -9${needsBuild}`, () => {
  test("has every line of every stored frame", async () => {
    const path = join(folder, "tracks.csv");
    const stored = await killed(path, 50, 16, 300, randomOfRun("kill of a table"));
    const lines = readFileSync(path, "utf8").split("\n");
    expect(lines.length - 2).toBeGreaterThanOrEqual(stored * 50);
    for (const line of lines.slice(1, stored * 50 + 1)) expect(line.split(",").length).toBe(11);
  });
});

const needsDisk = canMountSmallDisk ? "" : " (skipped: needs the right to mount a tmpfs)";

describe.skipIf(!canMountSmallDisk || !isBuilt)(`a full disk${needsDisk}${needsBuild}`, () => {
  let disk: string;
  beforeEach(() => {
    disk = join(folder, "disk");
    execFileSync("mkdir", [disk]);
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=3m", "tmpfs", disk]);
  });
  afterEach(() => execFileSync("umount", [disk]));

  function fill(name: string, rows: number, side: number): { stored: number; message: string; stderr: string } {
    const ran = spawnSync(process.execPath, [script, join(disk, name), String(rows), String(side)], {
      encoding: "utf8",
    });
    const lines = ran.stdout.trim().split("\n");
    const { message, exitCode } = JSON.parse(lines.pop()!) as { message: string; exitCode: number };
    expect(exitCode).toBe(1);
    return { stored: Number(lines.at(-1)), message, stderr: ran.stderr };
  }

  for (const [rows, side] of [
    [7, 32],
    [10, 512],
    [3000, 16],
  ] as const) {
    test(`fails an .h5 of ${side}x${side} and ${rows} rows in one sentence and leaves what was stored`, {
      timeout: 60_000,
    }, () => {
      const { stored, message, stderr } = fill("run.h5", rows, side);
      expect(message).toContain(`run.h5: writing after frame ${stored} failed: ENOSPC`);
      expect(stderr).toBe("");
      expect(stored).toBeGreaterThan(3);
      if (!hasJudge) return;
      const told = askJudge(join(disk, "run.h5"), readBack.replaceAll("ROWS", String(rows))) as Told;
      expect(told).toMatchObject({ same: true, rows: 0, frame: true, ledger: true, complete: 0, frames: stored });
      expect(told.behind).toBeLessThan(100);
    });
  }

  test("leaves a table of whole lines", () => {
    const { stored, message } = fill("tracks.csv", 100, 16);
    expect(message).toContain(`tracks.csv: writing after frame ${stored} failed: ENOSPC`);
    const text = readFileSync(join(disk, "tracks.csv"), "utf8");
    expect(text.endsWith("\n")).toBe(true);
    expect(text.split("\n").length).toBe(stored * 100 + 2);
  });

  test("leaves a .mote without half a message", () => {
    const { stored, message } = fill("run.mote", 10, 64);
    expect(message).toContain("ENOSPC");
    expect(stored).toBeGreaterThan(3);
  });
});
