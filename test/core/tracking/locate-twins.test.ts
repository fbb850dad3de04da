import { expect, test } from "vitest";
import { column, detectionColumns } from "../../../src/core/model/detection.js";
import { maximumPixel, type PixelArray, type PixelFormat } from "../../../src/core/model/pixel-format.js";
import { type DetectionTable, locateReference } from "../../../src/core/tracking/locate/locate-reference.js";
import { type LocateOptions, resolveLocateParameters } from "../../../src/core/tracking/locate/parameters.js";
import { seeded } from "../../seed.js";
import { createRig } from "./locate-rig.js";

const arrays = { uint8: Uint8Array, uint16: Uint16Array, float32: Float32Array };

interface Scene {
  readonly height: number;
  readonly width: number;
  readonly sigma: number;
  /** Fraction of the type's maximum; above 1 spots saturate into plateaus. */
  readonly amplitude: number;
  readonly noise: number;
}

function paint(format: PixelFormat, { height, width, sigma, amplitude, noise }: Scene, seed: number): PixelArray {
  const random = seeded(seed);
  const maximum = maximumPixel[format];
  const values = new Float64Array(height * width);
  for (let i = 0; i < values.length; i++) values[i] = 0.1 + noise * (random() + random() - 1);
  const spots = Math.max(1, Math.round((height * width) / (60 * sigma * sigma)));
  for (let spot = 0; spot < spots; spot++) {
    const [y, x] = [random() * height, random() * width];
    const bright = amplitude * (0.3 + 0.7 * random());
    for (let i = 0; i < values.length; i++) {
      const squared = (Math.floor(i / width) - y) ** 2 + ((i % width) - x) ** 2;
      if (squared < 25 * sigma * sigma) values[i]! += bright * Math.exp(-squared / (2 * sigma * sigma));
    }
  }
  const scaled = values.map((value) => Math.min(Math.max(value, 0), 1) * maximum);
  return arrays[format].from(scaled);
}

/** Every column but ecc and a float frame's ep to the last bit; those, whose sums run in another order, to 1e-9. */
function expectSame(format: PixelFormat, fast: DetectionTable, slow: DetectionTable): void {
  expect(fast.rowCount).toBe(slow.rowCount);
  const loose = format === "float32" ? [column.ecc, column.ep] : [column.ecc];
  detectionColumns.forEach((name, index) => {
    const of = (table: DetectionTable) =>
      Array.from(table.values.subarray(index * table.rowCount, (index + 1) * table.rowCount));
    if (!loose.includes(index)) expect(of(fast), name).toEqual(of(slow));
    else {
      of(fast).forEach((value, row) => {
        const expected = of(slow)[row]!;
        if (Number.isNaN(expected)) expect(value).toBeNaN();
        else expect(Math.abs(value - expected), name).toBeLessThanOrEqual(1e-9 * Math.max(1, Math.abs(expected)));
      });
    }
  });
}

const both = (value: number) => ({ y: value, x: value });
const plain: Scene = { height: 61, width: 83, sigma: 2, amplitude: 0.6, noise: 0.02 };

const scenes: Record<string, { scene: Scene; options: LocateOptions; strideBytes?: number }> = {
  "odd sizes": { scene: plain, options: { diameter: both(9) } },
  "a width of 8": { scene: { ...plain, width: 8, height: 40 }, options: { diameter: both(5), percentile: 20 } },
  "a width of 16 and a prime": { scene: { ...plain, width: 16, height: 31 }, options: { diameter: both(5) } },
  "a width beyond 64 bits": { scene: { ...plain, width: 129, height: 40 }, options: { diameter: both(7) } },
  "a frame as large as the feature": {
    scene: { ...plain, width: 11, height: 11, sigma: 3 },
    options: { diameter: both(11) },
  },
  "rows farther apart than they are long": { scene: plain, options: { diameter: both(9) }, strideBytes: 360 },
  "saturated plateaus": { scene: { ...plain, amplitude: 4, noise: 0 }, options: { diameter: both(9), percentile: 10 } },
  "nothing but noise": { scene: { ...plain, amplitude: 0 }, options: { diameter: both(7), percentile: 0 } },
  "percentile 100": { scene: plain, options: { diameter: both(7), percentile: 100 } },
  "percentile 0": { scene: plain, options: { diameter: both(7), percentile: 0 } },
  "dark features": { scene: plain, options: { diameter: both(9), invert: true } },
  "no preprocessing": { scene: plain, options: { diameter: both(9), preprocess: false } },
  "no preprocessing, inverted": { scene: plain, options: { diameter: both(9), preprocess: false, invert: true } },
  "small separation": { scene: plain, options: { diameter: both(7), separation: both(3) } },
  "the smallest separation": { scene: plain, options: { diameter: both(3), separation: both(1) } },
  "even windows": { scene: plain, options: { diameter: both(7), separation: both(8.6) } },
  "no low-pass": { scene: plain, options: { diameter: both(7), noiseSize: both(0) } },
  "wide low-pass and background": {
    scene: plain,
    options: { diameter: both(9), noiseSize: both(2.3), smoothingSize: both(21) },
  },
  anisotropic: {
    scene: plain,
    options: {
      diameter: { y: 7, x: 11 },
      separation: { y: 6, x: 13 },
      noiseSize: { y: 0.7, x: 1.4 },
      smoothingSize: { y: 9, x: 15 },
    },
  },
  "one iteration": { scene: plain, options: { diameter: both(9), maxIterations: 1 } },
  topn: { scene: { ...plain, height: 120 }, options: { diameter: both(7), topn: 4 } },
  "topn 1": { scene: { ...plain, height: 120 }, options: { diameter: both(7), topn: 1 } },
  limits: {
    scene: { ...plain, height: 120 },
    options: { diameter: both(7), minMass: 1, maxMass: 20000, minEcc: 0.05, maxEcc: 0.4, maxSize: 3 },
  },
  "a high threshold": { scene: plain, options: { diameter: both(9), threshold: 0.2 } },
  "diameter 61 at full scale": {
    scene: { height: 180, width: 203, sigma: 14, amplitude: 5, noise: 0.2 },
    options: { diameter: both(61), percentile: 5 },
  },
  "diameter 83 at full scale": {
    scene: { height: 200, width: 190, sigma: 20, amplitude: 5, noise: 0.1 },
    options: { diameter: both(83), separation: both(20), percentile: 0 },
  },
  "a diameter beyond 32-bit squares": {
    scene: { height: 180, width: 181, sigma: 30, amplitude: 5, noise: 0.1 },
    options: { diameter: both(151), separation: both(20), percentile: 0 },
  },
};

