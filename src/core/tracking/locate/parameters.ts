/** What `locate` can be told, with trackpy's defaults, and everything that can be wrong with it. Knows no pixels. */

import type { Problem } from "../../errors.js";
import type { FrameShape } from "../../model/descriptor.js";
import type { PerAxis } from "../../model/per-axis.js";
import { maximumPixel, type PixelFormat } from "../../model/pixel-format.js";

export type { FrameShape, PerAxis };

/** All lengths in pixels; masses in grey levels of the band-passed image. */
export interface LocateParameters {
  /** Feature size, odd on both axes, at least 3. */
  readonly diameter: PerAxis;
  /** Features must be heavier than this. */
  readonly minMass: number;
  /** Features must not be heavier than this. */
  readonly maxMass?: number;
  /** Features must have a radius of gyration below this. */
  readonly maxSize?: number;
  /** Eccentricity from here ... */
  readonly minEcc?: number;
  /** ... to here, both inclusive. */
  readonly maxEcc?: number;
  /** Of two features nearer than this the lighter is dropped. */
  readonly separation: PerAxis;
  /** Sigma of the low-pass; 0 leaves the axis unfiltered. */
  readonly noiseSize: PerAxis;
  /** Edge of the moving average that is the background, odd. */
  readonly smoothingSize: PerAxis;
  /** Band-passed pixels below this are 0; default `defaultThreshold(format)`. */
  readonly threshold?: number;
  /** Features are darker than the background. */
  readonly invert: boolean;
  /** Peaks must be brighter than this percentile of the non-zero pixels. */
  readonly percentile: number;
  /** Keep only the heaviest. */
  readonly topn?: number;
  /** false: peaks of the pixels as they are, without band-pass. */
  readonly preprocess: boolean;
  readonly maxIterations: number;
}

export type LocateOptions = Partial<LocateParameters> & Pick<LocateParameters, "diameter">;

/** Fills in trackpy's defaults (trackpy 0.6 and 0.7, `locate`). */
export function resolveLocateParameters(options: LocateOptions): LocateParameters {
  const { diameter } = options;
  return {
    minMass: 0,
    separation: { y: diameter.y + 1, x: diameter.x + 1 },
    noiseSize: { y: 1, x: 1 },
    smoothingSize: diameter,
    invert: false,
    percentile: 64,
    preprocess: true,
    maxIterations: 10,
    ...options,
  };
}

/** 1 grey level for integers; for floats, which are taken as 0 to 1, one part in 255. */
export function defaultThreshold(format: PixelFormat): number {
  return format === "float32" ? 1 / 255 : 1;
}

/** The largest value of the scaled image: the type's own, and 255 for floats, as in trackpy. */
export function scaledMaximum(format: PixelFormat): number {
  return format === "float32" ? 255 : maximumPixel[format];
}

/** Radius of the disc, `diameter // 2`. */
export function discRadius(params: LocateParameters): PerAxis {
  return { y: params.diameter.y >> 1, x: params.diameter.x >> 1 };
}

/** Half width of the low-pass, which ends at four standard deviations: `int(4 sigma + 0.5)`. */
export function lowPassReach({ noiseSize }: LocateParameters): PerAxis {
  const half = (sigma: number) => (sigma > 0 ? Math.trunc(4 * sigma + 0.5) : 0);
  return { y: half(noiseSize.y), x: half(noiseSize.x) };
}

/**
 * Edge of the square that fits the ellipse of the separation, `int(2 separation / sqrt 2)`: how far a peak looks before
 * and after itself. An even edge reaches one pixel farther after than before, as scipy's grey dilation does.
 */
export function peakReach(separation: number): { before: number; after: number } {
  const edge = Math.trunc((2 * separation) / Math.sqrt(2));
  return { before: (edge - 1) >> 1, after: edge >> 1 };
}

/** Peaks nearer than this to an edge have incomplete discs or background: max(radius, separation // 2 - 1, smoothing // 2). */
export function edgeMargin(params: LocateParameters): PerAxis {
  const margin = (axis: "y" | "x") =>
    Math.max(
      params.diameter[axis] >> 1,
      Math.floor(params.separation[axis] / 2) - 1,
      Math.floor(params.smoothingSize[axis] / 2),
    );
  return { y: margin("y"), x: margin("x") };
}

