import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import * as zarr from "zarrita";
import { crc32c } from "../../../src/core/codecs/crc32c.js";
import type { Frame } from "../../../src/core/memory/frame.js";
import type { FrameShape, StreamDescriptor } from "../../../src/core/model/descriptor.js";
import {
  borrowPixels,
  bytesPerPixel,
  type PixelArray,
  type PixelFormat,
  pixelFormats,
} from "../../../src/core/model/pixel-format.js";
import { extensionOf } from "../../../src/core/storage/extension.js";
import { halve, halvedShape } from "../../../src/core/storage/formats/zarr/halve.js";
import { defaultZarr, type ZarrCodec, zarrCodecNames } from "../../../src/core/storage/formats/zarr/zarr-options.js";
import { openZarrStore } from "../../../src/core/storage/formats/zarr/zarr-store.js";
import type { FrameStore } from "../../../src/core/storage/frame-store.js";
import { openImageFile } from "../../../src/core/storage/read/image-formats.js";
import { end, fakeDescriptor, fakeFrame, fakeGeometry, fillFrame } from "../fake-context.js";
import { askZarr, expectedInPython, hasZarrJudge, needsZarrJudge, pixelOf, quickDisk } from "./zarr-judge.js";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(quickDisk, "mote zarr é-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

interface Run {
  readonly name: string;
  readonly pixelFormat: PixelFormat;
  readonly shape: FrameShape;
  readonly codec: ZarrCodec;
  readonly framesPerShard: number;
  readonly levels: number;
  readonly frames: number;
}

const rowsAFrame = 5;
const plain: Run = {
  name: "run.ome.zarr",
  pixelFormat: "uint16",
  shape: { height: 53, width: 41 },
  codec: "blosc-lz4",
  framesPerShard: 1,
  levels: 1,
  frames: 3,
};

function describeRun(run: Run): StreamDescriptor {
  const bitDepth = { uint8: 8, uint16: 12, float32: 32 }[run.pixelFormat];
  const { pixelFormat, shape } = run;
  return fakeDescriptor({ pixelFormat, bitDepth, shape, source: { camera: "sim", µ: "é 'a' \"b\"" } });
}

function open(run: Run): Promise<FrameStore> {
  const descriptor = describeRun(run);
  const { codec, framesPerShard, levels } = run;
  return openZarrStore({
    path: join(folder, run.name),
    where: `archive, --out ${run.name}`,
    descriptor,
    geometry: fakeGeometry(descriptor, rowsAFrame),
    settings: { zarr: { codec, framesPerShard, levels } },
  });
}

/** Frames 0, 2, 3, ...: one is missing after the first. */
function fill(frame: Frame, run: Run, index: number): void {
  fillFrame(frame, describeRun(run), index === 0 ? 0 : index + 1, rowsAFrame);
  const { header, pixels } = frame;
  const count = run.shape.height * run.shape.width;
  for (let at = 0; at < count; at++) pixels[at] = pixelOf(run.pixelFormat, at, index);
  header.stageXUm = -1.5 * index;
  header.temperatureC = Number.NaN;
  header.channelIndex = index % 2;
  header.zIndex = 7;
  header.positionIndex = 3;
  header.sourceIndex = 1;
  header.roiX = 16;
  header.roiY = -4;
  header.binningX = 2;
}

function newFrame(run: Run): Frame {
  return fakeFrame(fakeGeometry(describeRun(run), rowsAFrame));
}

async function write(run: Run): Promise<string> {
  const store = await open(run);
  const frame = newFrame(run);
  for (let index = 0; index < run.frames; index++) {
    fill(frame, run, index);
    await store.append(frame);
    expect(store.frames).toBe(index + 1);
    if (index === 0) store.event({ event: "gap", firstFrame: 1, count: 1, reason: "device gap" });
  }
  expect(store.rows).toBe(run.frames * rowsAFrame);
  await store.close(end);
  return join(folder, run.name);
}

const runs: Run[] = [
  ...pixelFormats.flatMap((pixelFormat) => zarrCodecNames.map((codec) => ({ ...plain, pixelFormat, codec }))),
  ...pixelFormats.map((pixelFormat) => ({ ...plain, pixelFormat, levels: 4, framesPerShard: 2 })),
  { ...plain, levels: 3, frames: 4, framesPerShard: 4 },
  { ...plain, framesPerShard: 100 },
  { ...plain, shape: { height: 1, width: 1 }, frames: 2 },
  { ...plain, shape: { height: 1, width: 1 }, pixelFormat: "float32" as const, framesPerShard: 3 },
  { ...plain, shape: { height: 3, width: 5 }, levels: 4, pixelFormat: "uint8" as const },
  // Several Blosc blocks, the last of a number of pixels that is no multiple of eight.
  { ...plain, shape: { height: 301, width: 257 }, codec: "blosc-zstd" as const, levels: 2 },
  { ...plain, shape: { height: 301, width: 257 }, pixelFormat: "float32" as const },
].map((run, index) => ({
  ...run,
  name: `${index} ${run.pixelFormat} ${run.shape.width}x${run.shape.height} ${run.codec} shard ${run.framesPerShard} levels ${run.levels}.ome.zarr`,
}));

interface Told {
  readonly [fact: string]: unknown;
}

const readAll = `${expectedInPython}
from ome_zarr_models.v05 import Image
told = []
for path in args:
    g = zarr.open_group(path, mode="r")
    model = Image.from_zarr(g).ome_attributes
    levels = [g[d.path] for d in model.multiscales[0].datasets]
    full = levels[0]
    n, h, w = full.shape
    same = [bool(np.array_equal(full[k], expected(k, h, w, str(full.dtype)))) for k in range(n)]
    halved = []
    for above, below in zip(levels, levels[1:]):
        wide = np.pad(above[:].astype("f8"), [(0, 0), (0, above.shape[1] % 2), (0, above.shape[2] % 2)], mode="edge")
        mean = (wide[:, 0::2, 0::2] + wide[:, 0::2, 1::2] + wide[:, 1::2, 0::2] + wide[:, 1::2, 1::2]) / 4
        if above.dtype.kind == "u": mean = np.floor(mean + 0.5)
        halved.append(bool(np.array_equal(mean.astype(above.dtype), below[:])))
    columns = {k: [str(a.dtype), a.shape[0]] for k, a in g["images"].arrays()}
    sums = [zlib.crc32(np.ascontiguousarray(full[k]).tobytes()) for k in range(n)]
    told.append({"same": all(same) and len(same) > 0, "dtype": str(full.dtype), "shape": full.shape, "halved": all(halved), "levels": [a.shape for a in levels],
      "dimensions": full.metadata.dimension_names, "chunks": full.chunks, "shards": full.shards,
      "axes": [[a.name, a.type, a.unit] for a in model.multiscales[0].axes],
      "scales": [[[t.type, list(getattr(t, t.type))] for t in d.coordinateTransformations] for d in model.multiscales[0].datasets],
      "window": g.attrs["ome"]["omero"]["channels"][0]["window"], "label": g.attrs["ome"]["omero"]["channels"][0]["label"],
      "numbers": g["images/frame_number"][:].tolist(), "stage": g["images/stage_x_um"][:].tolist(), "columns": sorted(columns), "lengths": sorted({l for _, l in columns.values()}),
      "sums": sums == g["images/pixels_crc32"][:].tolist(), "captured": [str(v) for v in g["images/captured_at_ns"][:]],
      "tracks": sorted(k for k, _ in g["tracks"].arrays()), "frame": g["tracks/frame"][:].tolist(), "particle": g["tracks/particle_id"][:].tolist(), "x": g["tracks/x"][:].tolist(),
      "fate": [g["ledger"].attrs["fates"][f] for f in g["ledger/fate"][:]], "ledger": g["ledger/frame_number"][:].tolist(),
      "mote": g.attrs["mote"]})
print(json.dumps(told))`;

const headerNames = [
  ...(["frameNumber", "deviceFrameNumber", "capturedAtNs", "receivedAtNs", "sourceIndex", "channelIndex"] as const),
  ...(["zIndex", "positionIndex", "exposureMs", "temperatureC", "stageXUm", "stageYUm", "stageZUm"] as const),
  ...(["roiX", "roiY", "binningX", "binningY", "bitDepth", "width", "height", "pixelFormat"] as const),
];

function bytesOf({ buffer, byteOffset, byteLength }: PixelArray): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

function room(format: PixelFormat, count: number): PixelArray {
  return borrowPixels(format, new ArrayBuffer(count * bytesPerPixel[format]), 0, count);
}

/** All frames of a run, one after the other. */
function pixelsOf(run: Run): PixelArray {
  const count = run.shape.height * run.shape.width;
  const all = room(run.pixelFormat, count * run.frames);
  for (let index = 0; index < all.length; index++) {
    all[index] = pixelOf(run.pixelFormat, index % count, Math.floor(index / count));
  }
  return all;
}

/** The same one level down, frame by frame. */
function halved(all: PixelArray, shape: FrameShape, frames: number): PixelArray {
  const small = halvedShape(shape);
  const format = all instanceof Float32Array ? "float32" : all instanceof Uint16Array ? "uint16" : "uint8";
  const count = small.height * small.width;
  const out = room(format, count * frames);
  for (let index = 0; index < frames; index++) {
    const wide = shape.height * shape.width;
    halve(out.subarray(index * count, (index + 1) * count), all.subarray(index * wide, (index + 1) * wide), shape);
  }
  return out;
}

/** A folder as zarrita takes one. */
function diskStore(path: string) {
  const bytes = (key: string) => (existsSync(path + key) ? new Uint8Array(readFileSync(path + key)) : undefined);
  return {
    get: async (key: string) => bytes(key),
    async getRange(key: string, range: { offset: number; length: number } | { suffixLength: number }) {
      const all = bytes(key);
      if ("suffixLength" in range) return all?.slice(all.length - range.suffixLength);
      return all?.slice(range.offset, range.offset + range.length);
    },
  };
}

describe.skipIf(!hasZarrJudge)(`zarr-python and ome-zarr-models${needsZarrJudge}`, () => {
  test("read every pixel type, codec, shard, level and column as it was written", { timeout: 90_000 }, async () => {
    const paths: string[] = [];
    for (const run of runs) paths.push(await write(run));
    const told = askZarr<Told[]>(paths, readAll);
    for (const [index, run] of runs.entries()) {
      const { height, width } = run.shape;
      const facts = told[index]!;
      const numbers = Array.from({ length: run.frames }, (_, at) => (at === 0 ? 0 : at + 1));
      expect(facts, run.name).toMatchObject({
        same: true,
        halved: true,
        sums: true,
        dtype: run.pixelFormat,
        shape: [run.frames, height, width],
        dimensions: ["t", "y", "x"],
        chunks: [1, height, width],
        shards: run.framesPerShard === 1 ? null : [run.framesPerShard, height, width],
        axes: [
          ["t", "time", "second"],
          ["y", "space", "micrometer"],
          ["x", "space", "micrometer"],
        ],
        label: "sim",
        numbers,
        stage: numbers.map((_, at) => -1.5 * at),
        lengths: [run.frames],
        captured: numbers.map((number) => String(1_763_720_400_000_000_000n + BigInt(number) * 41_666_667n)),
        tracks: ["ecc", "ep", "frame", "mass", "particle_id", "raw_mass", "signal", "size", "timestamp", "x", "y"],
        frame: numbers.flatMap((number) => new Array(rowsAFrame).fill(number)),
        fate: ["stored", "gap", ...new Array(run.frames - 1).fill("stored")],
        ledger: Array.from({ length: run.frames + 1 }, (_, at) => at),
        mote: {
          is_complete: true,
          descriptor: { pixelSizeUm: 0.35, source: { µ: "é 'a' \"b\"" } },
          processing_metrics: { framesStored: run.frames },
        },
      });
      expect(facts.scales, run.name).toEqual(
        Array.from({ length: run.levels }, (_, level) => {
          const size = 0.35 * 2 ** level;
          const shift = ((2 ** level - 1) / 2) * 0.35;
          const scale = ["scale", [1 / 24, size, size]];
          return level === 0 ? [scale] : [scale, ["translation", [0, shift, shift]]];
        }),
      );
    }
  });

  test("open a store that is still being written, with every frame that was appended", async () => {
    const store = await open(plain);
    const frame = newFrame(plain);
    const look = `${expectedInPython}
g = zarr.open_group(args[0], mode="r")
a = g["0"]
print(json.dumps([a.shape[0], all(bool(np.array_equal(a[k], expected(k, 53, 41, "uint16"))) for k in range(a.shape[0])), g.attrs["mote"]["is_complete"]]))`;
    for (const count of [0, 1, 2]) {
      expect(askZarr([join(folder, plain.name)], look)).toEqual([count, true, false]);
      fill(frame, plain, count);
      await store.append(frame);
    }
    await store.close(null);
    expect(askZarr([join(folder, plain.name)], look)).toEqual([3, true, false]);
  });
});

test.each(runs)("zarrita and acquire read $name back", async (run) => {
  const path = await write(run);
  const { height, width } = run.shape;
  const root = await zarr.open.v3(zarr.root(diskStore(path)), { kind: "group" });
  expect(root.attrs).toMatchObject({ ome: { version: "0.5" }, mote: { is_complete: true } });
  let wide = pixelsOf(run);
  let shape = run.shape;
  for (let level = 0; level < run.levels; level++) {
    const array = await zarr.open.v3(root.resolve(String(level)), { kind: "array" });
    const data = (await zarr.get(array)).data as PixelArray;
    expect([array.dtype, array.shape]).toEqual([run.pixelFormat, [run.frames, shape.height, shape.width]]);
    expect(Buffer.compare(bytesOf(data), bytesOf(wide))).toBe(0);
    wide = halved(wide, shape, run.frames);
    shape = halvedShape(shape);
  }
  const x = await zarr.open.v3(root.resolve("tracks/x"), { kind: "array" });
  expect((await zarr.get(x)).shape).toEqual([run.frames * rowsAFrame]);

  const file = await openImageFile(path);
  expect(file.facts).toMatchObject({
    pixelFormat: run.pixelFormat,
    shape: run.shape,
    bitDepth: { uint8: 8, uint16: 12, float32: 32 }[run.pixelFormat],
    frameCount: run.frames,
    pixelSizeUm: 0.35,
    rateHz: 24,
    metadata: { format: "OME-Zarr 0.5" },
  });
  const pixels = room(run.pixelFormat, height * width);
  const expected = newFrame(run);
  for (let index = 0; index < run.frames; index++) {
    const { recorded } = await file.readFrame(index, pixels, { x: 0, y: 0, ...run.shape });
    fill(expected, run, index);
    expect(Buffer.compare(bytesOf(pixels), bytesOf(expected.pixels))).toBe(0);
    for (const name of headerNames) expect(recorded?.[name], name).toEqual(expected.header[name]);
  }
  file.close();
});

test("the mean of 2x2 pixels rounds halves up, and takes what is there at an odd edge", () => {
  const shape = { height: 3, width: 3 };
  const small = new Uint16Array(4);
  halve(small, Uint16Array.of(0, 1, 10, 0, 1, 13, 65535, 65535, 65535), shape);
  expect([...small]).toEqual([1, 12, 65535, 65535]);
  const real = new Float32Array(4);
  halve(real, Float32Array.of(0, 1, 10, 0, Number.NaN, 13, 1e-3, 3e-3, 1), shape);
  expect([...real]).toEqual([Number.NaN, 11.5, Math.fround((Math.fround(1e-3) + Math.fround(3e-3)) / 2), 1]);
});

test("CRC-32C is that of RFC 3720, appendix B.4", () => {
  expect(crc32c(new Uint8Array(0))).toBe(0);
  expect(crc32c(new Uint8Array(32))).toBe(0x8a9136aa);
  expect(crc32c(new Uint8Array(32).fill(0xff))).toBe(0x62a8ab43);
  expect(crc32c(Uint8Array.from({ length: 32 }, (_, at) => at))).toBe(0x46dd794e);
  expect(crc32c(Buffer.from("123456789"))).toBe(0xe3069283);
});

test("names of stores, with a slash behind them too", async () => {
  expect(extensionOf("/a.b/Run 7.OME.Zarr/")).toBe(".ome.zarr");
  expect(extensionOf("run.zarr")).toBe(".zarr");
  await (await open({ ...plain, name: "slash.ome.zarr/" })).close(end);
  expect(readdirSync(folder)).toEqual(["slash.ome.zarr"]);
});

test("whatever is in the way is refused", async () => {
  await write({ ...plain, frames: 3 });
  await expect(open(plain)).rejects.toThrow("exists already");
  mkdirSync(join(folder, "photos.zarr"));
  writeFileSync(join(folder, "photos.zarr", "cat.jpg"), "");
  await expect(open({ ...plain, name: "photos.zarr" })).rejects.toThrow("exists already");
  writeFileSync(join(folder, "file.zarr"), "");
  await expect(open({ ...plain, name: "file.zarr" })).rejects.toThrow("exists already");
  expect(readdirSync(folder).sort()).toEqual(["file.zarr", "photos.zarr", "run.ome.zarr"]);
});

test("of two runs with one output the second is refused, and the first is not touched", async () => {
  const results = await Promise.allSettled([open(plain), open(plain)]);
  expect(results.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
  expect(readdirSync(folder)).toEqual([plain.name]);
});

test("a run without frames leaves an empty store when it ended in order, and nothing when it failed", async () => {
  await (await open(plain)).close(end);
  expect((await openImageFile(join(folder, plain.name))).facts.frameCount).toBe(0);
  await (await open({ ...plain, name: "failed.zarr" })).close(null);
  expect(existsSync(join(folder, "failed.zarr"))).toBe(false);
});

test("a store that cannot be closed in order does not say that it was", async () => {
  const at = join(folder, "unclosed.ome.zarr");
  const descriptor = fakeDescriptor();
  const geometry = fakeGeometry(descriptor, 4);
  const settings = { zarr: { ...defaultZarr, framesPerShard: 3 } };
  const store = await openZarrStore({ path: at, where: "test", descriptor, geometry, settings });
  const frame = fakeFrame(geometry);
  for (let number = 0; number < 4; number++) {
    fillFrame(frame, descriptor, number, 4);
    await store.append(frame);
  }
  // The last frame waits for a name in a folder that is gone.
  rmSync(join(at, "0", "c"), { recursive: true });
  await expect(store.close(end)).rejects.toThrow("cannot be closed in order");
  const { attributes } = JSON.parse(readFileSync(join(at, "zarr.json"), "utf8")) as {
    attributes: { mote: Record<string, unknown> };
  };
  expect(attributes.mote.is_complete).toBe(false);
  expect(attributes.mote).not.toHaveProperty("processing_metrics");
});

test("more levels than a frame has halves are refused", async () => {
  await expect(open({ ...plain, levels: 8 })).rejects.toThrow(
    "levels 8: frames of 41x53 are down to one pixel at level 7",
  );
  await (await open({ ...plain, levels: 7 })).close(end);
});

test("detections alone are kept where pixels are given up", async () => {
  const store = await open(plain);
  const frame = newFrame(plain);
  fill(frame, plain, 0);
  await store.append(frame);
  fill(frame, plain, 1);
  await store.appendDetections!(frame);
  expect([store.frames, store.rows]).toEqual([1, 2 * rowsAFrame]);
  await store.close({ ...end, isComplete: false, notStored: 1 });
  const root = zarr.root(diskStore(join(folder, plain.name)));
  const frames = await zarr.open.v3(root.resolve("tracks/frame"), { kind: "array" });
  expect((await zarr.get(frames)).data).toEqual(BigInt64Array.from([0, 0, 0, 0, 0, 2, 2, 2, 2, 2], BigInt));
  const fate = await zarr.open.v3(root.resolve("ledger/fate"), { kind: "array" });
  expect((await zarr.get(fate)).data).toEqual(Uint8Array.of(0, 4));
  expect((await zarr.open.v3(root, { kind: "group" })).attrs.mote).toMatchObject({ is_complete: false });
});

test("columns longer than a chunk go on in the next", async () => {
  const run = { ...plain, shape: { height: 1, width: 1 }, codec: "none" as const };
  const store = await open(run);
  const frame = newFrame(run);
  fill(frame, run, 0);
  await store.append(frame);
  for (let at = 1; at <= 10_000; at++) store.event({ event: "gap", firstFrame: at, count: 1, reason: "device gap" });
  fill(frame, run, 10_000);
  await store.append(frame);
  await store.close(end);
  const root = zarr.root(diskStore(join(folder, run.name)));
  const numbers = await zarr.open.v3(root.resolve("ledger/frame_number"), { kind: "array" });
  const { data } = await zarr.get(numbers);
  expect((data as BigInt64Array).every((number, at) => number === BigInt(at))).toBe(true);
  expect(data.length).toBe(10_002);
});
