/** One TIFF a frame: names, metadata, and what is left when something goes wrong. */
import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { acquire } from "../../../src/commands/acquire.js";
import { archive } from "../../../src/commands/archive.js";
import type { StreamDescriptor } from "../../../src/core/model/descriptor.js";
import { isFolderName } from "../../../src/core/storage/container-for.js";
import { tiffFolderFaults } from "../../../src/core/storage/formats/tiff/folder-options.js";
import { openTiffFolder, tiffFolderProblem } from "../../../src/core/storage/formats/tiff/tiff-folder.js";
import { openTiffStore } from "../../../src/core/storage/formats/tiff/tiff-store.js";
import { canMountSmallDisk } from "../../judges.js";
import { end, fakeDescriptor, fakeFrame, fakeGeometry, fillFrame } from "../fake-context.js";
import { runSource } from "../run-source.js";
import { world } from "../world.js";
import { askTifffile, expectedPixel, hasTiffJudge, needsTiffJudge } from "./tiff-judge.js";
import { verified } from "./verify-recover.js";

const where = "archive, --out tifs/";
const date = "2026-11-20";
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "mote tiffs é '\n-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const descriptor: StreamDescriptor = fakeDescriptor({
  shape: { height: 31, width: 65 },
  bitDepth: 12,
  detections: null,
});

function rig(template: string, run = 3) {
  const names = { template, run, date };
  const frame = fakeFrame(fakeGeometry(descriptor, 0));
  const settings = { compression: "lzw", isPredicted: true } as const;
  const store = openTiffFolder({ folder, where, names, descriptor, settings });
  return {
    store,
    names,
    async put(number: number): Promise<void> {
      fillFrame(frame, descriptor, number, 0);
      for (let at = 0; at < 31 * 65; at++) frame.pixels[at] = expectedPixel("uint16", at, number);
      await store.append(frame);
    },
  };
}

test("every frame is a file under its name, in folders that are made", async () => {
  const { store, put } = rig("{date}/day/run_{run:03}_frame_{frame:06}.tiff");
  for (const number of [0, 1, 12, 1_234_567]) await put(number);
  expect(store.frames).toBe(4);
  await store.close(end);
  const place = join(folder, date, "day");
  const names = readdirSync(place)
    .filter((name) => !name.endsWith(".ndjson"))
    .sort();
  expect(names).toEqual([
    "run_003_frame_000000.tiff",
    "run_003_frame_000001.tiff",
    "run_003_frame_000012.tiff",
    "run_003_frame_1234567.tiff",
  ]);
  expect(store.bytes).toBe(names.reduce((sum, name) => sum + readFileSync(join(place, name)).length, 0));
});

describe.skipIf(!hasTiffJudge)(`tifffile${needsTiffJudge}`, () => {
  for (const extension of ["tif", "ome.tiff"]) {
    test(`reads each .${extension} whole, with all that is known of the frame and the stream`, async () => {
      const { store, put } = rig(`f{frame}.${extension}`);
      for (const number of [4, 5]) await put(number);
      await store.close(end);
      const program = `told = []
for k, path in zip((4, 5), paths):
    with tifffile.TiffFile(path) as f:
        page = f.pages[0]
        a = page.asarray()
        told.append({"same": bool(np.array_equal(a, expected(k, 31, 65, a.dtype))), "pages": len(f.pages), "big": f.is_bigtiff,
          "ome": bool(f.is_ome), "software": page.software, "time": str(page.datetime), "unit": int(page.resolutionunit),
          "x": page.resolution[0], "text": page.description})
print(json.dumps(told))`;
      const paths = [4, 5].map((number) => join(folder, `f${number}.${extension}`));
      for (const [index, told] of askTifffile<{ text: string }[]>(paths, program).entries()) {
        const isOme = extension !== "tif";
        expect(told).toMatchObject({ same: true, pages: 1, big: false, ome: isOme, software: "mote 0.1.0", unit: 3 });
        expect(told).toMatchObject({ time: "2025-11-21 10:20:00", x: expect.closeTo(1e4 / 0.35, 4) });
        if (isOme) expect(told.text).toContain(`Name="f${4 + index}.ome.tiff"`);
        else {
          expect(JSON.parse(told.text)).toMatchObject({
            frame_number: 4 + index,
            captured_at_ns: String(1_763_720_400_000_000_000n + BigInt(4 + index) * 41_666_667n),
            stream: { pixel_size_um: 0.35, rate_hz: 24, bit_depth: 12 },
          });
        }
      }
    });
  }
});

