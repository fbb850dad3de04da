/**
 * From a frame to the scaled image on which features are found: background, low-pass, scaling. Integer frames take the
 * float32 kernels, exact where in doubt; frames that are all doubt, as flat ones are, take the double-precision ones.
 */

import type { Kernels } from "../../kernels/load-kernels.js";
import { maximumPixel, type PixelFormat } from "../../model/pixel-format.js";
import { planDivision } from "./division.js";
import type { LocatorLayout } from "./locator-layout.js";
import { defaultThreshold, type FrameShape, type LocateParameters, scaledMaximum } from "./parameters.js";

export interface FilterSetup {
  readonly kernels: Kernels;
  readonly memory: WebAssembly.Memory;
  readonly scratchOffset: number;
  readonly layout: LocatorLayout;
  readonly shape: FrameShape;
  readonly format: PixelFormat;
  readonly params: LocateParameters;
  /** Half widths of the low-pass. */
  readonly halves: { readonly y: number; readonly x: number };
}

/** The frame as the kernels read it: uint16, or float32 for float frames, with its darkest and brightest pixel. */
export interface RawFrame {
  readonly at: number;
  readonly stride: number;
  readonly darkest: number;
  readonly brightest: number;
}

export interface FilteredFrame {
  /** Grey levels of the scaled image for one of the band-passed. */
  readonly scale: number;
  /** Pixels that are not zero. */
  readonly lit: number;
  /** Whether the pixels around the percentile are collected already. */
  readonly isCollected: boolean;
}

/** Where one vector of eight pixels in so many is in doubt, the double-precision kernels are the faster. */
const vectorsPerDoubt = 16;

/** After a frame that was all doubt so many go to the double-precision kernels at once. */
const framesAfterDoubt = 15;

/** Smaller frames consist of borders, which the float32 path filters exactly at ten times the cost, to a good part. */
const singlePixels = 96 * 96;

/** The float32 band-pass is made for sigma 1, whose low-pass reaches 4 pixels, and wants room for its vectors. */
const singleHalf = 4;
const singleWidth = 24;

