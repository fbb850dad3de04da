// Low-pass minus background in float32 with a bound on the error, exact where the bound leaves a doubt. For half width 4.
//
// With base = the frame's darkest pixel, v' = v - base >= 0 and B' = B - base, d = L(v') - B', as the weights sum to 1.
// v', B' and the sums of symmetric pairs are whole numbers below 2^24: exact. With u = 2^-24, a term of the vertical sum
// (c + p1 r1) + ((p4 r4 + p3 r3) + p2 r2) meets at most 5 roundings (its weight, its product, three additions), and
// one of the horizontal sum, which rounds pair sums as well and the centre's weight, at most 6; no term is negative, so
// that the float32 sum L' differs from the true one by less than 11.001 u L'. The subtraction adds u |d|, and as
// L' <= d + B' (1 + u) where d >= 0, the error is below 12.1 u (d + B'). `slack` covers the double-precision roundings
// of the reference, which come to less than 2e-10 for 16-bit pixels, and the weights' sum, 1 within 1e-15.

import { averageColumns, averagePrefix, startColumns } from "./average-row";
import { keep } from "./keep";
import { half, lowPassFour } from "./low-pass-exact";

/** The error of d is below errorRate * (d + B') + slack grey levels. */
export const errorRate: f64 = 12.1 / 16777216;
export const slack: f64 = 1e-9;

/** Pixels for which one largest B' is kept. */
export const segmentWidth: i32 = 64;

/**
 * out: float32 rows of outStride bytes, d or -Infinity where d is below the threshold and beyond the width, written from
 * left, a multiple of 64, to right - 1, the last part of a row up to the width rounded up to 8, and from top to bottom - 1.
 * Returns how many samples were taken, and -1, with nothing of use in `out`, where more than `patience` vectors of pixels
 * were in doubt: the frame is one for the double-precision path.
 *
 * image: uint16 between `base` and `brightest`, 24 columns or more, readable for 16 bytes beyond each row.
 * background: uint16 rows of bgStride bytes, or 0 to have it made here, for which the window sums of sizeY and of sizeX
 * pixels less base must have passed `planDivision`, whose results are at `dividers`, y's 16 bytes first.
 * weightsY, weightsX: 5 float64, the centre's first. threshold: 0 or more.
 * segments: float32 for each of ceil(width / segmentWidth) segments of every row: their largest B'.
 * rowMost: float32 a row, the largest d of this part of it. samples: float32 of every sampleEvery-th pixel that is not
 * below the threshold; room for (right - left) * (bottom - top) / sampleEvery + 2.
 * columns: uint16, width + 16. prefix: see averageColumns. level: uint16, width + 16. smooth: float32, width + 24.
 * limits: 8 bytes a segment of one row and 48 more. quad: 256 bytes.
 * result: float64 the largest d, -Infinity where none reaches the threshold, the largest B', and how many were in doubt.
 */