test("acquire gives the frames back in order, with their numbers and times", async () => {
  const { store, put } = rig("{frame}.tif");
  for (const number of [2, 9, 10, 11]) await put(number);
  await store.close(end);
  const { frames, output } = await runSource(acquire, { files: folder });
  expect(frames.map(({ frameNumber }) => frameNumber)).toEqual([2, 9, 10, 11]);
  expect(frames[1]!.capturedAtNs).toBe(1_763_720_400_000_000_000n + 9n * 41_666_667n);
  expect(frames.every(({ frameNumber, pixels }) => pixels[77] === expectedPixel("uint16", 77, frameNumber))).toBe(true);
  expect(output).toMatchObject({ pixelSizeUm: 0.35, rateHz: 24, bitDepth: 12 });
});

test("a name that is taken is refused before the run, and never replaced while it goes on", async () => {
  const { store, put, names } = rig("a/x_{frame:03}.tif");
  const problem = () => tiffFolderProblem({ folder, where, names });
  expect(problem()?.what).toContain(`(process ${process.pid} on `);
  writeFileSync(join(folder, "a", "x_007.tif"), "mine");
  writeFileSync(join(folder, "a", "x_7.tif"), "no name of this template");
  await put(6);
  await expect(put(7)).rejects.toThrow("x_007.tif: exists already");
  expect(readFileSync(join(folder, "a", "x_007.tif"), "utf8")).toBe("mine");
  await put(8);
  await store.close(end);
  expect(store.frames).toBe(2);
  expect(readdirSync(join(folder, "a")).sort()).toEqual([
    "x_006.tif",
    "x_007.tif",
    "x_008.tif",
    "x_7.tif",
    "x_N.tiffs.ndjson",
  ]);
  expect(problem()?.what).toBe(`${join(folder, "a", "x_006.tif")} exists already (and 3 files more like it)`);
});

test("a file that a killed run left unfinished is told, not replaced", () => {
  const names = { template: "x_{frame}.tif", run: 1, date };
  writeFileSync(join(folder, ".x_3.tif.part"), "");
  expect(tiffFolderProblem({ folder, where, names })?.what).toContain(".x_3.tif.part exists already");
  writeFileSync(join(folder, "file"), "");
  expect(tiffFolderProblem({ folder: join(folder, "file", "b"), where, names })?.what).toBe(
    `${join(folder, "file")} is not a folder`,
  );
});

test("options that mean nothing, and templates that could not work, are refused", () => {
  const faultOf = (nameTemplate: string | undefined, folders: string[], given: { run?: number; root?: string } = {}) =>
    tiffFolderFaults({ nameTemplate, run: undefined, ...given }, { out: folders, root: given.root })[0]?.what;
  const folders = ["tifs/"];
  expect(faultOf(undefined, folders)).toBeUndefined();
  expect(faultOf("{date}/run_{run:03}_frame_{frame:06}.tiff", folders, { run: 7 })).toBeUndefined();
  expect(faultOf(undefined, folders, { run: 2 })).toBe("the name template has no {run}");
  expect(faultOf("{frame}/a.tif", folders)).toBe("{frame} belongs into the name of the file, not of its folder");
  expect(faultOf("/{frame}.tif", folders)).toBe("expected folders inside the one of --out");
  expect(faultOf("a/../../{frame}.tif", folders)).toBe("expected folders inside the one of --out");
  expect(faultOf("{frame}.jxl", folders)).toBe("expected a name that ends in .tif or .tiff");
  expect(faultOf("{when}/{frame}.tif", folders)).toContain("{when} stands for nothing");
  expect(faultOf(undefined, [".tif/"])).toBe("names no folder");
  expect(faultOf(undefined, [".tif/"], { root: "data" })).toBeUndefined();
  expect(faultOf("{frame}.tif", [".tif/"], { root: "data" })).toBe("without {run} two runs would share names");
  expect(faultOf("{run}_{frame}.tif", [".tif/"], { root: "data", run: 3 })).toBe("the run's number is given by --root");
  expect([isFolderName("tifs/"), isFolderName("tifs")]).toEqual([true, false]);
});