export function createFilter(setup: FilterSetup): (raw: RawFrame) => FilteredFrame {
  const { kernels, memory, scratchOffset: base, layout, shape, format, params, halves } = setup;
  const { height, width } = shape;
  const { imageStride } = layout;
  const { smoothingSize } = params;
  const image = base + layout.image;
  const background = base + layout.background;
  const threshold = Math.max(0, params.threshold ?? defaultThreshold(format));
  const maximum = scaledMaximum(format);
  const isSingle =
    params.preprocess &&
    format !== "float32" &&
    halves.y === singleHalf &&
    halves.x === singleHalf &&
    width >= singleWidth &&
    width * height >= singlePixels;
  const patience = Math.ceil((height * width) / 8 / vectorsPerDoubt);
  const divisions = [planDivision(smoothingSize.y), planDivision(smoothingSize.x)] as const;
  const dividers = divisions.flatMap(({ multiplier, shift, bias, offset }) => [multiplier, shift, bias, offset]);
  new Int32Array(memory.buffer, base + layout.dividers, 8).set(dividers);
  const sampled = new Int32Array(memory.buffer, base + layout.sampled, 1);
  let framesToGo = 0;

  function averageIntegers(raw: RawFrame): void {
    // biome-ignore format: one line for each group of arguments
    kernels.movingAverage_u16(
      background, imageStride, raw.at, raw.stride, width, height, smoothingSize.y, smoothingSize.x,
      base + layout.columns, base + layout.prefix, raw.brightest,
    );
  }

  /** Undefined where the frame is all doubt. */
  function filterSingle(raw: RawFrame): FilteredFrame | undefined {
    const { darkest, brightest } = raw;
    const contrast = brightest - darkest;
    const isNarrow =
      contrast * smoothingSize.y <= divisions[0].maximum && contrast * smoothingSize.x <= divisions[1].maximum;
    if (!isNarrow) averageIntegers(raw);
    const [difference, quad, list] = [base + layout.bandPassed, base + layout.quad, base + layout.list];
    // biome-ignore format: one line for each group of arguments
    const largest = kernels.bandPassSingle_u16(
      difference, layout.differenceStride, raw.at, raw.stride, isNarrow ? 0 : background, imageStride, width, height,
      darkest, brightest, smoothingSize.y, smoothingSize.x, base + layout.dividers,
      base + layout.weightsY, base + layout.weightsX, threshold,
      patience, base + layout.segments, base + layout.rowMost, list, layout.sampleEvery, base + layout.sampled,
      base + layout.columns, base + layout.prefix, base + layout.level, base + layout.smooth, base + layout.segmentLimits, quad,
    );
    if (largest < 0) return undefined;
    const scale = largest === 0 ? 1 : maximum / largest;
    kernels.bracketSamples_f32(base + layout.ranks, list, sampled[0]!, scale, params.percentile);
    // biome-ignore format: one line for each group of arguments
    const lit = kernels.scaleSingle_u16(
      image, imageStride, difference, layout.differenceStride, raw.at, raw.stride, width, height,
      darkest, scale, base + layout.weightsY, base + layout.weightsX, base + layout.segments, patience, base + layout.segmentLimits, quad,
      base + layout.zeroBits, layout.bitStride, base + layout.blocks, layout.blockStride,
      base + layout.ranks, list, layout.listBytes,
    );
    return lit < 0 ? undefined : { scale, lit, isCollected: true };
  }

  function filterDouble(raw: RawFrame): number {
    averageIntegers(raw);
    // biome-ignore format: one line for each group of arguments
    return kernels.bandPass_u16(
      base + layout.bandPassed, layout.bandPassedStride, raw.at, raw.stride, background, imageStride, width, height,
      base + layout.weightsY, halves.y, base + layout.weightsX, halves.x, threshold,
      base + layout.ring, base + layout.smooth,
    );
  }

  function filterFloats(raw: RawFrame): number {
    const { y: sizeY, x: sizeX } = smoothingSize;
    kernels.movingAverage_f32(background, raw.at, raw.stride, width, height, sizeY, sizeX, base + layout.columns);
    // biome-ignore format: one line for each group of arguments
    return kernels.bandPass_f32(
      base + layout.bandPassed, layout.bandPassedStride, raw.at, background, raw.stride, width, height,
      base + layout.weightsY, halves.y, base + layout.weightsX, halves.x, threshold, base + layout.smooth,
    );
  }

  function scaleDoubles(brightest: number): number {
    const scale = brightest === 0 ? 1 : maximum / brightest;
    kernels.scale_f64(image, imageStride, base + layout.bandPassed, layout.bandPassedStride, width, height, scale);
    return scale;
  }

  /** Without band-pass. */
  function scaleRaw(raw: RawFrame): number {
    if (format !== "float32") {
      kernels.copyRows_u16(image, imageStride, raw.at, raw.stride, width, height, 0);
      return 1;
    }
    const brightest = kernels.brightest_f32(raw.at, raw.stride, width, height);
    const scale = brightest === 0 ? 1 : Math.fround(maximum / brightest);
    kernels.scale_f32(image, imageStride, raw.at, raw.stride, width, height, scale);
    return scale;
  }

  function filterPlainly(raw: RawFrame): number {
    if (!params.preprocess) return scaleRaw(raw);
    return scaleDoubles(format === "float32" ? filterFloats(raw) : filterDouble(raw));
  }

  return (raw) => {
    if (isSingle && framesToGo === 0) {
      const filtered = filterSingle(raw);
      if (filtered !== undefined) return filtered;
      framesToGo = framesAfterDoubt;
    } else if (framesToGo > 0) framesToGo--;
    const scale = filterPlainly(raw);
    // biome-ignore format: one line for each group of arguments
    const lit = kernels.summarize_u16(
      base + layout.zeroBits, layout.bitStride, base + layout.blocks, layout.blockStride, image, imageStride, width, height,
    );
    return { scale, lit, isCollected: false };
  };
}

/** The pixel that stands for none: extremes of float frames are not asked for. */
export function unpackExtremes(packed: number, format: PixelFormat): { darkest: number; brightest: number } {
  if (format === "float32") return { darkest: 0, brightest: maximumPixel.float32 };
  return { darkest: packed & 0xffff, brightest: packed >>> 16 };
}