export function bandPassSingle_u16(
  out: usize, outStride: usize, image: usize, stride: usize, background: usize, bgStride: usize, width: i32, height: i32,
  left: i32, right: i32, top: i32, bottom: i32, base: i32, brightest: i32, sizeY: i32, sizeX: i32, dividers: usize,
  weightsY: usize, weightsX: usize, threshold: f64, patience: i32, segments: usize, rowMost: usize, samples: usize,
  sampleEvery: i32, columns: usize, prefix: usize, level: usize, smooth: usize, limits: usize, quad: usize, result: usize,
): i32 {
  const padded = (width + 7) & ~7;
  const end = right < width ? right : padded;
  const perRow = <usize>((width + segmentWidth - 1) / segmentWidth) << 2;
  const bytes = <usize>((right - left + segmentWidth - 1) / segmentWidth) << 2;
  const above = limits + bytes + 16;
  const halfY = sizeY >> 1;
  const halfX = sizeX >> 1;
  const narrow = brightest - base < 32768;
  // From `interior` on the low-pass would reach beyond the frame.
  const interior = (width - half) & ~7;
  const firstInside = max(left, 8);
  const lastInside = min(interior, end);
  // Columns whose averages are asked for; where they end within the frame, the edges repeated there are not read.
  const from = max(left - halfX, 0) & ~7;
  const wide = min(right + halfX, width) - from;
  const widePadded = (wide + 7) & ~7;
  // Columns that the low-pass asks for.
  const near = max(left - 8, 0);
  const nearPadded = min(end + 8, padded) - near;
  // Rows of scratch hold this part alone; their addresses are those of column 0.
  const levels = level - ((<usize>left) << 1);
  const smooths = smooth - ((<usize>near) << 2);
  const belows = limits - ((<usize>(left / segmentWidth)) << 2);
  const aboves = above - ((<usize>(left / segmentWidth)) << 2);
  const firstColumn = image + ((<usize>from) << 1);
  if (background == 0) startColumns(columns, firstColumn, stride, widePadded, height, top, sizeY, base);
  let next = left;
  let taken = 0;
  let doubts = 0;
  let most: f32 = -Infinity;
  let highest: f32 = 0;
  for (let y = top; y < bottom; y++) {
    const row = image + <usize>y * stride;
    const to = out + <usize>y * outStride;
    const peaks = segments + <usize>y * perRow + ((<usize>(left / segmentWidth)) << 2);
    if (background == 0) {
      const entering = firstColumn + <usize>min(y + halfY + 1, height - 1) * stride;
      const leaving = firstColumn + <usize>max(y - halfY, 0) * stride;
      averageColumns(prefix, columns, entering, leaving, wide, widePadded, sizeX, dividers);
      averagePrefix(level, prefix + ((<usize>(left - from)) << 1), end - left, sizeX, dividers + 16);
    } else lessBase(level, background + <usize>y * bgStride + ((<usize>left) << 1), end - left, base);
    for (let x = width; x < end; x++) store<u16>(levels + ((<usize>x) << 1), 0);
    highest = max(highest, segmentMaxima(peaks, level, end - left));
    segmentLimits(limits, above, peaks, bytes, threshold, quad + 128);
    let rowBest: f32 = -Infinity;
    if (y < half || y >= height - half) {
      for (let x = left; x < end; x += 4) {
        rowBest = max(rowBest, exactFour(to, levels, quad, image, stride, width, height, y, x, base, weightsY, weightsX, threshold));
      }
    } else {
      const first = row + ((<usize>near) << 1);
      if (narrow) lowPassColumns(smooth, first, stride, nearPadded, base, weightsY, quad + 128);
      else lowPassColumnsWidely(smooth, first, stride, nearPadded, base, weightsY, quad + 128);
      v128.store(quad + 224, f32x4.splat(-Infinity));
      let x = firstInside;
      while (x < lastInside) {
        x = subtract(to, smooths, levels, x, lastInside, weightsY, weightsX, belows, aboves, quad + 128);
        if (x < lastInside) {
          // The pixels x to x + 7 are in doubt.
          doubts++;
          rowBest = max(rowBest, exactFour(to, levels, quad, image, stride, width, height, y, x, base, weightsY, weightsX, threshold));
          rowBest = max(rowBest, exactFour(to, levels, quad, image, stride, width, height, y, x + 4, base, weightsY, weightsX, threshold));
          x += 8;
        }
      }
      for (let x = left; x < firstInside; x += 4) {
        rowBest = max(rowBest, exactFour(to, levels, quad, image, stride, width, height, y, x, base, weightsY, weightsX, threshold));
      }
      for (let x = max(interior, left); x < end; x += 4) {
        rowBest = max(rowBest, exactFour(to, levels, quad, image, stride, width, height, y, x, base, weightsY, weightsX, threshold));
      }
      // Values below the threshold may be among these: they are no peaks, and the row has then none that is.
      const largest = largestLane(v128.load(quad + 224));
      if (<f64>largest >= threshold) rowBest = max(rowBest, largest);
    }
    if (doubts > patience) return -1;
    store<f32>(rowMost + ((<usize>y) << 2), rowBest);
    most = max(most, rowBest);
    for (; next < right; next += sampleEvery) {
      const value = load<f32>(to + ((<usize>next) << 2));
      if (value < 0) continue;
      store<f32>(samples + ((<usize>taken) << 2), value);
      taken++;
    }
    next -= right - left;
  }
  store<f64>(result, <f64>most);
  store<f64>(result, <f64>highest, 8);
  store<f64>(result, <f64>doubts, 16);
  return taken;
}

/**
 * The largest exact d of a part of the frame, 0 where none can be the largest of the frame; -1 where more than `patience`
 * groups of pixels would have to be looked at. difference, rowMost: as bandPassSingle_u16 left them. most, highest: the
 * largest float32 d and the largest B' of the whole frame. quad: 256 bytes.
 */
