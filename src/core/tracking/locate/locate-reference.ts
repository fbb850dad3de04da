/**
 * The slow, plain twin of the locator: trackpy's `locate` step by step over whole images. It defines what the kernels
 * must answer. Source of the method: Crocker and Grier, J. Colloid Interface Sci. 179, 298 (1996), as implemented in
 * trackpy 0.6 and 0.7; the order of every floating-point operation is trackpy's (numpy, scipy and numba underneath).
 */

import { detectionColumns } from "../../model/detection.js";
import { maximumPixel, type PixelArray, type PixelFormat } from "../../model/pixel-format.js";
import { createDisc, type Disc, staticErrorFactor } from "./disc.js";
import { gaussianKernel } from "./gaussian-kernel.js";
import {
  defaultThreshold,
  discRadius,
  edgeMargin,
  type FrameShape,
  type LocateParameters,
  peakReach,
  scaledMaximum,
} from "./parameters.js";

/** Detections of one frame: `values` holds `rowCount` float64 for each of `detectionColumns`, column after column. */
export interface DetectionTable {
  readonly rowCount: number;
  readonly values: Float64Array;
}

interface Feature {
  y: number;
  x: number;
  mass: number;
  /** Top left corner of the disc's square. */
  top: number;
  left: number;
}

/**
 * Locates features in one frame of `height * width` contiguous pixels. Rows come in raster order of the peaks they grew
 * from; with `topn` in effect, by rising mass. Pixels of a float image that are not finite count as black.
 */
export function locateReference(pixels: PixelArray, shape: FrameShape, params: LocateParameters): DetectionTable {
  const format = formatOf(pixels);
  const raw = invertPixels(pixels, format, params.invert);
  const { image, scale } = params.preprocess
    ? scaleToMaximum(bandPass(raw, shape, format, params), scaledMaximum(format), false)
    : format === "float32"
      ? scaleToMaximum(raw, scaledMaximum(format), true)
      : { image: Uint16Array.from(raw), scale: 1 };
  const disc = createDisc(discRadius(params));
  const candidates = findPeaks(image, shape, params, percentileOfNonZero(image, params.percentile));
  const refined = candidates.map((peak) => refine(image, shape, disc, peak, params.maxIterations));
  const apart = dropClose(refined, params);
  const rows = apart
    .map((feature) => characterize(feature, image, raw, shape, disc, scale))
    .filter((row) => isWanted(row, params));
  const kept = keepHeaviest(rows, params.topn);
  const background = measureBackground(image, raw, shape, disc, format);
  const factor = staticErrorFactor(disc, params.noiseSize);
  return tabulate(
    kept.map((row) => ({
      ...row,
      ep: (background.noise / (row.raw_mass - disc.pixelCount * background.level)) * factor.first * factor.second,
      particle_id: -1,
    })),
  );
}

function formatOf(pixels: PixelArray): PixelFormat {
  if (pixels instanceof Uint8Array) return "uint8";
  return pixels instanceof Uint16Array ? "uint16" : "float32";
}

/** The type's maximum minus the pixel where asked; float pixels that are not finite become 0. */
export function invertPixels(pixels: PixelArray, format: PixelFormat, invert: boolean): PixelArray {
  const maximum = maximumPixel[format];
  const inverted = pixels.map((pixel) => (invert ? maximum - pixel : pixel));
  return format === "float32" ? inverted.map((pixel) => (Number.isFinite(pixel) ? pixel : 0)) : inverted;
}

/** Low-pass minus background; below the threshold 0. Float64, never negative. */
export function bandPass(
  raw: PixelArray,
  shape: FrameShape,
  format: PixelFormat,
  params: LocateParameters,
): Float64Array {
  const background = movingAverage(raw, shape, format, params);
  const smooth = lowPass(raw, shape, params);
  // A negative threshold keeps negative values in trackpy, which the scaling then clips: the same as a threshold of 0.
  const threshold = Math.max(0, params.threshold ?? defaultThreshold(format));
  return smooth.map((value, index) => {
    const difference = value - background[index]!;
    return difference >= threshold ? difference : 0;
  });
}

