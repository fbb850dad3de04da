/**
 * From a frame to the scaled image on which features are found: background, low-pass, scaling. Integer frames take the
 * float32 kernels, exact where in doubt; frames that are all doubt, as flat ones are, take the double-precision ones.
 * The first work run by run of tiles, the others on whole rows of tiles.
 */

import { planDivision } from "./division.js";
import { record } from "./locator-layout.js";
import { defaultThreshold, lowPassReach, scaledMaximum } from "./parameters.js";
import { createPercentileFinder } from "./percentile.js";
import type { LocatorPlace, RawFrame } from "./raw-frame.js";

export interface FilteredFrame {
  /** Grey levels of the scaled image for one of the band-passed. */
  scale: number;
  /** Peaks are brighter than this; NaN where the scaled image is black. */
  above: number;
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

/** Stands for a scale or a percentile where the frame is all doubt. */
const inDoubt = -1;

/** The answer is the same object every time. */
export function createFilter(place: LocatorPlace): (raw: RawFrame) => FilteredFrame {
  const { kernels, memory, layout, own, shared, team, tiling, format, params } = place;
  const { height, width } = place.shape;
  const { runs, homes, bands } = tiling;
  const { imageStride } = layout;
  const { smoothingSize } = params;
  const halves = lowPassReach(params);
  const isFloat = format === "float32";
  const image = shared + layout.image;
  const background = shared + layout.background;
  const [weightsY, weightsX] = [own + layout.weightsY, own + layout.weightsX];
  const threshold = Math.max(0, params.threshold ?? defaultThreshold(format));
  const maximum = scaledMaximum(format);
  const isSingle =
    params.preprocess &&
    !isFloat &&
    halves.y === singleHalf &&
    halves.x === singleHalf &&
    width >= singleWidth &&
    width * height >= singlePixels;
  const patience = Math.ceil((height * width) / 8 / vectorsPerDoubt);
  const divisions = [planDivision(smoothingSize.y), planDivision(smoothingSize.x)] as const;
  const dividers = divisions.flatMap(({ multiplier, shift, bias, offset }) => [multiplier, shift, bias, offset]);
  new Int32Array(memory.buffer, own + layout.dividers, 8).set(dividers);
  const records = new Float64Array(memory.buffer, shared + layout.records, runs.length * record.values);
  const percentile = createPercentileFinder(place);
  const filtered: FilteredFrame = { scale: 0, above: 0 };
  const strips = bands.length;
  const stripWidth = Math.ceil(width / strips);
  let framesToGo = 0;
  let raw: RawFrame;
  let isNarrow = false;
  let patienceLeft = 0;

  const recordOf = (index: number) => index * record.values;
  const nothing = () => 0;

  function averageBand(index: number): void {
    const { top, bottom } = bands[index]!;
    // biome-ignore format: one line for each group of arguments
    kernels.movingAverage_u16(
      background, imageStride, raw.at, raw.stride, width, height, top, bottom, smoothingSize.y, smoothingSize.x,
      own + layout.columns, own + layout.prefix, raw.brightest,
    );
  }

  function bandPassRun(index: number): void {
    const { left, right, top, bottom, column } = runs[index]!;
    const at = recordOf(index);
    records[at + record.samples] = inDoubt;
    if (patienceLeft < 0) return;
    // biome-ignore format: one line for each group of arguments
    const samples = kernels.bandPassSingle_u16(
      shared + layout.bandPassed, layout.differenceStride, raw.at, raw.stride, isNarrow ? 0 : background, imageStride,
      width, height, left, right, top, bottom, raw.darkest, raw.brightest, smoothingSize.y, smoothingSize.x,
      own + layout.dividers, weightsY, weightsX, threshold,
      patienceLeft, shared + layout.segments, shared + layout.rowMost + column * height * 4,
      percentile.samplesAt(index), layout.sampleEvery, own + layout.columns, own + layout.prefix, own + layout.level,
      own + layout.smooth, own + layout.segmentLimits, own + layout.quad, shared + layout.records + (at + record.most) * 8,
    );
    records[at + record.samples] = samples;
    patienceLeft = samples < 0 ? inDoubt : patienceLeft - records[at + record.doubts]!;
  }

  /** The largest exact difference of all runs, or `inDoubt`. */
  function largestDifference(): number {
    let most = Number.NEGATIVE_INFINITY;
    let highest = 0;
    let doubts = 0;
    for (let index = 0; index < runs.length; index++) {
      const at = recordOf(index);
      if (records[at + record.samples]! < 0) return inDoubt;
      most = Math.max(most, records[at + record.most]!);
      highest = Math.max(highest, records[at + record.highest]!);
      doubts += records[at + record.doubts]!;
    }
    if (doubts > patience) return inDoubt;
    if (most === Number.NEGATIVE_INFINITY) return 0;
    let largest = 0;
    for (const { left, right, top, bottom, column } of runs) {
      // biome-ignore format: one line for each group of arguments
      const exact = kernels.exactMost_u16(
        shared + layout.bandPassed, layout.differenceStride, shared + layout.rowMost + column * height * 4,
        most, highest, patience, own + layout.quad, raw.at, raw.stride, width, height,
        left, right, top, bottom, raw.darkest, weightsY, weightsX,
      );
      if (exact < 0) return inDoubt;
      largest = Math.max(largest, exact);
    }
    return largest;
  }

  function finishBandPass(): number {
    const largest = largestDifference();
    if (largest < 0) return inDoubt;
    const scale = largest === 0 ? 1 : maximum / largest;
    percentile.openBracket(scale);
    return scale;
  }

  function scaleRun(index: number): void {
    const { left, right, top, bottom } = runs[index]!;
    const at = recordOf(index);
    records[at + record.lit] = inDoubt;
    if (patienceLeft < 0) return;
    // biome-ignore format: one line for each group of arguments
    const lit = kernels.scaleSingle_u16(
      image, imageStride, shared + layout.bandPassed, layout.differenceStride, raw.at, raw.stride, width, height,
      left, right, top, bottom, raw.darkest, filtered.scale, weightsY, weightsX, shared + layout.segments,
      patienceLeft, own + layout.segmentLimits, own + layout.quad, shared + layout.zeroBits, layout.bitStride,
      shared + layout.blocks, layout.blockStride, percentile.ranks, percentile.list, layout.listBytes,
      shared + layout.records + (at + record.doubts) * 8,
    );
    records[at + record.lit] = lit;
    patienceLeft = lit < 0 ? inDoubt : patienceLeft - records[at + record.doubts]!;
  }

  function finishScale(): number {
    let lit = 0;
    let doubts = 0;
    for (let index = 0; index < runs.length; index++) {
      const at = recordOf(index);
      if (records[at + record.lit]! < 0) return inDoubt;
      lit += records[at + record.lit]!;
      doubts += records[at + record.doubts]!;
    }
    return doubts > patience ? inDoubt : percentile.find(lit, true);
  }

  /** False where the frame is all doubt. */
  function filterSingle(): boolean {
    const contrast = raw.brightest - raw.darkest;
    isNarrow = contrast * smoothingSize.y <= divisions[0].maximum && contrast * smoothingSize.x <= divisions[1].maximum;
    if (!isNarrow) team.share(bands.length, averageBand, nothing);
    patienceLeft = patience;
    filtered.scale = team.share(runs.length, bandPassRun, finishBandPass, homes);
    if (filtered.scale < 0) return false;
    percentile.takeBracket();
    patienceLeft = patience;
    filtered.above = team.share(runs.length, scaleRun, finishScale, homes);
    return filtered.above !== inDoubt;
  }

  function bandPassBand(index: number): void {
    const { top, bottom } = bands[index]!;
    const [bandPassed, stride] = [shared + layout.bandPassed, layout.bandPassedStride];
    if (isFloat) {
      kernels.averageRows_f32(background, raw.stride, width, top, bottom, smoothingSize.x, own + layout.columns);
      // biome-ignore format: one line for each group of arguments
      records[recordOf(index) + record.most] = kernels.bandPass_f32(
        bandPassed, stride, raw.at, background, raw.stride, width, height, top, bottom,
        weightsY, halves.y, weightsX, halves.x, threshold, own + layout.smooth,
      );
      return;
    }
    averageBand(index);
    // biome-ignore format: one line for each group of arguments
    records[recordOf(index) + record.most] = kernels.bandPass_u16(
      bandPassed, stride, raw.at, raw.stride, background, imageStride, width, height, top, bottom,
      weightsY, halves.y, weightsX, halves.x, threshold, own + layout.ring, own + layout.smooth,
    );
  }

  function averageStrip(index: number): void {
    const left = index * stripWidth;
    const right = Math.min(left + stripWidth, width);
    // biome-ignore format: one line for each group of arguments
    kernels.averageColumns_f32(
      background, raw.at, raw.stride, height, left, right, smoothingSize.y, own + layout.columns,
    );
  }

  function brightestOfBand(index: number): void {
    const { top, bottom } = bands[index]!;
    const from = raw.at + top * raw.stride;
    records[recordOf(index) + record.most] = kernels.brightest_f32(from, raw.stride, width, bottom - top);
  }

  /** The scale that makes the brightest value of all bands the maximum. */
  function scaleToMaximum(): number {
    let brightest = 0;
    for (let index = 0; index < bands.length; index++) {
      brightest = Math.max(brightest, records[recordOf(index) + record.most]!);
    }
    return brightest === 0 ? 1 : maximum / brightest;
  }

  function scaleBand(index: number): void {
    const { top, bottom } = bands[index]!;
    const rows = bottom - top;
    const to = image + top * imageStride;
    const from = raw.at + top * raw.stride;
    const { scale } = filtered;
    if (params.preprocess) {
      const bandPassed = shared + layout.bandPassed + top * layout.bandPassedStride;
      kernels.scale_f64(to, imageStride, bandPassed, layout.bandPassedStride, width, rows, scale);
    } else if (isFloat) kernels.scale_f32(to, imageStride, from, raw.stride, width, rows, scale);
    else kernels.copyRows_u16(to, imageStride, from, raw.stride, width, rows, 0);
    // biome-ignore format: one line for each group of arguments
    records[recordOf(index) + record.lit] = kernels.summarize_u16(
      shared + layout.zeroBits + top * layout.bitStride, layout.bitStride,
      shared + layout.blocks + (top / 4) * layout.blockStride, layout.blockStride, to, imageStride, width, rows,
    );
  }

  function finishPlainly(): number {
    let lit = 0;
    for (let index = 0; index < bands.length; index++) lit += records[recordOf(index) + record.lit]!;
    return percentile.find(lit, false);
  }

  function filterPlainly(): void {
    if (params.preprocess) {
      if (isFloat) team.share(strips, averageStrip, nothing);
      filtered.scale = team.share(bands.length, bandPassBand, scaleToMaximum);
    } else {
      const scale = isFloat ? team.share(bands.length, brightestOfBand, scaleToMaximum) : 1;
      filtered.scale = Math.fround(scale);
    }
    filtered.above = team.share(bands.length, scaleBand, finishPlainly);
  }

  return (frame) => {
    raw = frame;
    if (isSingle && framesToGo === 0) {
      if (filterSingle()) return filtered;
      framesToGo = framesAfterDoubt;
    } else if (framesToGo > 0) framesToGo--;
    filterPlainly();
    return filtered;
  };
}
