import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { decode } from "tiff";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { encodeLzw, mostLzwBytes } from "../../../src/core/imaging/tiff/encode-lzw.js";
import { decodeLzw } from "../../../src/core/imaging/tiff/lzw.js";
import type { Frame } from "../../../src/core/memory/frame.js";
import type { StreamDescriptor } from "../../../src/core/model/descriptor.js";
import { type PixelFormat, pixelFormats } from "../../../src/core/model/pixel-format.js";
import { extensionOf } from "../../../src/core/storage/extension.js";
import { dateTime, perCentimetre } from "../../../src/core/storage/formats/tiff/describe-page.js";
import { tiffFile } from "../../../src/core/storage/formats/tiff/read.js";
import { layStrips } from "../../../src/core/storage/formats/tiff/strip-layout.js";
import { plainTiff, type TiffCompression } from "../../../src/core/storage/formats/tiff/tiff-options.js";
import { openTiffStore } from "../../../src/core/storage/formats/tiff/tiff-store.js";
import { needsBigTiff } from "../../../src/core/storage/formats/tiff/tiff-writer.js";
import { testWithLibtiff } from "../../judges.js";
import { seeded } from "../../seed.js";
import { end, fakeDescriptor, fakeFrame, fakeGeometry, fillFrame } from "../fake-context.js";
import { askTifffile, expectedPixel, hasTiffJudge, needsTiffJudge } from "./tiff-judge.js";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "mote tiff é-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

interface Run {
  readonly name: string;
  readonly pixelFormat: PixelFormat;
  readonly compression: TiffCompression;
  readonly isPredicted: boolean;
  readonly frames: number;
  readonly frameCount: number | null;
}

const plain: Run = {
  name: "run.tif",
  pixelFormat: "uint16",
  compression: "none",
  isPredicted: false,
  frames: 3,
  frameCount: null,
};
/** Several strips a page, the last one lower, rows of an odd number of pixels. */
const shape = { height: 301, width: 257 };

function describeRun(run: Run): StreamDescriptor {
  const bitDepth = { uint8: 8, uint16: 12, float32: 32 }[run.pixelFormat];
  const { pixelFormat, frameCount } = run;
  return fakeDescriptor({ pixelFormat, bitDepth, shape, frameCount, detections: null, source: { shape: [1], µ: "é" } });
}

function open(run: Run) {
  const descriptor = describeRun(run);
  const path = join(folder, run.name);
  const { compression, isPredicted } = run;
  const tiff = { compression, isPredicted };
  const where = `archive, --out ${run.name}`;
  const geometry = fakeGeometry(descriptor, 0);
  return openTiffStore({ path, where, descriptor, geometry, settings: { tiff } });
}

function fill(frame: Frame, descriptor: StreamDescriptor, number: number): void {
  fillFrame(frame, descriptor, number, 0);
  for (let at = 0; at < shape.height * shape.width; at++) {
    frame.pixels[at] = expectedPixel(descriptor.pixelFormat, at, number);
  }
}

/** Writes a file; the numbers of its frames have a gap after the first. */
async function write(run: Run): Promise<string> {
  const descriptor = describeRun(run);
  const store = open(run);
  const frame = fakeFrame(fakeGeometry(descriptor, 0));
  for (let index = 0; index < run.frames; index++) {
    fill(frame, descriptor, index);
    frame.header.frameNumber = index === 0 ? 0 : index + 1;
    await store.append(frame);
    expect(store.frames).toBe(index + 1);
  }
  await store.close(end);
  return join(folder, run.name);
}

const codecs = (["none", "lzw", "deflate", "zstd"] as TiffCompression[]).flatMap((compression) =>
  [false, true]
    .filter((isPredicted) => !isPredicted || compression !== "none")
    .map((isPredicted) => ({ compression, isPredicted })),
);
const runs: Run[] = pixelFormats.flatMap((pixelFormat) =>
  codecs.flatMap((codec) =>
    ["tif", "ome.tif"].map((extension, index) => ({
      ...plain,
      ...codec,
      pixelFormat,
      name: `${pixelFormat} ${codec.compression}${codec.isPredicted ? " predicted" : ""}.${extension}`,
      frameCount: index === 0 ? 3 : null,
    })),
  ),
);

