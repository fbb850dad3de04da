import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { openTiffStore } from "../../../src/core/storage/formats/tiff/tiff-store.js";
import { canMountSmallDisk } from "../../judges.js";
import { lastWordOf } from "../../killed-writer.js";
import { randomOfRun } from "../../seed.js";
import { end, fakeDescriptor, fakeFrame, fakeGeometry, fillFrame } from "../fake-context.js";
import { askTifffile, expectedPixel, hasTiffJudge, needsTiffJudge } from "./tiff-judge.js";

const script = join(import.meta.dirname, "tiff-endless.mjs");
const isBuilt = existsSync(join(import.meta.dirname, "../../../dist/core/storage/formats/tiff/tiff-store.js"));
const needsBuild = isBuilt ? "" : " (skipped: needs npm run build)";
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "mote-tiff-faults-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

interface Told {
  pages: number;
  same: boolean;
  stack: number;
  isOme: boolean;
}

const readPages = `told = []
for path in paths:
    with tifffile.TiffFile(path) as f:
        n = len(f.pages)
        h, w = f.pages[0].shape
        same = all(np.array_equal(f.pages[k].asarray(), expected(k, h, w, "uint16")) for k in range(n))
        stack = f.series[0].asarray().reshape(-1, h, w)
        same = same and all(np.array_equal(stack[k], expected(k, h, w, "uint16")) for k in range(len(stack)))
        told.append({"pages": n, "same": bool(same), "stack": len(stack), "isOme": bool(f.is_ome)})
print(json.dumps(told))`;

describe.skipIf(!hasTiffJudge || !isBuilt)(`tifffile, after kill -9${needsTiffJudge}${needsBuild}`, () => {
  for (const [name, side, compression] of [
    ["run.tif", 48, "none"],
    ["run.ome.tif", 300, "none"],
    ["run.ome.tif", 64, "lzw"],
    ["run.tif", 300, "deflate"],
  ] as const) {
    test(`opens every page of a ${name} of ${side}x${side} with ${compression}, five moments`, {
      timeout: 120_000,
    }, async () => {
      const random = randomOfRun(`kills of a ${name} of ${side}x${side} with ${compression}`);
      const paths: string[] = [];
      const stored: number[] = [];
      for (let round = 0; round < 5; round++) {
        paths.push(join(folder, `${round}-${name}`));
        const words = [script, paths[round]!, String(side), compression];
        stored.push(Number(await lastWordOf(words, { heard: "1\n", withinMs: 120, random })));
      }
      const told = askTifffile<Told[]>(paths, readPages);
      for (const [round, { pages, same, stack, isOme }] of told.entries()) {
        expect(same).toBe(true);
        expect(isOme).toBe(name.includes("ome"));
        expect(pages).toBeGreaterThanOrEqual(stored[round]!);
        // Between the page that joins the chain and SizeT there is a moment, in which the page is not yet counted.
        expect(stack).toBeGreaterThanOrEqual(isOme ? stored[round]! : pages);
        expect(stack).toBeLessThanOrEqual(pages);
      }
    });
  }
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

  function fill(name: string, side: number, compression: string): { stored: number; message: string; stderr: string } {
    const ran = spawnSync(process.execPath, [script, join(disk, name), String(side), compression], {
      encoding: "utf8",
      maxBuffer: 1 << 26,
    });
    const lines = ran.stdout.trim().split("\n");
    const { message, exitCode } = JSON.parse(lines.pop()!) as { message: string; exitCode: number };
    expect(exitCode).toBe(1);
    return { stored: Number(lines.at(-1)), message, stderr: ran.stderr };
  }

  for (const [name, side, compression] of [
    ["run.tif", 32, "none"],
    ["run.tif", 500, "none"],
    ["run.ome.tif", 300, "none"],
    ["run.ome.tif", 500, "lzw"],
    ["run.tif", 200, "deflate"],
  ] as const) {
    test(`fails a ${name} of ${side}x${side} with ${compression} in one sentence and leaves what was stored`, {
      timeout: 60_000,
    }, () => {
      const { stored, message, stderr } = fill(name, side, compression);
      expect(message).toContain(`${name}: writing after frame ${stored} failed: ENOSPC`);
      expect(stderr).toBe("");
      expect(stored).toBeGreaterThan(3);
      if (!hasTiffJudge) return;
      const [told] = askTifffile<Told[]>([join(disk, name)], readPages);
      expect(told).toEqual({ pages: stored, stack: stored, same: true, isOme: name.includes("ome") });
    });
  }

  test("keeps every frame of an .ome.tif when only its last description does not fit", async () => {
    const path = join(disk, "run.ome.tif");
    const descriptor = fakeDescriptor({ shape: { height: 16, width: 16 }, detections: null });
    const geometry = fakeGeometry(descriptor, 0);
    const store = openTiffStore({ path, where: "archive", descriptor, geometry });
    const frame = fakeFrame(geometry);
    for (let number = 0; number < 300; number++) {
      fillFrame(frame, descriptor, number, 0);
      for (let at = 0; at < 256; at++) frame.pixels[at] = expectedPixel("uint16", at, number);
      await store.append(frame);
    }
    spawnSync("dd", ["if=/dev/zero", `of=${join(disk, "other")}`, "bs=4096"]);
    await expect(store.close(end)).rejects.toThrow("cannot be closed in order: ENOSPC");
    if (!hasTiffJudge) return;
    expect(askTifffile<Told[]>([path], readPages)).toEqual([{ pages: 300, stack: 300, same: true, isOme: true }]);
  });

  test("leaves nothing when not even the first frame fits", () => {
    expect(fill("run.tif", 1500, "none").stored).toBe(0);
    expect(readdirSync(disk)).toEqual([]);
  });
});

const readFiles = `print(json.dumps([bool(np.array_equal(a, expected(int(p[-10:-4]), a.shape[0], a.shape[1], "uint16"))) for p in paths for a in [tifffile.imread(p)]]))`;

describe.skipIf(!isBuilt)(`a folder of single TIFFs, after kill -9${needsBuild}`, () => {
  test("every file that has its name is whole, five moments", { timeout: 60_000 }, async () => {
    const random = randomOfRun("kills of a folder");
    for (let round = 0; round < 5; round++) {
      const place = join(folder, String(round));
      mkdirSync(place);
      const words = [script, `${place}/`, "300", "lzw"];
      const stored = Number(await lastWordOf(words, { heard: "\n2\n", withinMs: 35, random }));
      const names = readdirSync(join(place, "2026-11-20")).filter((name) => !/\.(lock|ndjson)$/.test(name));
      const whole = names.filter((name) => name.endsWith(".tif")).sort();
      expect(whole.length).toBeGreaterThanOrEqual(stored);
      expect(names.length - whole.length).toBeLessThanOrEqual(1);
      if (!hasTiffJudge) continue;
      const told = askTifffile<boolean[]>(
        whole.map((name) => join(place, "2026-11-20", name)),
        readFiles,
      );
      expect(told).toEqual(whole.map(() => true));
    }
  });
});