/** Vertical, then horizontal moving average with repeated edges; integers are rounded down on each axis. */
export function movingAverage(
  raw: PixelArray,
  { height, width }: FrameShape,
  format: PixelFormat,
  { smoothingSize }: LocateParameters,
): PixelArray {
  const average = format === "float32" ? averageLineOfFloats : averageLineOfIntegers;
  const result = raw.slice();
  if (smoothingSize.y > 1) for (let x = 0; x < width; x++) average(result, x, width, height, smoothingSize.y);
  if (smoothingSize.x > 1) for (let y = 0; y < height; y++) average(result, y * width, 1, width, smoothingSize.x);
  return result;
}

function averageLineOfIntegers(image: PixelArray, start: number, step: number, count: number, size: number): void {
  const { line, half } = takeLine(image, start, step, count, size);
  let sum = 0;
  for (let i = 0; i < size - 1; i++) sum += line[i]!;
  for (let i = 0; i < count; i++) {
    sum += line[i + 2 * half]!;
    image[start + i * step] = Math.floor(sum / size);
    sum -= line[i]!;
  }
}

/** In the order of scipy's `uniform_filter1d`: one running sum along the line in double precision. */
function averageLineOfFloats(image: PixelArray, start: number, step: number, count: number, size: number): void {
  const { line } = takeLine(image, start, step, count, size);
  let sum = 0;
  for (let i = 0; i < size; i++) sum += line[i]!;
  image[start] = sum / size;
  for (let i = 1; i < count; i++) {
    sum += line[i + size - 1]! - line[i - 1]!;
    image[start + i * step] = sum / size;
  }
}

function takeLine(image: PixelArray, start: number, step: number, count: number, size: number) {
  const half = size >> 1;
  const line = new Float64Array(count + 2 * half);
  for (let i = 0; i < line.length; i++) {
    line[i] = image[start + Math.min(Math.max(i - half, 0), count - 1) * step]!;
  }
  return { line, half };
}

/** Gaussian, vertical then horizontal, zeros outside, in the order of scipy's `correlate1d` for symmetric weights. */
export function lowPass(raw: PixelArray, { height, width }: FrameShape, { noiseSize }: LocateParameters): Float64Array {
  const image = Float64Array.from(raw);
  const alongY = gaussianKernel(noiseSize.y);
  const alongX = gaussianKernel(noiseSize.x);
  for (let x = 0; x < width && alongY.length > 1; x++) correlateLine(image, x, width, height, alongY);
  for (let y = 0; y < height && alongX.length > 1; y++) correlateLine(image, y * width, 1, width, alongX);
  return image;
}

function correlateLine(image: Float64Array, start: number, step: number, count: number, weights: Float64Array): void {
  const half = weights.length >> 1;
  const line = new Float64Array(count + 2 * half);
  for (let i = 0; i < count; i++) line[i + half] = image[start + i * step]!;
  for (let i = 0; i < count; i++) {
    let sum = line[i + half]! * weights[half]!;
    for (let k = half; k > 0; k--) sum += (line[i + half - k]! + line[i + half + k]!) * weights[half - k]!;
    image[start + i * step] = sum;
  }
}

/** Scales so that the brightest pixel becomes `maximum`, truncated; `single` where trackpy computes in float32. */
export function scaleToMaximum(values: Float64Array | PixelArray, maximum: number, single: boolean) {
  const round = single ? Math.fround : (value: number) => value;
  let brightest = 0;
  for (const value of values) if (value > brightest) brightest = value;
  const scale = brightest === 0 ? 1 : round(maximum / brightest);
  return { scale, image: Uint16Array.from(values, (value) => Math.trunc(round(scale * Math.max(value, 0)))) };
}

/** numpy's percentile, linear interpolation, over the non-zero pixels; NaN where there is none. */
export function percentileOfNonZero(image: Uint16Array, percentile: number): number {
  const lit = image.filter((pixel) => pixel > 0).sort();
  if (lit.length === 0) return Number.NaN;
  const position = (lit.length - 1) * (percentile / 100);
  const below = Math.floor(position);
  return interpolate(lit[below]!, lit[Math.min(below + 1, lit.length - 1)]!, position - below);
}

/** numpy's `_lerp`, which starts from the nearer end. */
export function interpolate(from: number, to: number, fraction: number): number {
  return fraction >= 0.5 ? to - (to - from) * (1 - fraction) : from + (to - from) * fraction;
}

