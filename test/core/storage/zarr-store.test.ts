import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import * as zarr from "zarrita";
import { crc32c } from "../../../src/core/codecs/crc32c.js";
import type { FrameShape } from "../../../src/core/model/descriptor.js";
import {
  borrowPixels,
  bytesPerPixel,
  type PixelArray,
  type PixelFormat,
} from "../../../src/core/model/pixel-format.js";
import { extensionOf } from "../../../src/core/storage/extension.js";
import { halve, halvedShape } from "../../../src/core/storage/formats/zarr/halve.js";
import { defaultZarr } from "../../../src/core/storage/formats/zarr/zarr-options.js";
import { openZarrStore } from "../../../src/core/storage/formats/zarr/zarr-store.js";
import { openImageFile } from "../../../src/core/storage/read/image-formats.js";
import { end, fakeDescriptor, fakeFrame, fakeGeometry, fillFrame } from "../fake-context.js";
import { pixelOf, quickDisk } from "./zarr-judge.js";
import { fill, newFrame, open, plain, type Run, rowsAFrame, runs, write } from "./zarr-runs.js";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(quickDisk, "mote zarr é-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

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

test.each(runs)("zarrita and acquire read $name back", async (run) => {
  const path = await write(folder, run);
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
  await (await open(folder, { ...plain, name: "slash.ome.zarr/" })).close(end);
  expect(readdirSync(folder)).toEqual(["slash.ome.zarr"]);
});

test("whatever is in the way is refused", async () => {
  await write(folder, { ...plain, frames: 3 });
  await expect(open(folder, plain)).rejects.toThrow("exists already");
  mkdirSync(join(folder, "photos.zarr"));
  writeFileSync(join(folder, "photos.zarr", "cat.jpg"), "");
  await expect(open(folder, { ...plain, name: "photos.zarr" })).rejects.toThrow("exists already");
  writeFileSync(join(folder, "file.zarr"), "");
  await expect(open(folder, { ...plain, name: "file.zarr" })).rejects.toThrow("exists already");
  expect(readdirSync(folder).sort()).toEqual(["file.zarr", "photos.zarr", "run.ome.zarr"]);
});

test("of two runs with one output the second is refused, and the first is not touched", async () => {
  const results = await Promise.allSettled([open(folder, plain), open(folder, plain)]);
  expect(results.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
  expect(readdirSync(folder)).toEqual([plain.name]);
});

test("a run without frames leaves an empty store when it ended in order, and nothing when it failed", async () => {
  await (await open(folder, plain)).close(end);
  expect((await openImageFile(join(folder, plain.name))).facts.frameCount).toBe(0);
  await (await open(folder, { ...plain, name: "failed.zarr" })).close(null);
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
  await expect(open(folder, { ...plain, levels: 8 })).rejects.toThrow(
    "levels 8: frames of 41x53 are down to one pixel at level 7",
  );
  await (await open(folder, { ...plain, levels: 7 })).close(end);
});

test("detections alone are kept where pixels are given up", async () => {
  const store = await open(folder, plain);
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
  const store = await open(folder, run);
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