export function exactMost_u16(
  difference: usize, differenceStride: usize, rowMost: usize, most: f64, highest: f64, patience: i32, quad: usize,
  image: usize, stride: usize, width: i32, height: i32, left: i32, right: i32, top: i32, bottom: i32, base: i32,
  weightsY: usize, weightsX: usize,
): f64 {
  // The exact maximum has a float32 value within twice the error of the largest one.
  const error = errorRate * (most + highest) + slack;
  const least = <f32>((most - 2 * error) * (1 - 2.0 / 16777216) - 1e-9);
  const leasts = f32x4.splat(least);
  let best: f64 = 0;
  let looks = 0;
  for (let y = top; y < bottom; y++) {
    if (load<f32>(rowMost + ((<usize>y) << 2)) < least) continue;
    for (let x = left; x < right; x += 4) {
      const from = difference + <usize>y * differenceStride + ((<usize>x) << 2);
      if (!v128.any_true(f32x4.ge(v128.load(from), leasts))) continue;
      looks++;
      if (looks > patience) return -1;
      lowPassFour(quad + 96, quad, image, stride, width, height, y, x, weightsY, weightsX);
      for (let i: usize = 0; i < 4; i++) {
        const rough = load<f32>(from + (i << 2));
        if (rough >= least) best = max(best, exactDifference(load<f64>(quad + 96 + (i << 3)), rough, base));
      }
    }
  }
  return best;
}

/** low - B, where B is the whole number that the float32 difference implies: its error is far below a half. */
@inline
export function exactDifference(low: f64, rough: f32, base: i32): f64 {
  return low - (nearest<f64>(low - <f64>base - <f64>rough) + <f64>base);
}

/** Writes the pixels x to x + 3 of a row from the exact low-pass and returns the largest written. */
function exactFour(
  to: usize, level: usize, quad: usize, image: usize, stride: usize, width: i32, height: i32, y: i32, x: i32, base: i32,
  weightsY: usize, weightsX: usize, threshold: f64,
): f32 {
  lowPassFour(quad + 96, quad, image, stride, width, height, y, x, weightsY, weightsX);
  let most: f32 = -Infinity;
  for (let i = 0; i < 4; i++) {
    const at = <usize>(x + i);
    const difference = load<f64>(quad + 96 + ((<usize>i) << 3)) - <f64>(<i32>load<u16>(level + (at << 1)) + base);
    const value = x + i < width && difference >= threshold ? <f32>difference : -Infinity;
    store<f32>(to + (at << 2), value);
    most = max(most, value);
  }
  return most;
}

function lessBase(level: usize, row: usize, padded: i32, base: i32): void {
  const bases = i16x8.splat(<i16>base);
  for (let at: usize = 0; at < (<usize>padded) << 1; at += 16) v128.store(level + at, i16x8.sub(v128.load(row + at), bases));
}

/** peaks: float32, the largest of each segment; returns the largest of all. */
function segmentMaxima(peaks: usize, level: usize, padded: i32): f32 {
  const end = level + ((<usize>padded) << 1);
  let highest: f32 = 0;
  do {
    const stop = min(level + (segmentWidth << 1), end);
    let most = v128.load(level);
    for (level += 16; level < stop; level += 16) most = i16x8.max_u(most, v128.load(level));
    most = i16x8.max_u(most, v128.shuffle<i16>(most, most, 4, 5, 6, 7, 0, 1, 2, 3));
    most = i16x8.max_u(most, i64x2.shr_u(most, 32));
    most = i16x8.max_u(most, i32x4.shr_u(most, 16));
    const value = <f32>i16x8.extract_lane_u(most, 0);
    store<f32>(peaks, value);
    peaks += 4;
    if (value > highest) highest = value;
  } while (level < end);
  return highest;
}

/**
 * below, above: float32 a segment. Where d is below the first, or not below the second, it is so despite its error.
 * peaks: segmentMaxima's, up to 12 bytes beyond which are read and written. constants: 48 bytes.
 */
function segmentLimits(
  below: usize, above: usize, peaks: usize, bytes: usize, threshold: f64, constants: usize,
): void {
  // A hundredth, 1e-9 and one part in 2^20 more than the bound: for the roundings of the limits themselves.
  const least = errorRate * 1.01 * threshold + 2 * slack + threshold / 1048576;
  const thresholds = keep(constants, f32x4.splat(<f32>threshold));
  const rates = keep(constants + 16, f32x4.splat(<f32>(errorRate * 1.01)));
  const leasts = keep(constants + 32, f32x4.splat(<f32>least));
  let at: usize = 0;
  do {
    const error = f32x4.add(f32x4.mul(v128.load(peaks + at), rates), leasts);
    v128.store(below + at, f32x4.sub(thresholds, error));
    v128.store(above + at, f32x4.add(thresholds, error));
    at += 16;
  } while (at < bytes);
}

