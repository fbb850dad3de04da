/** Frames worked on tile by tile, by one worker or by teams of threads, give the bytes of the whole frame. Needs the build. */
import { describe, expect, test } from "vitest";
import { maximumPixel, type PixelArray, type PixelFormat } from "../../../src/core/model/pixel-format.js";
import type { FindParameters, SearchRegion } from "../../../src/core/tracking/find/particle-finder.js";
import {
  type FrameShape,
  type LocateOptions,
  resolveLocateParameters,
} from "../../../src/core/tracking/locate/parameters.js";
import { checkTiles, leastOverlap, planTiles } from "../../../src/core/tracking/locate/tiling.js";
import type { RefineMethod } from "../../../src/core/tracking/refine/parameters.js";
import { seeded } from "../../seed.js";
import { findParticles, type Scene } from "./tile-rig.js";

const both = (value: number) => ({ y: value, x: value });
const arrays = { uint8: Uint8Array, uint16: Uint16Array, float32: Float32Array };
const shape = { height: 203, width: 331 };

interface Picture {
  readonly sigma: number;
  /** Share of the format's maximum; above 1 the spots are flat. */
  readonly bright: number;
  readonly noise: number;
  /** Pixels between spots that lie on a grid; without it they lie anywhere. */
  readonly grid?: number;
}

function paint(format: PixelFormat, { sigma, bright, noise, grid }: Picture, seed: number, frame = shape): PixelArray {
  const random = seeded(seed);
  const { height, width } = frame;
  const values = Float64Array.from({ length: height * width }, () => 0.1 + noise * (random() - 0.5));
  const spots: (readonly [number, number])[] = [];
  if (grid) for (let y = 0; y < height; y += grid) for (let x = 0; x < width; x += grid) spots.push([y, x]);
  else for (let i = 0; i < (height * width) / 700; i++) spots.push([random() * height, random() * width]);
  for (const [y, x] of spots) {
    const level = grid ? bright : bright * (0.3 + 0.7 * random());
    for (let j = Math.max(0, Math.ceil(y - 5 * sigma)); j <= Math.min(height - 1, y + 5 * sigma); j++) {
      for (let i = Math.max(0, Math.ceil(x - 5 * sigma)); i <= Math.min(width - 1, x + 5 * sigma); i++) {
        values[j * width + i]! += level * Math.exp(-((j - y) ** 2 + (i - x) ** 2) / (2 * sigma * sigma));
      }
    }
  }
  return arrays[format].from(values.map((value) => Math.min(Math.max(value, 0), 1) * maximumPixel[format]));
}

const spots: Picture = { sigma: 2, bright: 0.6, noise: 0.02 };

interface Options extends Partial<Omit<FindParameters, "locate" | "tile" | "refine">> {
  readonly locate: LocateOptions;
  readonly method?: RefineMethod;
  readonly isMasked?: boolean;
}