for (const format of ["uint8", "uint16", "float32"] as const) {
  for (const [name, { scene, options, strideBytes }] of Object.entries(scenes)) {
    test(`fast and plain agree on ${format}: ${name}`, () => {
      const params = resolveLocateParameters(options);
      const rig = createRig(format, scene, params, strideBytes === undefined ? {} : { strideBytes });
      for (const seed of [1, 2]) {
        const pixels = paint(format, scene, seed);
        expectSame(format, rig.locate(pixels), locateReference(pixels, scene, params));
      }
    });
  }

  test(`a ${format} frame that ends where the memory ends is read to its end and no farther`, () => {
    const params = resolveLocateParameters({ diameter: both(9) });
    const pixels = paint(format, plain, 3);
    const rig = createRig(format, plain, params, { frameLast: true });
    expectSame(format, rig.locate(pixels), locateReference(pixels, plain, params));
  });

  test(`black, constant and single-pixel ${format} frames hold what the plain twin finds in them`, () => {
    const params = resolveLocateParameters({ diameter: both(9) });
    const rig = createRig(format, plain, params);
    const black = new arrays[format](plain.height * plain.width);
    const constant = black.slice().fill(maximumPixel[format] / 2);
    const single = black.slice();
    single[30 * plain.width + 41] = maximumPixel[format];
    for (const pixels of [black, constant, single]) {
      expectSame(format, rig.locate(pixels), locateReference(pixels, plain, params));
    }
    expect(rig.locate(black).rowCount).toBe(0);
    expect(rig.locate(constant).rowCount).toBe(0);
    expect(rig.locate(single).rowCount).toBe(1);
  });
}

test("of features of the same mass topn keeps the later, and of one only the first", () => {
  const shape = { height: 64, width: 96 };
  const pixels = new Uint16Array(shape.height * shape.width);
  const places = [20, 44].flatMap((y) => [20, 46, 72].map((x) => [y, x] as const));
  for (const [y, x] of places) {
    for (let j = -4; j <= 4; j++)
      for (let i = -4; i <= 4; i++)
        pixels[(y + j) * shape.width + x + i] = Math.round(40_000 * Math.exp(-(j * j + i * i) / 6));
  }
  for (const [topn, kept] of [
    [2, places.slice(4)],
    [4, places.slice(2)],
    [1, places.slice(0, 1)],
  ] as const) {
    const params = resolveLocateParameters({ diameter: both(9), topn });
    const { rowCount, values } = createRig("uint16", shape, params).locate(pixels);
    const at = (name: number) => values.subarray(name * rowCount, (name + 1) * rowCount);
    expect(new Set(at(column.mass)).size).toBe(1);
    expect(Array.from(at(column.y), (y, row) => [y, at(column.x)[row]!])).toEqual(kept);
  }
});

test("float pixels that are not finite count as black", () => {
  const params = resolveLocateParameters({ diameter: both(9) });
  const pixels = paint("float32", plain, 4);
  const blackened = pixels.slice();
  [Number.NaN, Infinity, -Infinity].forEach((value, index) => {
    pixels[2000 + 37 * index] = value;
    blackened[2000 + 37 * index] = 0;
  });
  const found = createRig("float32", plain, params).locate(pixels);
  expect(found.rowCount).toBeGreaterThan(0);
  expectSame("float32", found, locateReference(pixels, plain, params));
  expectSame("float32", found, locateReference(blackened, plain, params));
});

test("a large frame takes its percentile from a sample that encloses it", () => {
  const scene = { ...plain, height: 400, width: 401, amplitude: 0.01 };
  const pixels = paint("uint16", { ...scene, amplitude: 0 }, 5);
  for (const percentile of [0, 14, 64, 99.9, 100]) {
    const params = resolveLocateParameters({ diameter: both(7), percentile, threshold: 0 });
    expectSame("uint16", createRig("uint16", scene, params).locate(pixels), locateReference(pixels, scene, params));
  }
});
