/** What `locate` can be told, with trackpy's defaults, and everything that can be wrong with it. Knows no pixels. */

import type { ParameterFault } from "../../errors.js";
import type { FrameShape } from "../../model/descriptor.js";
import type { PerAxis } from "../../model/per-axis.js";
import { maximumPixel, type PixelFormat } from "../../model/pixel-format.js";
import { rangeFaults } from "../../model/range.js";

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

/** What each parameter may be, for the options that set them too. */
export const locateRanges = {
  diameter: { odd: true, min: 3, max: 301 },
  separation: { min: 1 },
  noiseSize: { min: 0 },
  smoothingSize: { odd: true, min: 1 },
  threshold: { min: 0 },
  percentile: { min: 0, max: 100 },
  topn: { whole: true, min: 1 },
  maxIterations: { whole: true, min: 1, max: 1000 },
} as const;

type LocateFault = ParameterFault<keyof LocateParameters>;

/** Every reason why these parameters cannot locate anything in such a frame; empty when all is well. */
export function checkLocateParameters(params: LocateParameters, shape: FrameShape): LocateFault[] {
  return [
    ...rangeFaults(locateRanges, params),
    ...(params.preprocess ? checkBandPass(params) : []),
    ...checkFits(params, shape),
    ...checkLimits(params),
  ];
}

function checkBandPass({ noiseSize, smoothingSize }: LocateParameters): LocateFault[] {
  if (noiseSize.y < smoothingSize.y && noiseSize.x < smoothingSize.x) return [];
  return [
    {
      field: "noiseSize",
      what: `must be below the smoothing size ${describePerAxis(smoothingSize)}, got ${describePerAxis(noiseSize)}`,
      hint: "The band-pass keeps what lies between the two: make the noise size smaller or the smoothing size larger.",
    },
  ];
}

function checkFits({ diameter }: LocateParameters, shape: FrameShape): LocateFault[] {
  if (shape.height >= diameter.y && shape.width >= diameter.x) return [];
  return [
    {
      field: "diameter",
      what: `a feature of ${diameter.x} x ${diameter.y} pixels does not fit a frame of ${shape.width} x ${shape.height}`,
      hint: "Choose a smaller diameter, or larger frames or tiles.",
    },
  ];
}

/** Limits may be infinite, which is no limit, but not NaN, which nothing passes. */
function checkLimits(params: LocateParameters): LocateFault[] {
  const limits = ["minMass", "maxMass", "maxSize", "minEcc", "maxEcc"] as const;
  return limits
    .filter((field) => Number.isNaN(params[field]))
    .map((field) => ({ field, what: "expected a number, got NaN", hint: "Leave it out for no limit." }));
}

function describePerAxis({ y, x }: PerAxis): string {
  return y === x ? `${y}` : `y ${y}, x ${x}`;
}