const perAxisRules: readonly {
  key: "diameter" | "separation" | "noiseSize" | "smoothingSize";
  where: string;
  what: string;
  hint: string;
  holds: (value: number) => boolean;
}[] = [
  {
    key: "diameter",
    where: "--diameter",
    what: "must be an odd whole number of at least 3",
    hint: "A feature has a centre pixel: round up to the next odd number.",
    holds: (value) => Number.isInteger(value) && value % 2 === 1 && value >= 3 && value <= 301,
  },
  {
    key: "separation",
    where: "--separation",
    what: "must be at least 1 pixel",
    hint: "Leave it out for the default, diameter + 1.",
    holds: (value) => Number.isFinite(value) && value >= 1,
  },
  {
    key: "noiseSize",
    where: "--noise-size",
    what: "must be 0 (no low-pass) or more",
    hint: "It is the sigma of the low-pass in pixels; 1 is the default.",
    holds: (value) => Number.isFinite(value) && value >= 0,
  },
  {
    key: "smoothingSize",
    where: "--smoothing-size",
    what: "must be an odd whole number",
    hint: "It is the edge of the moving average; leave it out for the diameter.",
    holds: (value) => Number.isInteger(value) && value % 2 === 1 && value >= 1,
  },
];

/** Every reason why these parameters cannot locate anything in such a frame; empty when all is well. */
export function checkLocateParameters(params: LocateParameters, shape: FrameShape, format: PixelFormat): Problem[] {
  const problems: Problem[] = [];
  for (const rule of perAxisRules) {
    const value = params[rule.key];
    if (rule.holds(value.y) && rule.holds(value.x)) continue;
    const tooLarge = rule.key === "diameter" && Math.max(value.y, value.x) > 301;
    problems.push({
      where: rule.where,
      what: `${tooLarge ? "must be at most 301" : rule.what}, got ${describePerAxis(value)}`,
      hint: tooLarge ? "Bin the frames first." : rule.hint,
    });
  }
  if (params.preprocess) problems.push(...checkBandPass(params));
  problems.push(...checkFits(params, shape), ...checkFilters(params, format));
  return problems;
}

function checkBandPass({ noiseSize, smoothingSize }: LocateParameters): Problem[] {
  if (noiseSize.y < smoothingSize.y && noiseSize.x < smoothingSize.x) return [];
  return [
    {
      where: "--noise-size",
      what: `must be below the smoothing size ${describePerAxis(smoothingSize)}, got ${describePerAxis(noiseSize)}`,
      hint: "The band-pass keeps what lies between the two: make noise-size smaller or smoothing-size larger.",
    },
  ];
}

function checkFits(params: LocateParameters, shape: FrameShape): Problem[] {
  const { diameter } = params;
  if (shape.height >= diameter.y && shape.width >= diameter.x) return [];
  return [
    {
      where: "--diameter",
      what: `a feature of ${diameter.x} x ${diameter.y} pixels does not fit a frame of ${shape.width} x ${shape.height}`,
      hint: "Choose a smaller diameter, or larger frames or tiles.",
    },
  ];
}

function checkFilters(params: LocateParameters, format: PixelFormat): Problem[] {
  const problems: Problem[] = [];
  const expect = (holds: boolean, where: string, what: string, got: unknown, hint: string) => {
    if (!holds) problems.push({ where, what: `${what}, got ${got}`, hint });
  };
  const { threshold = defaultThreshold(format), percentile, topn, maxIterations } = params;
  expect(Number.isFinite(threshold), "--threshold", "must be a number", threshold, "Leave it out for the default.");
  expect(percentile >= 0 && percentile <= 100, "--percentile", "must be 0 to 100", percentile, "64 is the default.");
  expect(
    topn === undefined || (Number.isInteger(topn) && topn >= 1),
    "--topn",
    "must be a whole number of at least 1",
    topn,
    "Leave it out to keep every feature.",
  );
  expect(
    Number.isInteger(maxIterations) && maxIterations >= 1,
    "--max-iterations",
    "must be a whole number of at least 1",
    maxIterations,
    "10 is the default.",
  );
  const limits = [
    ["--minmass", params.minMass],
    ["--maxmass", params.maxMass],
    ["--maxsize", params.maxSize],
    ["--min-ecc", params.minEcc],
    ["--max-ecc", params.maxEcc],
  ] as const;
  for (const [where, value] of limits) {
    expect(value === undefined || !Number.isNaN(value), where, "must be a number", value, "Leave it out for no limit.");
  }
  return problems;
}

function describePerAxis({ y, x }: PerAxis): string {
  return y === x ? `${y}` : `y ${y}, x ${x}`;
}