const cases: Record<string, { picture: Picture; options: Options }> = {
  plain: { picture: spots, options: { locate: { diameter: both(9), percentile: 30 } } },
  "spots on the corners of tiles": {
    picture: { ...spots, noise: 0, grid: 16 },
    options: { locate: { diameter: both(7), percentile: 0 } },
  },
  "flat tops across the edges of tiles": {
    picture: { sigma: 6, bright: 5, noise: 0, grid: 32 },
    options: { locate: { diameter: both(9), separation: both(6), percentile: 0 }, hasFlags: true },
  },
  anisotropic: {
    picture: spots,
    options: {
      locate: {
        diameter: { y: 7, x: 11 },
        separation: { y: 6, x: 13 },
        noiseSize: { y: 0.7, x: 1.4 },
        smoothingSize: { y: 9, x: 15 },
      },
    },
  },
  "many peaks": { picture: spots, options: { locate: { diameter: both(3), separation: both(2), percentile: 60 } } },
  "windows wider than a tile": {
    picture: { ...spots, sigma: 12 },
    options: { locate: { diameter: both(61), separation: both(50), percentile: 5 } },
  },
  "nothing but noise": { picture: { ...spots, bright: 0 }, options: { locate: { diameter: both(9), percentile: 0 } } },
  "a constant frame": { picture: { ...spots, bright: 0, noise: 0 }, options: { locate: { diameter: both(9) } } },
  "dark spots": { picture: spots, options: { locate: { diameter: both(9), invert: true } } },
  "no preprocessing": { picture: spots, options: { locate: { diameter: both(9), preprocess: false } } },
  topn: { picture: spots, options: { locate: { diameter: both(9), topn: 20 } } },
  limits: {
    picture: spots,
    options: { locate: { diameter: both(9), minMass: 1, minEcc: 0.02, maxEcc: 0.4, maxSize: 3.2, percentile: 10 } },
  },
  "a wide low-pass": { picture: spots, options: { locate: { diameter: both(9), noiseSize: both(2.3) } } },
  "a background whose division has no 16-bit form": {
    picture: { ...spots, bright: 1 },
    options: { locate: { diameter: both(9), smoothingSize: both(31), percentile: 10 } },
  },
  "flags, a mask and a region": {
    picture: { ...spots, bright: 2 },
    options: {
      locate: { diameter: both(9), percentile: 10, topn: 30 },
      hasFlags: true,
      isMasked: true,
      region: { x: 13, y: 22, width: 300, height: 170 },
    },
  },
  "radial symmetry": {
    picture: spots,
    options: { locate: { diameter: both(9) }, method: "radial-symmetry", hasFlags: true },
  },
  "a Gaussian in a region": {
    picture: spots,
    options: { locate: { diameter: both(9) }, method: "gaussian", region: { x: 70, y: 9, width: 200, height: 180 } },
  },
};

const sizes = [
  { height: 16, width: 64, workers: 3 },
  { height: 70, width: 100, workers: 2 },
  { height: 48, width: 4096, workers: 3 },
];

function sceneOf(format: PixelFormat, options: Options, tile: FindParameters["tile"]): Scene {
  const locate = resolveLocateParameters(options.locate);
  const saturation = maximumPixel[format];
  const random = seeded(5);
  return {
    shape,
    format,
    params: {
      locate,
      region: (options.region ?? null) as SearchRegion | null,
      refine: {
        method: options.method ?? "centroid",
        params: { window: locate.diameter, invert: locate.invert, saturation },
      },
      hasFlags: options.hasFlags ?? false,
      saturation,
      tile,
    },
    ...(options.isMasked
      ? { mask: Uint8Array.from({ length: shape.height * shape.width }, () => (random() < 0.2 ? 0 : 255)) }
      : {}),
  };
}

for (const format of ["uint8", "uint16", "float32"] as const) {
  describe(`the tables of ${format} frames are those of whole frames, byte for byte`, () => {
    for (const [name, { picture, options }] of Object.entries(cases)) {
      test(name, () => {
        const frames = [1, 2].map((seed) => paint(format, picture, seed));
        const whole = findParticles(sceneOf(format, options, null), frames, 1);
        for (const { workers, ...size } of sizes) {
          const tile = { ...size, overlap: leastOverlap(resolveLocateParameters(options.locate)) };
          const tiled = findParticles(sceneOf(format, options, tile), frames, workers);
          expect(tiled.map(bytesOf), `${size.width}x${size.height}, ${workers} workers`).toEqual(whole.map(bytesOf));
        }
        if (picture.bright > 0) expect(whole[0]!.length).toBeGreaterThan(9 * 3);
      });
    }
  });
}

const bytesOf = (table: Float64Array) => Buffer.from(table.buffer, table.byteOffset, table.byteLength).toString("hex");

test("a frame that is all doubt, and ordinary ones after it, are the same in tiles", () => {
  const steps = Uint8Array.from(
    { length: shape.height * shape.width },
    (_, i) => 128 + Math.floor(i / shape.width / 9) + Math.floor((i % shape.width) / 9),
  );
  const plain = paint("uint8", spots, 3);
  const frames = [plain, steps, ...Array<PixelArray>(17).fill(plain), steps];
  const options = { locate: { diameter: both(9), percentile: 10 } };
  const whole = findParticles(sceneOf("uint8", options, null), frames, 1);
  const tiled = findParticles(sceneOf("uint8", options, { height: 32, width: 64, overlap: 99 }), frames, 3);
  expect(tiled.map(bytesOf)).toEqual(whole.map(bytesOf));
});