/**
 * smooth: float32, the vertical sum of v' over its centre's weight. row: the centre's, with four rows above and below.
 * Sums of two v' must stay below 2^16. constants: 96 bytes.
 */
function lowPassColumns(
  smooth: usize, row: usize, stride: usize, padded: i32, base: i32, weights: usize, constants: usize,
): void {
  const centre = load<f64>(weights);
  const r1 = keep(constants, f32x4.splat(<f32>(load<f64>(weights, 8) / centre)));
  const r2 = keep(constants + 16, f32x4.splat(<f32>(load<f64>(weights, 16) / centre)));
  const r3 = keep(constants + 32, f32x4.splat(<f32>(load<f64>(weights, 24) / centre)));
  const r4 = keep(constants + 48, f32x4.splat(<f32>(load<f64>(weights, 32) / centre)));
  const once = keep(constants + 64, i16x8.splat(<i16>base));
  const twice = keep(constants + 80, i16x8.splat(<i16>(2 * base)));
  const above: usize = 0 - stride;
  const end = row + ((<usize>padded) << 1);
  do {
    let up = row + above;
    let down = row + stride;
    const c = i16x8.sub(v128.load(row), once);
    const p1 = i16x8.sub(i16x8.add(v128.load(up), v128.load(down)), twice);
    let low = f32x4.add(widenLow(c), f32x4.mul(widenLow(p1), r1));
    let high = f32x4.add(widenHigh(c), f32x4.mul(widenHigh(p1), r1));
    up += above;
    down += stride;
    const p2 = i16x8.sub(i16x8.add(v128.load(up), v128.load(down)), twice);
    up += above;
    down += stride;
    const p3 = i16x8.sub(i16x8.add(v128.load(up), v128.load(down)), twice);
    const p4 = i16x8.sub(i16x8.add(v128.load(up + above), v128.load(down + stride)), twice);
    low = f32x4.add(low, f32x4.add(
      f32x4.add(f32x4.mul(widenLow(p4), r4), f32x4.mul(widenLow(p3), r3)), f32x4.mul(widenLow(p2), r2),
    ));
    high = f32x4.add(high, f32x4.add(
      f32x4.add(f32x4.mul(widenHigh(p4), r4), f32x4.mul(widenHigh(p3), r3)), f32x4.mul(widenHigh(p2), r2),
    ));
    v128.store(smooth, low);
    v128.store(smooth, high, 16);
    row += 16;
    smooth += 32;
  } while (row < end);
}

@inline
function widenLow(pixels: v128): v128 {
  return f32x4.convert_i32x4_s(i32x4.extend_low_i16x8_u(pixels));
}

@inline
function widenHigh(pixels: v128): v128 {
  return f32x4.convert_i32x4_s(i32x4.extend_high_i16x8_u(pixels));
}

/** The same where sums of two v' need more than 16 bits. */
function lowPassColumnsWidely(
  smooth: usize, row: usize, stride: usize, padded: i32, base: i32, weights: usize, constants: usize,
): void {
  const centre = load<f64>(weights);
  const r1 = keep(constants, f32x4.splat(<f32>(load<f64>(weights, 8) / centre)));
  const r2 = keep(constants + 16, f32x4.splat(<f32>(load<f64>(weights, 16) / centre)));
  const r3 = keep(constants + 32, f32x4.splat(<f32>(load<f64>(weights, 24) / centre)));
  const r4 = keep(constants + 48, f32x4.splat(<f32>(load<f64>(weights, 32) / centre)));
  const once = keep(constants + 64, i32x4.splat(base));
  const twice = keep(constants + 80, i32x4.splat(2 * base));
  const end = row + ((<usize>padded) << 1);
  do {
    const near = f32x4.add(
      f32x4.convert_i32x4_s(i32x4.sub(v128.load16x4_u(row), once)), f32x4.mul(pairOf(row, stride, twice), r1),
    );
    const far = f32x4.add(
      f32x4.mul(pairOf(row, 4 * stride, twice), r4), f32x4.mul(pairOf(row, 3 * stride, twice), r3),
    );
    v128.store(smooth, f32x4.add(near, f32x4.add(far, f32x4.mul(pairOf(row, 2 * stride, twice), r2))));
    row += 8;
    smooth += 16;
  } while (row < end);
}