/** Pixels above the threshold that equal the maximum of their window, outside the margin, in raster order. */
export function findPeaks(image: Uint16Array, { height, width }: FrameShape, params: LocateParameters, above: number) {
  const reach = { y: peakReach(params.separation.y), x: peakReach(params.separation.x) };
  const margin = edgeMargin(params);
  const peaks: { y: number; x: number }[] = [];
  for (let y = margin.y; y < height - margin.y; y++) {
    for (let x = margin.x; x < width - margin.x; x++) {
      const value = image[y * width + x]!;
      if (value > above && isWindowMaximum(y, x, value)) peaks.push({ y, x });
    }
  }
  return peaks;

  function isWindowMaximum(y: number, x: number, value: number): boolean {
    const bottom = Math.min(y + reach.y.after, height - 1);
    const right = Math.min(x + reach.x.after, width - 1);
    for (let j = Math.max(y - reach.y.before, 0); j <= bottom; j++) {
      for (let i = Math.max(x - reach.x.before, 0); i <= right; i++) if (image[j * width + i]! > value) return false;
    }
    return true;
  }
}

/** Moves the disc, a pixel at a time, until the centroid is within 0.6 px of its centre on both axes. */
export function refine(
  image: Uint16Array,
  { height, width }: FrameShape,
  { radius, halfWidths }: Disc,
  peak: { y: number; x: number },
  maxIterations: number,
): Feature {
  let { y, x } = peak;
  for (let iteration = 1; ; iteration++) {
    const top = y - radius.y;
    const left = x - radius.x;
    let mass = 0;
    let momentY = 0;
    let momentX = 0;
    halfWidths.forEach((half, row) => {
      for (let dx = radius.x - half; dx <= radius.x + half; dx++) {
        const pixel = image[(top + row) * width + left + dx]!;
        mass += pixel;
        momentY += pixel * row;
        momentX += pixel * dx;
      }
    });
    const centroidY = momentY / mass;
    const centroidX = momentX / mass;
    const offY = centroidY - radius.y;
    const offX = centroidX - radius.x;
    const isCentred = Math.abs(offY) < 0.6 && Math.abs(offX) < 0.6;
    if (isCentred || iteration >= maxIterations) {
      return { y: offY + y, x: offX + x, mass, top, left };
    }
    y = Math.min(Math.max(y + moveOf(offY), radius.y), height - radius.y - 1);
    x = Math.min(Math.max(x + moveOf(offX), radius.x), width - radius.x - 1);
  }
}

function moveOf(off: number): number {
  return off > 0.6 ? 1 : off < -0.6 ? -1 : 0;
}

/**
 * Drops the lighter of any two features nearer than the separation; of equally heavy ones that with the smaller sum of
 * coordinates, of identical ones the earlier. A dropped feature still drops others, as in trackpy. Quadratic.
 */
export function dropClose<T extends { y: number; x: number; mass: number }>(
  features: readonly T[],
  { separation }: LocateParameters,
): T[] {
  const limit = (1 - 1e-7) ** 2;
  const scaled = features.map(({ y, x }) => ({ y: y / separation.y, x: x / separation.x }));
  const dropped = new Set<number>();
  for (let i = 0; i < features.length; i++) {
    for (let j = i + 1; j < features.length; j++) {
      const [a, b] = [scaled[i]!, scaled[j]!];
      if ((a.y - b.y) ** 2 + (a.x - b.x) ** 2 > limit) continue;
      const [p, q] = [features[i]!.mass, features[j]!.mass];
      const keepsFirst = p === q ? a.y + a.x > b.y + b.x : p > q;
      dropped.add(keepsFirst ? j : i);
    }
  }
  return features.filter((_, index) => !dropped.has(index));
}

