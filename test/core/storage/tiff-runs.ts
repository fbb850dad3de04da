/** TIFF files for the tests to read: what is in them is known to the bit. */
import { join } from "node:path";
import { expect } from "vitest";
import type { Frame } from "../../../src/core/memory/frame.js";
import type { StreamDescriptor } from "../../../src/core/model/descriptor.js";
import { type PixelFormat, pixelFormats } from "../../../src/core/model/pixel-format.js";
import type { TiffCompression } from "../../../src/core/storage/formats/tiff/tiff-options.js";
import { openTiffStore } from "../../../src/core/storage/formats/tiff/tiff-store.js";
import { end, fakeDescriptor, fakeFrame, fakeGeometry, fillFrame } from "../fake-context.js";
import { expectedPixel } from "./tiff-judge.js";

export interface Run {
  readonly name: string;
  readonly pixelFormat: PixelFormat;
  readonly compression: TiffCompression;
  readonly isPredicted: boolean;
  readonly frames: number;
  readonly frameCount: number | null;
}

/** A file like most. */
export const plain: Run = {
  name: "run.tif",
  pixelFormat: "uint16",
  compression: "none",
  isPredicted: false,
  frames: 3,
  frameCount: null,
};
/** Several strips a page, the last one lower, rows of an odd number of pixels. */
export const shape = { height: 301, width: 257 };

export function describeRun(run: Run): StreamDescriptor {
  const bitDepth = { uint8: 8, uint16: 12, float32: 32 }[run.pixelFormat];
  const { pixelFormat, frameCount } = run;
  return fakeDescriptor({ pixelFormat, bitDepth, shape, frameCount, detections: null, source: { shape: [1], µ: "é" } });
}

export function open(folder: string, run: Run) {
  const descriptor = describeRun(run);
  const path = join(folder, run.name);
  const { compression, isPredicted } = run;
  const tiff = { compression, isPredicted };
  const where = `archive, --out ${run.name}`;
  const geometry = fakeGeometry(descriptor, 0);
  return openTiffStore({ path, where, descriptor, geometry, settings: { tiff } });
}

export function fill(frame: Frame, descriptor: StreamDescriptor, number: number): void {
  fillFrame(frame, descriptor, number, 0);
  for (let at = 0; at < shape.height * shape.width; at++) {
    frame.pixels[at] = expectedPixel(descriptor.pixelFormat, at, number);
  }
}

/** Writes a file; the numbers of its frames have a gap after the first. */
export async function write(folder: string, run: Run): Promise<string> {
  const descriptor = describeRun(run);
  const store = open(folder, run);
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
/** Every pixel type, compression and predictor, as TIFF and as OME-TIFF. */
export const runs: Run[] = pixelFormats.flatMap((pixelFormat) =>
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
