/** Scenes that put the float32 band-pass in doubt: where its bound is too small or a fallback is wrong, these differ. */

import { expect, test } from "vitest";
import { loadKernels } from "../../../src/core/kernels/load-kernels.js";
import { detectionCapacity, detectionColumns } from "../../../src/core/model/detection.js";
import { maximumPixel } from "../../../src/core/model/pixel-format.js";
import { createDisc } from "../../../src/core/tracking/locate/disc.js";
import { gaussianKernel } from "../../../src/core/tracking/locate/gaussian-kernel.js";
import {
  bandPass,
  locateReference,
  percentileOfNonZero,
  scaleToMaximum,
} from "../../../src/core/tracking/locate/locate-reference.js";
import { createLocator, locatorScratchBytes } from "../../../src/core/tracking/locate/locator.js";
import { layOutLocator } from "../../../src/core/tracking/locate/locator-layout.js";
import {
  discRadius,
  type LocateOptions,
  resolveLocateParameters,
  scaledMaximum,
} from "../../../src/core/tracking/locate/parameters.js";
import { planTiles } from "../../../src/core/tracking/locate/tiling.js";
import { seeded } from "../../seed.js";
import { createRig } from "./locate-rig.js";

const both = (value: number) => ({ y: value, x: value });
const shape = { height: 97, width: 139 };
const arrays = { uint8: Uint8Array, uint16: Uint16Array };
type Integers = keyof typeof arrays;
type Pixels = Uint8Array | Uint16Array;

/** Grey levels from 0 to 1 by row, column and a random number, within `dark` and `bright` of the type's maximum. */
function paint(
  format: Integers,
  [dark, bright]: readonly [number, number],
  level: (y: number, x: number, random: () => number) => number,
  { height, width } = shape,
): Pixels {
  const random = seeded(11);
  const most = maximumPixel[format];
  const values = Float64Array.from({ length: height * width }, (_, i) => {
    const value = level(Math.floor(i / width), i % width, random);
    return Math.round(most * (dark + (bright - dark) * Math.min(Math.max(value, 0), 1)));
  });
  return arrays[format].from(values);
}

const spot = (y: number, x: number, every: number, sigma: number) =>
  Math.exp(-(((y % every) - every / 2) ** 2 + ((x % every) - every / 2) ** 2) / (2 * sigma * sigma));

const scenes: Record<string, (y: number, x: number, random: () => number) => number> = {
  noise: (_y, _x, random) => random(),
  "weak noise": (_y, _x, random) => 0.5 + 0.01 * random(),
  "equal spots, all of them the maximum": (y, x) => spot(y, x, 24, 3),
  "spots in noise": (y, x, random) => 0.7 * spot(y, x, 31, 3) + 0.1 * random(),
  "flat tops": (y, x) => 4 * spot(y, x, 28, 5),
  steps: (y, x) => (Math.floor(y / 9) + Math.floor(x / 9)) / 40,
  "steps of one level": (y, x) => 0.5 + (Math.floor(y / 9) + Math.floor(x / 9)) / 255,
  "a slope": (y, x) => (y + x) / 300,
  "hot pixels": (y, x, random) => (y % 29 === 7 && x % 23 === 5 ? 1 : 0.01 * random()),
  "hot pixels on black": (y, x) => (y % 29 === 7 && x % 23 === 5 ? 1 : 0),
  "bright borders": (y, x, random) =>
    y < 3 || x < 3 || y >= shape.height - 3 || x >= shape.width - 3 ? 1 : 0.2 * random(),
  "a chessboard": (y, x) => (y + x) % 2,
  "bright lines": (y, x, random) => (y % 11 === 0 || x % 13 === 0 ? 1 : 0.1 * random()),
};

const ranges = { "from black": [0, 1], "full scale above black": [0.3, 1], faint: [0.5, 0.54] } as const;

const settings: Record<string, LocateOptions> = {
  "diameter 9": { diameter: both(9), percentile: 20 },
  "diameter 21": { diameter: both(21), separation: both(8), percentile: 0 },
  "a background whose division has no 16-bit form": { diameter: both(9), smoothingSize: both(31), percentile: 10 },
  "threshold 0": { diameter: both(9), threshold: 0, percentile: 50 },
  "a threshold between levels": { diameter: both(9), threshold: 2.5, percentile: 0 },
};

