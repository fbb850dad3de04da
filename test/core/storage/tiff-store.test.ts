import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { decode } from "tiff";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { encodeLzw, mostLzwBytes } from "../../../src/core/imaging/tiff/encode-lzw.js";
import { decodeLzw } from "../../../src/core/imaging/tiff/lzw.js";
import { extensionOf } from "../../../src/core/storage/extension.js";
import { dateTime, perCentimetre } from "../../../src/core/storage/formats/tiff/describe-page.js";
import { tiffFile } from "../../../src/core/storage/formats/tiff/read.js";
import { layStrips } from "../../../src/core/storage/formats/tiff/strip-layout.js";
import { plainTiff } from "../../../src/core/storage/formats/tiff/tiff-options.js";
import type { openTiffStore } from "../../../src/core/storage/formats/tiff/tiff-store.js";
import { needsBigTiff } from "../../../src/core/storage/formats/tiff/tiff-writer.js";
import { seeded } from "../../seed.js";
import { end, fakeDescriptor, fakeFrame, fakeGeometry, fillFrame } from "../fake-context.js";
import { expectedPixel } from "./tiff-judge.js";
import { open, plain, runs, shape, write } from "./tiff-runs.js";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "mote tiff é-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

test.each(runs)("$name comes back with its pixels, and from OME-TIFF with its times", async (run) => {
  const file = await tiffFile.open(await write(folder, run));
  expect(file.facts).toMatchObject({ pixelFormat: run.pixelFormat, shape, frameCount: 3 });
  const isOme = run.name.endsWith(".ome.tif");
  if (isOme) expect(file.facts.pixelSizeUm).toBe(0.35);
  const pixels = { uint8: Uint8Array, uint16: Uint16Array, float32: Float32Array }[run.pixelFormat].from(
    new Uint8Array(shape.height * shape.width),
  );
  for (let index = 0; index < 3; index++) {
    const { capturedAtNs } = await file.readFrame(index, pixels, { x: 0, y: 0, ...shape });
    expect(pixels.every((value, at) => value === expectedPixel(run.pixelFormat, at, index))).toBe(true);
    if (isOme) expect(capturedAtNs).toBe(1_763_720_400_000_000_000n + BigInt(index) * 41_666_667n);
    else expect(capturedAtNs / 1_000_000_000n).toBe(1_763_720_400n);
  }
  file.close();
});

// Of the variants written here the package reads classic files without predictor right.
test.each(
  runs.filter(
    ({ frameCount, isPredicted, compression }) => frameCount !== null && !isPredicted && compression !== "zstd",
  ),
)("the package tiff reads $name", async (run) => {
  const pages = decode(readFileSync(await write(folder, run)));
  expect(pages.length).toBe(3);
  for (const [index, { data, width, height }] of pages.entries()) {
    expect([height, width]).toEqual([301, 257]);
    expect([...data].every((value, at) => value === expectedPixel(run.pixelFormat, at, index))).toBe(true);
  }
});

const builtStore = join(import.meta.dirname, "../../../dist/core/storage/formats/tiff/tiff-store.js");
const isBuilt = existsSync(builtStore);

describe.skipIf(!isBuilt)(`with threads${isBuilt ? "" : " (skipped: needs npm run build)"}`, () => {
  for (const compression of ["lzw", "deflate", "zstd"] as const) {
    test(`${compression} has the same bytes from one, two and four of them`, async () => {
      const built = (await import(pathToFileURL(builtStore).href)) as { openTiffStore: typeof openTiffStore };
      const descriptor = fakeDescriptor({ shape: { height: 900, width: 1025 }, frameCount: 4, detections: null });
      const geometry = fakeGeometry(descriptor, 0);
      const frame = fakeFrame(geometry);
      const files: Buffer[] = [];
      for (const workers of [1, 2, 4]) {
        const path = join(folder, `${workers}.tif`);
        const warnings: string[] = [];
        const store = built.openTiffStore({
          path,
          where: "archive",
          descriptor,
          geometry,
          workers,
          warn: (text) => warnings.push(text),
          settings: { tiff: { compression, isPredicted: compression !== "zstd" } },
        });
        for (let number = 0; number < 4; number++) {
          fillFrame(frame, descriptor, number, 0);
          await store.append(frame);
        }
        await store.close(end);
        files.push(readFileSync(path));
        expect(warnings).toEqual([]);
      }
      expect(files[0]!.equals(files[1]!)).toBe(true);
      expect(files[0]!.equals(files[2]!)).toBe(true);
    });
  }
});

