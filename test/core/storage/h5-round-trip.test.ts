/** What an HDF5 file gives back: ours with the header of every frame and the facts of the stream, others' with their pixels. */
import { rmSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { acquire } from "../../../src/commands/acquire.js";
import type { PixelFormat } from "../../../src/core/model/pixel-format.js";
import { hdf5FilterNames } from "../../../src/core/storage/formats/h5/filters.js";
import { defaultHdf5, type Hdf5Settings, hdf5Layouts } from "../../../src/core/storage/formats/h5/h5-options.js";
import { openH5Store } from "../../../src/core/storage/formats/h5/h5-store.js";
import { end, fakeDescriptor, fakeFrame, fakeGeometry, fillFrame } from "../fake-context.js";
import { runSource } from "../run-source.js";
import { askJudge, hasJudge, needsJudge } from "./judge.js";
import { dress, plainHeader } from "./odd-headers.js";
import { quickFolder } from "./verify-recover.js";

let folder: string;
beforeEach(() => {
  folder = quickFolder("mote-h5-trip-");
});
afterEach(() => rmSync(folder, { recursive: true }));

const source = { camera: "sim", lens: "60× µ", "a & <b>": ['"', "'", null] };

async function write(settings: Partial<Hdf5Settings>, pixelFormat: PixelFormat = "uint16", frames = 4, closed = true) {
  const bitDepth = { uint8: 7, uint16: 12, float32: 32 }[pixelFormat];
  const descriptor = fakeDescriptor({
    pixelFormat,
    bitDepth,
    shape: { height: 5, width: 7 },
    pixelSizeUm: 0.1083333333333333,
    rateHz: 29.97,
    detections: null,
    source,
  });
  const geometry = fakeGeometry(descriptor, 0);
  const frame = fakeFrame(geometry);
  const path = join(folder, "run.h5");
  const hdf5 = { ...defaultHdf5, ...settings };
  const store = await openH5Store({ path, where: "archive", descriptor, geometry, settings: { hdf5 } });
  const stored: { header: Record<string, unknown>; pixels: number[] }[] = [];
  for (let index = 0; index < frames; index++) {
    fillFrame(frame, descriptor, index, 0);
    if (frames <= 4) dress(frame.header, index);
    stored.push({ header: plainHeader(frame.header), pixels: [...frame.pixels] });
    await store.append(frame);
  }
  await store.close(closed ? end : null);
  return { path, descriptor, stored };
}

async function replay(files: string | string[], more: Record<string, string> = {}) {
  const found: { header: Record<string, unknown>; pixels: number[] }[] = [];
  const run = await runSource(
    acquire,
    { files, ...more },
    { visit: ({ header, pixels }) => found.push({ header: plainHeader(header), pixels: [...pixels] }) },
  );
  return { run, found };
}

describe.each(hdf5Layouts)("layout %s", (layout) => {
  test.each(["uint8", "uint16", "float32"] as const)("gives back %s frames with all that was known", async (format) => {
    const { path, descriptor, stored } = await write({ layout, filter: "none" }, format);
    const { run, found } = await replay(path);
    const { pixelSizeUm, rateHz, bitDepth, shape } = descriptor;
    expect(run.output).toMatchObject({ pixelSizeUm, rateHz, bitDepth, shape, frameCount: 4 });
    expect(run.output.source).toMatchObject({ format: "hdf5", recording: source });
    for (const [index, { header, pixels }] of found.entries()) {
      const before = stored[index]!;
      // A frame of unknown capture has the time it arrived, and every frame the stream's significant bits.
      const capturedAtNs = before.header.capturedAtNs || before.header.receivedAtNs;
      expect(header).toEqual({ ...before.header, bitDepth, capturedAtNs });
      expect(pixels).toEqual(before.pixels);
    }
    expect(found.length).toBe(4);
  });

  test("a file that was not closed gives what it has", async () => {
    const { path, stored } = await write({ layout }, "uint16", 3, false);
    const { found } = await replay(path);
    expect(found.map(({ pixels }) => pixels)).toEqual(stored.map(({ pixels }) => pixels));
  });

  test("a region is cut out of every frame", async () => {
    const { path, stored } = await write({ layout });
    const { found } = await replay(path, { roi: "2,1,3,2" });
    const cut = (pixels: number[]) => [9, 10, 11, 16, 17, 18].map((at) => pixels[at]);
    expect(found.map(({ pixels }) => pixels)).toEqual(stored.map(({ pixels }) => cut(pixels)));
  });
});

test.each(hdf5FilterNames)("%s is decoded", async (filter) => {
  const { path, stored } = await write({ filter });
  const { found } = await replay(path);
  expect(found.map(({ pixels }) => pixels)).toEqual(stored.map(({ pixels }) => pixels));
});

test("an image that Blosc cannot make smaller is stored as it is, in a dataset of its own too", async () => {
  const { path, stored } = await write({ filter: "blosc-zstd", layout: "per-frame" });
  const { found } = await replay(path);
  expect(found.map(({ pixels }) => pixels)).toEqual(stored.map(({ pixels }) => pixels));
});

test("the files of a split archive are one recording, its numbers going on", async () => {
  const { stored } = await write({ split: { frames: 4 }, filter: "none" }, "uint8", 10);
  const { run, found } = await replay(join(folder, "run_*.h5"));
  expect(run.output.source).toMatchObject({ files: { count: 3, frames: 10 } });
  expect(found.map(({ pixels }) => pixels)).toEqual(stored.map(({ pixels }) => pixels));
  expect(found.map(({ header }) => header.frameNumber)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
});

describe.skipIf(!hasJudge)(`what h5py wrote${needsJudge}`, () => {
  const make = (name: string, script: string) => {
    const path = join(folder, name);
    askJudge(path, `f = h5py.File(path, "w")\n${script}\nf.close()\nprint("null")`);
    return path;
  };
  const ramp = "np.arange(2 * 3 * 4).reshape(2, 3, 4)";

  test.each(["<u2", ">u2", "u1", ">f4"])("the only dataset of frames is taken, type %s", async (type) => {
    const path = make(
      "other.hdf5",
      `f["a/b"] = ${ramp}.astype("${type}"); f["t"] = np.zeros((2, 3, 4)); f["a/b"].attrs["element_size_um"] = [1.0, 0.2, 0.2]`,
    );
    const { run, found } = await replay(path);
    expect(run.output).toMatchObject({ pixelSizeUm: 0.2, shape: { height: 3, width: 4 }, frameCount: 2 });
    expect(found.map(({ pixels }) => pixels)).toEqual(
      [0, 12].map((from) => Array.from({ length: 12 }, (_, i) => from + i)),
    );
  });

  test("of several one is chosen with --dataset, and without it all are listed", async () => {
    const path = make("two.h5", `f["a"] = ${ramp}.astype("u1"); f["b"] = (${ramp} + 100).astype("u1")`);
    await expect(replay(path)).rejects.toMatchObject({
      exitCode: 2,
      problems: [
        {
          what: "there are 2 datasets that could be frames",
          hint: expect.stringContaining("/a (2, 3, 4) <B; /b (2, 3, 4) <B"),
        },
      ],
    });
    const { found } = await replay(path, { dataset: "b" });
    expect(found[1]!.pixels[0]).toBe(112);
    await expect(replay(path, { dataset: "/c" })).rejects.toThrow("there is no dataset /c");
  });

  test("a filter that Mote does not have is named", async () => {
    const path = make(
      "sz.h5",
      `f.create_dataset("a", data=${ramp}.astype("f4"), chunks=(1, 3, 4), **hdf5plugin.SZ3(absolute=0.1))`,
    );
    await expect(replay(path)).rejects.toThrow(
      "/a is compressed with sz3 (HDF5 filter 32024), which Mote cannot decode",
    );
  });

  test("a file that is no HDF5 is refused", async () => {
    const { writeFileSync } = await import("node:fs");
    writeFileSync(join(folder, "no.h5"), "nothing of the kind");
    await expect(replay(join(folder, "no.h5"))).rejects.toMatchObject({ exitCode: 2 });
    await expect(replay(join(folder, "none.h5"))).rejects.toThrow("ENOENT");
  });
});