const needsDisk = canMountSmallDisk ? "" : " (skipped: needs the right to mount a tmpfs)";

describe.skipIf(!canMountSmallDisk)(`a disk that is full for a while${needsDisk}`, () => {
  let disk: string;
  beforeEach(() => {
    disk = join(folder, "disk");
    mkdirSync(disk);
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=2m", "tmpfs", disk]);
  });
  afterEach(() => execFileSync("umount", [disk]));

  const large = fakeDescriptor({ shape: { height: 200, width: 300 }, detections: null });

  for (const kind of ["run.tif", "run.ome.tif", "tifs/"]) {
    for (const compression of ["none", "lzw"] as const) {
      test(`fails an append to ${kind} (${compression}), and takes the frame again when there is room`, async () => {
        const geometry = fakeGeometry(large, 0);
        const frame = fakeFrame(geometry);
        const path = join(disk, kind);
        const plain = { compression, isPredicted: false };
        const names = { template: "frame_{frame:06}.tif", run: 1, date };
        const store = isFolderName(path)
          ? openTiffFolder({ folder: path, where, names, descriptor: large, settings: plain })
          : openTiffStore({ path, where, descriptor: large, geometry, settings: { tiff: plain } });
        const put = (number: number) => {
          fillFrame(frame, large, number, 0);
          for (let at = 0; at < 200 * 300; at++) frame.pixels[at] = expectedPixel("uint16", at, number);
          return store.append(frame);
        };
        await put(0);
        spawnSync("dd", ["if=/dev/zero", `of=${join(disk, "other")}`, "bs=4096"]);
        // The room that is left: less than a frame.
        writeFileSync(join(disk, "other"), Buffer.alloc(1_800_000));
        let number = 1;
        for (; number < 30; number++) {
          try {
            await put(number);
          } catch (error) {
            expect((error as Error).message).toContain("ENOSPC");
            break;
          }
        }
        expect(number).toBeLessThan(30);
        await expect(put(number)).rejects.toThrow("ENOSPC");
        expect(store.frames).toBe(number);
        rmSync(join(disk, "other"));
        for (const last = number + 3; number < last; number++) await put(number);
        await store.close(end);
        expect(store.frames).toBe(number);
        if (isFolderName(path)) {
          const files = Array.from({ length: number }, (_, k) => `frame_${String(k).padStart(6, "0")}.tif`);
          expect(readdirSync(path).sort()).toEqual([...files, "frame_N.tiffs.ndjson"]);
          expect((await verified(path)).verdict).toBe("whole");
        }
        const { frames } = await runSource(acquire, { files: path });
        expect(frames.map(({ frameNumber }) => frameNumber)).toEqual(Array.from({ length: number }, (_, k) => k));
        expect(
          frames.every(({ pixels, frameNumber: k }) => pixels[59_999] === expectedPixel("uint16", 59_999, k)),
        ).toBe(true);
        if (!hasTiffJudge || isFolderName(path)) return;
        const program = "print(json.dumps([len(tifffile.TiffFile(p).pages) for p in paths]))";
        expect(askTifffile<number[]>([path], program)).toEqual([number]);
      });
    }
  }
});

test("{date} is the local day, as everywhere in Mote", async () => {
  // One is always a day or two ahead of the other.
  for (const zone of ["Pacific/Kiritimati", "Pacific/Pago_Pago"]) {
    vi.stubEnv("TZ", zone);
    const day = () => execFileSync("date", ["+%F"], { encoding: "utf8", env: { ...process.env, TZ: zone } }).trim();
    const before = day();
    const { date: told } = (await archive.look!({ out: ["tifs/"] } as never, "archive", world)) as {
      date: string;
    };
    expect([before, day()]).toContain(told);
  }
  vi.unstubAllEnvs();
});