@inline
function pairOf(row: usize, reach: usize, twice: v128): v128 {
  return f32x4.convert_i32x4_s(i32x4.sub(i32x4.add(v128.load16x4_u(row - reach), v128.load16x4_u(row + reach)), twice));
}

/**
 * Writes d for the pixels from x to end, multiples of 8, -Infinity below the threshold; returns the first eight of which
 * one is nearer to the threshold than the error allows, or end. below, above: see
 * segmentLimits. constants: 112 bytes; the last 16 hold the largest d of each lane, from before and after.
 */
function subtract(
  to: usize, smooth: usize, level: usize, x: i32, end: i32, weightsY: usize, weightsX: usize, limitsBelow: usize,
  limitsAbove: usize, constants: usize,
): i32 {
  const centre = load<f64>(weightsY);
  const w0 = keep(constants, f32x4.splat(<f32>(load<f64>(weightsX) * centre)));
  const w1 = keep(constants + 16, f32x4.splat(<f32>(load<f64>(weightsX, 8) * centre)));
  const w2 = keep(constants + 32, f32x4.splat(<f32>(load<f64>(weightsX, 16) * centre)));
  const w3 = keep(constants + 48, f32x4.splat(<f32>(load<f64>(weightsX, 24) * centre)));
  const w4 = keep(constants + 64, f32x4.splat(<f32>(load<f64>(weightsX, 32) * centre)));
  const infinity = keep(constants + 80, f32x4.splat(Infinity));
  let most = v128.load(constants + 96);
  let left = v128.load(smooth + ((<usize>x) << 2) - 16);
  let here = v128.load(smooth + ((<usize>x) << 2));
  do {
    const stop = min((x + segmentWidth) & ~(segmentWidth - 1), end);
    const below = v128.load32_splat(limitsBelow + ((<usize>(x / segmentWidth)) << 2));
    const above = v128.load32_splat(limitsAbove + ((<usize>(x / segmentWidth)) << 2));
    do {
      const at = smooth + ((<usize>x) << 2);
      const right = v128.load(at, 16);
      const a = f32x4.sub(
        lowPassAlong(left, here, right, w0, w1, w2, w3, w4), f32x4.convert_i32x4_s(v128.load16x4_u(level + ((<usize>x) << 1))),
      );
      const next = v128.load(at, 32);
      const b = f32x4.sub(
        lowPassAlong(here, right, next, w0, w1, w2, w3, w4), f32x4.convert_i32x4_s(v128.load16x4_u(level + ((<usize>x) << 1), 8)),
      );
      const lowA = f32x4.lt(a, above);
      const lowB = f32x4.lt(b, above);
      const doubt = v128.or(v128.xor(lowA, f32x4.lt(a, below)), v128.xor(lowB, f32x4.lt(b, below)));
      if (v128.any_true(doubt)) {
        v128.store(constants + 96, most);
        return x;
      }
      most = f32x4.pmax(most, f32x4.pmax(a, b));
      const out = to + ((<usize>x) << 2);
      v128.store(out, f32x4.sub(a, v128.and(lowA, infinity)));
      v128.store(out, f32x4.sub(b, v128.and(lowB, infinity)), 16);
      left = right;
      here = next;
      x += 8;
    } while (x < stop);
  } while (x < end);
  v128.store(constants + 96, most);
  return end;
}

/** The pixels `here`, with the four before and after. */
@inline
function lowPassAlong(left: v128, here: v128, right: v128, w0: v128, w1: v128, w2: v128, w3: v128, w4: v128): v128 {
  const p1 = f32x4.add(v128.shuffle<i32>(left, here, 3, 4, 5, 6), v128.shuffle<i32>(here, right, 1, 2, 3, 4));
  const p2 = f32x4.add(v128.shuffle<i32>(left, here, 2, 3, 4, 5), v128.shuffle<i32>(here, right, 2, 3, 4, 5));
  const p3 = f32x4.add(v128.shuffle<i32>(left, here, 1, 2, 3, 4), v128.shuffle<i32>(here, right, 3, 4, 5, 6));
  const near = f32x4.add(f32x4.mul(here, w0), f32x4.mul(p1, w1));
  const far = f32x4.add(f32x4.mul(f32x4.add(left, right), w4), f32x4.mul(p3, w3));
  return f32x4.add(near, f32x4.add(far, f32x4.mul(p2, w2)));
}

@inline
function largestLane(v: v128): f32 {
  return max(
    max(f32x4.extract_lane(v, 0), f32x4.extract_lane(v, 1)), max(f32x4.extract_lane(v, 2), f32x4.extract_lane(v, 3)),
  );
}