/** The scaled image that the locator leaves in its scratch, beside that of the twin. */
function scaledImages(format: Integers, pixels: Pixels, options: LocateOptions, frame = shape) {
  const params = resolveLocateParameters(options);
  const scratchOffset = 65536;
  const scratchBytes = locatorScratchBytes(frame, format, params).own;
  const frameOffset = scratchOffset + scratchBytes;
  const capacity = detectionCapacity(frame, params.separation);
  const outOffset = Math.ceil((frameOffset + pixels.byteLength + 16) / 64) * 64;
  const pages = Math.ceil((outOffset + capacity * detectionColumns.length * 8) / 65536);
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
  const kernels = loadKernels(memory);
  const locator = createLocator({ kernels, memory, scratchOffset, shape: frame, format, params });
  const halves = {
    y: gaussianKernel(params.noiseSize.y).length >> 1,
    x: gaussianKernel(params.noiseSize.x).length >> 1,
  };
  const layout = layOutLocator(
    frame,
    format,
    params,
    createDisc(discRadius(params)),
    halves,
    planTiles(frame, null, 1),
    1,
  );
  new Uint8Array(memory.buffer).set(new Uint8Array(pixels.buffer), frameOffset);
  try {
    locator.locate(frameOffset, pixels.BYTES_PER_ELEMENT * frame.width, outOffset, capacity);
  } catch (error) {
    // The image is there before its peaks are counted, and refused.
    if (!/peaks in one frame|features in one frame/.test(String(error))) throw error;
  }
  const fast = new Uint16Array(frame.height * frame.width);
  for (let y = 0; y < frame.height; y++) {
    const rowOffset = scratchOffset + layout.image + y * layout.imageStride;
    fast.set(new Uint16Array(memory.buffer, rowOffset, frame.width), y * frame.width);
  }
  const slow = scaleToMaximum(bandPass(pixels, frame, format, params), scaledMaximum(format), false).image;
  return { fast, slow, params };
}

const countDifferent = (a: Uint16Array, b: Uint16Array) =>
  a.reduce((sum, value, i) => sum + (value === b[i] ? 0 : 1), 0);

for (const format of ["uint8", "uint16"] as const) {
  for (const [rangeName, range] of Object.entries(ranges)) {
    test(`every pixel of the scaled image is the twin's: ${format}, ${rangeName}`, () => {
      for (const [name, level] of Object.entries(scenes)) {
        const pixels = paint(format, range, level);
        for (const [setting, options] of Object.entries(settings)) {
          const { fast, slow } = scaledImages(format, pixels, options);
          expect(countDifferent(fast, slow), `${name}, ${setting}`).toBe(0);
        }
      }
    });
  }
}

test("frames of every width from 24 on have exact edges", () => {
  for (let width = 21; width < 60; width++) {
    const frame = { height: 400, width };
    const pixels = paint("uint16", [0.01, 0.05], (_y, _x, random) => random(), frame);
    const { fast, slow } = scaledImages("uint16", pixels, { diameter: both(9) }, frame);
    expect(countDifferent(fast, slow), `width ${width}`).toBe(0);
  }
});

test("a frame lower than the low-pass is high is filtered exactly", () => {
  for (const height of [5, 6, 8, 9, 10]) {
    const frame = { height, width: 2000 };
    const pixels = paint("uint16", [0.01, 0.03], (_y, _x, random) => random(), frame);
    const { fast, slow } = scaledImages("uint16", pixels, { diameter: both(5) }, frame);
    expect(countDifferent(fast, slow), `height ${height}`).toBe(0);
  }
});

test("a large noisy frame, whose doubts are many, is exact to the last pixel", () => {
  const frame = { height: 384, width: 520 };
  for (const range of [
    [0.002, 0.04],
    [0, 1],
    [0.4, 1],
  ] as const) {
    const pixels = paint("uint16", range, (y, x, random) => 0.5 * spot(y, x, 41, 4) + 0.5 * random(), frame);
    const { fast, slow } = scaledImages("uint16", pixels, { diameter: both(21), percentile: 14 }, frame);
    expect(countDifferent(fast, slow)).toBe(0);
  }
});

test("frames that are all doubt and frames that are not follow one another", () => {
  const params = resolveLocateParameters({ diameter: both(9), percentile: 10 });
  const rig = createRig("uint8", shape, params);
  const flat = paint("uint8", [0, 1], scenes["steps of one level"]!);
  const plain = paint("uint8", [0, 1], scenes["spots in noise"]!);
  for (const pixels of [plain, flat, ...Array(18).fill(plain), flat] as Uint8Array[]) {
    const fast = rig.locate(pixels);
    const slow = locateReference(pixels, shape, params);
    expect(fast.rowCount).toBe(slow.rowCount);
    expect(fast.values.subarray(0, 2 * fast.rowCount)).toEqual(slow.values.subarray(0, 2 * slow.rowCount));
  }
});

test("the percentile is exact whichever way it is collected", () => {
  for (const percentile of [0, 0.5, 14, 50, 64, 99, 100]) {
    const frame = { height: 300, width: 301 };
    const pixels = paint("uint16", [0.002, 0.03], (_y, _x, random) => random(), frame);
    const params = resolveLocateParameters({ diameter: both(9), percentile });
    const above = percentileOfNonZero(
      scaleToMaximum(bandPass(pixels, frame, "uint16", params), 65535, false).image,
      percentile,
    );
    expect(above).toBeGreaterThan(0);
    const rig = createRig("uint16", frame, params);
    const [fast, slow] = [rig.locate(pixels), locateReference(pixels, frame, params)];
    expect(fast.rowCount, `percentile ${percentile}`).toBe(slow.rowCount);
  }
});