test("a team whose frame has too many peaks fails as one worker does, and does not keep its members", () => {
  const options = { locate: { diameter: both(3), separation: both(1), percentile: 0 } };
  const frames = [paint("uint16", spots, 1)];
  const tile = { height: 16, width: 64, overlap: 99 };
  expect(() => findParticles(sceneOf("uint16", options, null), frames, 1)).toThrow(/peaks in one frame/);
  // Which member counts them is open; the others leave.
  expect(() => findParticles(sceneOf("uint16", options, tile), frames, 3)).toThrow();
  const fewer = { locate: { diameter: both(9) } };
  const whole = findParticles(sceneOf("uint16", fewer, null), frames, 1);
  expect(findParticles(sceneOf("uint16", fewer, tile), frames, 3).map(bytesOf)).toEqual(whole.map(bytesOf));
});

test("tiles of any size cover every pixel of a frame once, each worker's share in one piece", () => {
  const random = seeded(9);
  for (let round = 0; round < 200; round++) {
    const frame: FrameShape = { height: 1 + Math.floor(random() * 300), width: 1 + Math.floor(random() * 500) };
    const size = { height: 1 + Math.floor(random() * 200), width: 1 + Math.floor(random() * 400), overlap: 0 };
    const workers = 1 + Math.floor(random() * 5);
    const { runs, homes, across } = planTiles(frame, size, workers);
    const covered = new Uint8Array(frame.height * frame.width);
    for (const { left, right, top, bottom, column } of runs) {
      expect([left % 64, top % 4, column < across]).toEqual([0, 0, true]);
      for (let y = top; y < bottom; y++) for (let x = left; x < right; x++) covered[y * frame.width + x]!++;
    }
    expect(covered.every((times) => times === 1)).toBe(true);
    expect([homes[0], homes.at(-1), homes.length]).toEqual([0, runs.length, workers + 1]);
  }
});

test("an overlap below the reach of the filters and the refinement is refused, with the least that will do", () => {
  const tweezer = resolveLocateParameters({ diameter: both(21), separation: both(18) });
  expect(leastOverlap(tweezer)).toBe(29);
  expect(checkTiles({ height: 256, width: 256, overlap: 29 }, 29)).toEqual([]);
  expect(checkTiles({ height: 256, width: 256, overlap: 28 }, 29)).toMatchObject([
    {
      field: "overlap",
      what: expect.stringMatching(/at least 29, .* got 28/),
      hint: expect.stringMatching(/29/),
    },
  ]);
});

test("nothing beyond the least overlap decides what is found in a tile", () => {
  // The frame beyond the overlap of the tile in the middle is replaced; its features keep every digit but the scale's, so
  // the brightest spot, which sets the scale, and the darkest pixel lie in the tile.
  const options: LocateOptions = {
    diameter: both(9),
    separation: both(14),
    minMass: 0,
    percentile: 0,
    threshold: 1000,
  };
  const params = resolveLocateParameters(options);
  const reach = leastOverlap(params);
  const tile = { left: 128, right: 192, top: 64, bottom: 128 };
  const frame = paint("uint16", { ...spots, noise: 0.05 }, 4) as Uint16Array;
  frame[100 * shape.width + 150] = 65535;
  frame[101 * shape.width + 170] = 0;
  const other = paint("uint16", { ...spots, noise: 0.05, bright: 0.5 }, 8) as Uint16Array;
  const isNear = (y: number, x: number) =>
    y >= tile.top - reach && y < tile.bottom + reach && x >= tile.left - reach && x < tile.right + reach;
  const changed = other.map((pixel, i) =>
    isNear(Math.floor(i / shape.width), i % shape.width) ? frame[i]! : Math.min(Math.max(pixel, 1), 60000),
  );
  const inTile = (values: Float64Array) => {
    const rows = values.length / 9;
    return Array.from({ length: rows }, (_, row) => [0, 1, 2, 3, 4, 5, 6].map((c) => values[c * rows + row]!)).filter(
      ([x, y]) => x! >= tile.left + 3 && x! < tile.right - 3 && y! >= tile.top + 3 && y! < tile.bottom - 3,
    );
  };
  const [before, after] = findParticles(sceneOf("uint16", { locate: options }, null), [frame, changed], 1);
  expect(inTile(before!).length).toBeGreaterThan(2);
  expect(inTile(after!)).toEqual(inTile(before!));
});