test("LZW of any bytes decodes to them, inside its room", () => {
  const random = seeded(11);
  for (let round = 0; round < 400; round++) {
    const levels = [1, 2, 5, 40, 256][round % 5]!;
    const input = Uint8Array.from({ length: round < 200 ? round : random() * 30_000 }, () => random() * levels);
    const output = new Uint8Array(mostLzwBytes(input.length) + 8).fill(0x7e);
    const written = encodeLzw(input, output.subarray(0, -8));
    expect(written).toBeLessThanOrEqual(output.length - 8);
    expect(output.subarray(-8).every((byte) => byte === 0x7e)).toBe(true);
    const back = new Uint8Array(input.length + 1);
    expect(decodeLzw(output.subarray(0, written), back)).toBe(input.length);
    expect(Buffer.compare(back.subarray(0, -1), input)).toBe(0);
  }
});

test("LZW ends in its end code, as wide as the reader has made it by then, whatever the length", () => {
  const random = seeded(13);
  const all = Uint8Array.from({ length: 1100 }, () => random() * 256);
  for (let length = 0; length <= all.length; length++) {
    const output = new Uint8Array(mostLzwBytes(length));
    const coded = output.subarray(0, encodeLzw(all.subarray(0, length), output));
    let [at, width, next, code] = [0, 9, 0, 0];
    while (code !== 257 && at + width <= coded.length * 8) {
      code = 0;
      for (const end = at + width; at < end; at++) code = (code << 1) | ((coded[at >> 3]! >> (7 - (at & 7))) & 1);
      // The first code behind a clear code makes no entry.
      if (code === 256) [width, next] = [9, 257];
      else if (++next + 1 === 1 << width && width < 12) width++;
    }
    expect([length, code, coded.length]).toEqual([length, 257, Math.ceil(at / 8)]);
  }
});

test("the example of TIFF 6.0 section 13 gets the specification's codes", () => {
  const output = new Uint8Array(mostLzwBytes(9));
  const written = encodeLzw(Uint8Array.of(7, 7, 7, 8, 8, 7, 7, 6, 6), output);
  const bits = [...output.subarray(0, written)].map((byte) => byte.toString(2).padStart(8, "0")).join("");
  const codes = (bits.match(/.{9}/g) ?? []).map((code) => Number.parseInt(code, 2));
  expect(codes).toEqual([256, 7, 258, 8, 8, 258, 6, 6, 257]);
});

test("BigTIFF is chosen when the frames may not fit in 4 GB or their number is unknown", async () => {
  const layout = layStrips({ height: 2048, width: 2048 }, "uint16", plainTiff);
  expect(needsBigTiff(null, layout)).toBe(true);
  expect(needsBigTiff(500, layout)).toBe(false);
  expect(needsBigTiff(520, layout)).toBe(true);
  expect(statSync(await write(folder, plain)).size).toBeLessThan(3 * (shape.height * shape.width * 2 + 4096));
  const version = async (name: string, frameCount: number | null) =>
    readFileSync(await write(folder, { ...plain, name, frameCount }))[2];
  expect(await version("known.tif", 3)).toBe(42);
  expect(await version("unknown.tif", null)).toBe(43);
});

test("times, resolutions and names of files are what TIFF and we take them for", () => {
  expect(dateTime(1_763_720_459_999_999_999n)).toBe("2025:11:21 10:20:59");
  expect(dateTime(0n)).toBeUndefined();
  expect(perCentimetre(0.1)).toEqual([100_000, 1]);
  for (const size of [0.35, 0.1083333, 1e-3, 12345.678]) {
    const [pixels, centimetres] = perCentimetre(size);
    expect(Math.abs((pixels / centimetres) * size - 1e4)).toBeLessThan(1e-4);
    expect(Math.max(pixels, centimetres)).toBeLessThan(2 ** 32);
  }
  expect(extensionOf("/a.b/Run 7.OME.TIFF")).toBe(".ome.tiff");
  expect(extensionOf("ome.tif")).toBe(".tif");
});

test("a file in the way is refused, and not touched", () => {
  writeFileSync(join(folder, "run.tif"), "x".repeat(1000));
  expect(() => open(folder, plain)).toThrow("exists already");
  expect(readFileSync(join(folder, "run.tif"), "utf8")).toBe("x".repeat(1000));
});

test("a run that stored no frame leaves no file, since a TIFF without an image is none", async () => {
  await open(folder, plain).close(null);
  await open(folder, plain).close(end);
  expect(existsSync(join(folder, "run.tif"))).toBe(false);
});

test("what cannot be had is refused before a file appears", () => {
  expect(() => open(folder, { ...plain, isPredicted: true })).toThrow("isPredicted: goes with a compression");
  expect(existsSync(join(folder, "run.tif"))).toBe(false);
});
