/** Zarr stores for the tests to read: what is in them is known to the bit. */
import { join } from "node:path";
import { expect } from "vitest";
import type { Frame } from "../../../src/core/memory/frame.js";
import type { FrameShape, StreamDescriptor } from "../../../src/core/model/descriptor.js";
import { type PixelFormat, pixelFormats } from "../../../src/core/model/pixel-format.js";
import { type ZarrCodec, zarrCodecNames } from "../../../src/core/storage/formats/zarr/zarr-options.js";
import { openZarrStore } from "../../../src/core/storage/formats/zarr/zarr-store.js";
import type { FrameStore } from "../../../src/core/storage/frame-store.js";
import { end, fakeDescriptor, fakeFrame, fakeGeometry, fillFrame } from "../fake-context.js";
import { pixelOf } from "./zarr-judge.js";

export interface Run {
  readonly name: string;
  readonly pixelFormat: PixelFormat;
  readonly shape: FrameShape;
  readonly codec: ZarrCodec;
  readonly framesPerShard: number;
  readonly levels: number;
  readonly frames: number;
}

export const rowsAFrame = 5;
/** A store like most. */
export const plain: Run = {
  name: "run.ome.zarr",
  pixelFormat: "uint16",
  shape: { height: 53, width: 41 },
  codec: "blosc-lz4",
  framesPerShard: 1,
  levels: 1,
  frames: 3,
};

export function describeRun(run: Run): StreamDescriptor {
  const bitDepth = { uint8: 8, uint16: 12, float32: 32 }[run.pixelFormat];
  const { pixelFormat, shape } = run;
  return fakeDescriptor({ pixelFormat, bitDepth, shape, source: { camera: "sim", µ: "é 'a' \"b\"" } });
}

export function open(folder: string, run: Run): Promise<FrameStore> {
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
export function fill(frame: Frame, run: Run, index: number): void {
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

export function newFrame(run: Run): Frame {
  return fakeFrame(fakeGeometry(describeRun(run), rowsAFrame));
}

/** Writes a store that ends in order; returns where it is. */
export async function write(folder: string, run: Run): Promise<string> {
  const store = await open(folder, run);
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

/** Every pixel type with every codec, shard and number of levels that makes a difference. */
export const runs: Run[] = [
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