const readAll = `told = []
for path in paths:
    with tifffile.TiffFile(path) as f:
        page, series = f.pages[0], f.series[0]
        a = series.asarray()
        n, h, w = a.shape
        same = all(np.array_equal(a[k], expected(k, h, w, a.dtype)) for k in range(n))
        told.append({"same": same, "shape": a.shape, "dtype": str(a.dtype), "axes": series.axes, "pages": len(f.pages),
          "big": f.is_bigtiff, "ome": bool(f.is_ome), "compression": page.compression.name, "predictor": int(page.predictor),
          "software": page.software, "unit": int(page.resolutionunit), "resolution": list(page.resolution),
          "time": str(page.datetime), "json": [f.pages.get(k, aspage=True).description for k in range(n)]})
print(json.dumps(told))`;

interface Told {
  readonly json: string[];
  readonly [fact: string]: unknown;
}

describe.skipIf(!hasTiffJudge)(`tifffile${needsTiffJudge}`, () => {
  test("reads every format, compression and predictor as it was written", { timeout: 60_000 }, async () => {
    const paths: string[] = [];
    for (const run of runs) paths.push(await write(run));
    const told = askTifffile<Told[]>(paths, readAll);
    for (const [index, run] of runs.entries()) {
      const isOme = run.name.endsWith(".ome.tif");
      expect(told[index], run.name).toMatchObject({
        same: true,
        shape: [3, shape.height, shape.width],
        dtype: run.pixelFormat,
        axes: isOme ? "TYX" : "IYX",
        pages: 3,
        big: run.frameCount === null,
        ome: isOme,
        compression: { none: "NONE", lzw: "LZW", deflate: "ADOBE_DEFLATE", zstd: "ZSTD" }[run.compression],
        predictor: run.isPredicted ? (run.pixelFormat === "float32" ? 3 : 2) : 1,
        software: "mote 0.1.0",
        unit: 3,
        time: "2025-11-21 10:20:00",
      });
      const [x] = told[index]!.resolution as [number, number];
      expect(x).toBeCloseTo(1e4 / 0.35, 4);
      expect(JSON.parse(told[index]!.json[2]!)).toMatchObject({
        frame_number: 3,
        captured_at_ns: "1763720400083333334",
      });
      if (isOme) continue;
      expect(JSON.parse(told[index]!.json[0]!)).toMatchObject({
        frame_number: 0,
        exposure_ms: 12.5,
        stream: {
          shape: [301, 257],
          pixel_size_um: 0.35,
          rate_hz: 24,
          source: { µ: "é" },
          produced_by: [{ stage: "acquire" }, {}],
        },
      });
    }
  });

  test("finds pixel size, significant bits and the time of every plane in the OME-XML", async () => {
    const path = await write({ ...plain, name: "a & <b> 𝄞.ome.tiff", frames: 5 });
    const script = `import xml.etree.ElementTree as E
root = E.fromstring(tifffile.TiffFile(paths[0]).ome_metadata)
ns = "{http://www.openmicroscopy.org/Schemas/OME/2016-06}"
image = root.find(ns + "Image")
print(json.dumps({"name": image.get("Name"), "date": image.find(ns + "AcquisitionDate").text, "pixels": image.find(ns + "Pixels").attrib,
  "order": [e.tag[len(ns):] for e in image.find(ns + "Pixels")], "delta": [e.get("DeltaT") for e in root.iter(ns + "Plane")]}))`;
    expect(askTifffile([path], script)).toMatchObject({
      name: "a & <b> 𝄞.ome.tiff",
      date: "2025-11-21T10:20:00.000Z",
      pixels: { SizeT: "5", SizeX: "257", SizeY: "301", Type: "uint16", PhysicalSizeX: "0.35", SignificantBits: "12" },
      order: ["Channel", "TiffData", "Plane", "Plane", "Plane", "Plane", "Plane"],
      delta: ["0.000000000", "0.041666667", "0.083333334", "0.125000001", "0.166666668"],
    });
  });

  test("opens a file of one frame and one that is still being written", async () => {
    const one = await write({ ...plain, frames: 1, name: "one.ome.tif" });
    const store = open({ ...plain, name: "open.ome.tif" });
    const descriptor = describeRun(plain);
    const frame = fakeFrame(fakeGeometry(descriptor, 0));
    for (const number of [0, 1]) {
      fill(frame, descriptor, number);
      await store.append(frame);
    }
    const script =
      'print(json.dumps([[list(tifffile.imread(p).shape), bool(np.array_equal(np.atleast_3d(tifffile.imread(p)).reshape(-1, 301, 257)[-1], expected(k, 301, 257, "uint16")))] for k, p in enumerate(paths)]))';
    const told = askTifffile([one, join(folder, "open.ome.tif")], script);
    await store.close(end);
    expect(told).toEqual([
      [[301, 257], true],
      [[2, 301, 257], true],
    ]);
  });
});