/** Radius of gyration, eccentricity, brightest pixel and raw mass over the disc; mass and signal in grey levels. */
export function characterize(
  { y, x, mass, top, left }: Feature,
  image: Uint16Array,
  raw: PixelArray,
  { width }: FrameShape,
  { radius, halfWidths }: Disc,
  scale: number,
) {
  let moment = 0;
  let cosine = 0;
  let sine = 0;
  let signal = 0;
  let rawMass = 0;
  halfWidths.forEach((half, row) => {
    const dy = row - radius.y;
    for (let dx = -half; dx <= half; dx++) {
      const index = (top + row) * width + left + radius.x + dx;
      const pixel = image[index]!;
      const squared = dy * dy + dx * dx;
      moment += squared * pixel;
      // cos 2 theta and sin 2 theta; the centre pixel has theta 0 in trackpy.
      cosine += (squared === 0 ? 1 : (dx * dx - dy * dy) / squared) * pixel;
      sine += (squared === 0 ? 0 : (2 * dx * dy) / squared) * pixel;
      signal = Math.max(signal, pixel);
      rawMass += raw[index]!;
    }
  });
  const centre = image[(top + radius.y) * width + left + radius.x]!;
  return {
    x,
    y,
    mass: mass / scale,
    ecc: Math.sqrt(cosine * cosine + sine * sine) / (mass - centre + 1e-6),
    size: Math.sqrt(moment / mass),
    signal: signal / scale,
    raw_mass: rawMass,
  };
}

function isWanted({ mass, size, ecc }: { mass: number; size: number; ecc: number }, params: LocateParameters): boolean {
  const { minMass, maxMass = Infinity, maxSize = Infinity, minEcc = -Infinity, maxEcc = Infinity } = params;
  return mass > minMass && mass <= maxMass && size < maxSize && ecc >= minEcc && ecc <= maxEcc;
}

/** The `topn` heaviest by rising mass, of equals the later; a single one is the first of the heaviest, as in trackpy. */
export function keepHeaviest<T extends { mass: number }>(rows: T[], topn: number | undefined): T[] {
  if (topn === undefined || rows.length <= topn) return rows;
  if (topn === 1) return [rows.reduce((best, row) => (row.mass > best.mass ? row : best))];
  return rows.sort((a, b) => a.mass - b.mass).slice(-topn);
}

/**
 * Mean and standard deviation of the raw pixels outside the disc-dilated non-zero pixels; NaN where there are too few.
 * Sums of integer pixels are exact; those of floats are double (numpy keeps float32 there, which loses digits).
 */
export function measureBackground(
  image: Uint16Array,
  raw: PixelArray,
  shape: FrameShape,
  disc: Disc,
  format: PixelFormat,
): { level: number; noise: number } {
  const pixels = raw.filter((_, index) => isBackground(image, shape, disc, index));
  if (pixels.length === 0) return { level: Number.NaN, noise: Number.NaN };
  let sum = 0;
  for (const pixel of pixels) sum += pixel;
  const level = sum / pixels.length;
  if (pixels.length === 1) return { level, noise: Number.NaN };
  // Squares around a whole number near the mean stay exact for integers.
  const pivot = format === "float32" ? level : Math.floor(level);
  let shifted = 0;
  let squares = 0;
  for (const pixel of pixels) {
    shifted += pixel - pivot;
    squares += (pixel - pivot) * (pixel - pivot);
  }
  const variance = (squares - (shifted * shifted) / pixels.length) / pixels.length;
  return { level, noise: Math.sqrt(Math.max(variance, 0)) };
}

function isBackground(
  image: Uint16Array,
  { height, width }: FrameShape,
  { radius, halfWidths }: Disc,
  index: number,
): boolean {
  const y = Math.floor(index / width);
  const x = index % width;
  for (let row = 0; row <= 2 * radius.y; row++) {
    const line = y + row - radius.y;
    if (line < 0 || line >= height) continue;
    const half = halfWidths[row]!;
    const end = Math.min(x + half, width - 1);
    for (let i = Math.max(x - half, 0); i <= end; i++) if (image[line * width + i] !== 0) return false;
  }
  return true;
}

/** Rows of named values as the columns of `detectionColumns`. */
export function tabulate(rows: readonly Readonly<Record<(typeof detectionColumns)[number], number>>[]): DetectionTable {
  const values = new Float64Array(rows.length * detectionColumns.length);
  detectionColumns.forEach((name, index) => {
    rows.forEach((row, position) => {
      values[index * rows.length + position] = row[name];
    });
  });
  return { rowCount: rows.length, values };
}