test.each(runs)("$name comes back with its pixels, and from OME-TIFF with its times", async (run) => {
  const file = await tiffFile.open(await write(run));
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
  const pages = decode(readFileSync(await write(run)));
  expect(pages.length).toBe(3);
  for (const [index, { data, width, height }] of pages.entries()) {
    expect([height, width]).toEqual([301, 257]);
    expect([...data].every((value, at) => value === expectedPixel(run.pixelFormat, at, index))).toBe(true);
  }
});

describe("libtiff", () => {
  for (const pixelFormat of pixelFormats) {
    testWithLibtiff(`decodes ${pixelFormat} of every compression and predictor to the same pixels`, async () => {
      const plainPath = await write({ ...plain, pixelFormat, name: "plain.tif" });
      for (const run of runs.filter((one) => one.pixelFormat === pixelFormat)) {
        const path = await write(run);
        // -t: it tells the tags that differ, and goes on; pixels must not, on any page.
        const compared = spawnSync("tiffcmp", ["-t", plainPath, path], { encoding: "utf8" });
        expect([compared.status, compared.stderr], run.name).toEqual([0, ""]);
        expect(compared.stdout, run.name).toContain("Directory 2:\n");
        const info = spawnSync("tiffinfo", ["-D", path], { encoding: "utf8" });
        expect([info.status, info.stderr], run.name).toEqual([0, ""]);
        expect(info.stdout.match(/^=== TIFF directory/gm)?.length, run.name).toBe(3);
        expect(info.stdout.match(/Software: mote 0\.1\.0/g)?.length).toBe(3);
      }
      const other = join(folder, "other.tif");
      const bytes = readFileSync(plainPath);
      bytes[Math.round(bytes.length * 0.9)]! ^= 1;
      writeFileSync(other, bytes);
      expect(spawnSync("tiffcmp", ["-t", plainPath, other]).status, "one bit of the last page").toBe(1);
    });
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
  expect(statSync(await write(plain)).size).toBeLessThan(3 * (shape.height * shape.width * 2 + 4096));
  const version = async (name: string, frameCount: number | null) =>
    readFileSync(await write({ ...plain, name, frameCount }))[2];
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
  expect(() => open(plain)).toThrow("exists already");
  expect(readFileSync(join(folder, "run.tif"), "utf8")).toBe("x".repeat(1000));
});

test("a run that stored no frame leaves no file, since a TIFF without an image is none", async () => {
  await open(plain).close(null);
  await open(plain).close(end);
  expect(existsSync(join(folder, "run.tif"))).toBe(false);
});

test("what cannot be had is refused before a file appears", () => {
  expect(() => open({ ...plain, isPredicted: true })).toThrow("isPredicted: goes with a compression");
  expect(existsSync(join(folder, "run.tif"))).toBe(false);
});
