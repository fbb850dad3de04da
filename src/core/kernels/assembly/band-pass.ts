// Low-pass minus background, scaled so that the brightest pixel becomes `maximum`, truncated to uint16.
// The scale needs the brightest pixel first: it is searched for tile by tile, and a tile is computed only if its largest
// pixel less its smallest background could beat the best so far. The image itself is then computed once, never stored
// as float64.

import { lowPassColumns_u16 } from "./low-pass";
import { tileHeight, tileWidth } from "./tiles";

/**
 * The largest low-pass minus background of the frame, 0 where none reaches the threshold. `background` and the tiles
 * are movingAverage_u16's. v: address of element 0 of a row of float64 with halfX + 8 zeros before and width + halfX + 16
 * elements after. weightsY, weightsX: half + 1 float64 each, the centre's first.
 */
export function brightest_u16(
  image: usize, stride: usize, background: usize, bgStride: usize, width: i32, height: i32,
  weightsY: usize, halfY: i32, weightsX: usize, halfX: i32, threshold: f64,
  v: usize, zeros: usize, tileMax: usize, tileMin: usize,
): f64 {
  const across = (width + tileWidth - 1) / tileWidth;
  const down = (height + tileHeight - 1) / tileHeight;
  const spanX = (halfX + tileWidth - 1) / tileWidth;
  const spanY = (halfY + tileHeight - 1) / tileHeight;
  // First the tile that promises most, so that few others have to be computed.
  let first = -1;
  let promise = -1.0;
  for (let tile = 0; tile < across * down; tile++) {
    const bound = tileBound(tile, across, down, spanX, spanY, tileMax, tileMin);
    if (bound > promise) {
      promise = bound;
      first = tile;
    }
  }
  let best = 0.0;
  if (promise < threshold) return best;
  best = tileBrightest(first, across, best, image, stride, background, bgStride, width, height, weightsY, halfY, weightsX, halfX, v, zeros);
  for (let tile = 0; tile < across * down; tile++) {
    if (tile == first) continue;
    if (tileBound(tile, across, down, spanX, spanY, tileMax, tileMin) <= best) continue;
    best = tileBrightest(tile, across, best, image, stride, background, bgStride, width, height, weightsY, halfY, weightsX, halfX, v, zeros);
  }
  return best >= threshold ? best : 0;
}

/** No band-passed pixel of the tile is above this: weights sum to 1 but for rounding, far below 1e-9. */
function tileBound(tile: i32, across: i32, down: i32, spanX: i32, spanY: i32, tileMax: usize, tileMin: usize): f64 {
  const row = tile / across;
  const col = tile % across;
  let high = 0;
  for (let j = max(row - spanY, 0); j <= min(row + spanY, down - 1); j++) {
    for (let i = max(col - spanX, 0); i <= min(col + spanX, across - 1); i++) {
      high = max(high, <i32>load<u16>(tileMax + ((<usize>(j * across + i)) << 1)));
    }
  }
  return <f64>high * (1.0 + 1e-9) - <f64>load<u16>(tileMin + ((<usize>tile) << 1));
}

function tileBrightest(
  tile: i32, across: i32, best: f64, image: usize, stride: usize, background: usize, bgStride: usize,
  width: i32, height: i32, weightsY: usize, halfY: i32, weightsX: usize, halfX: i32, v: usize, zeros: usize,
): f64 {
  const padded = (width + 7) & ~7;
  const top = (tile / across) * tileHeight;
  const left = (tile % across) * tileWidth;
  const right = min(left + tileWidth, padded);
  const reach = (halfX + 7) & ~7;
  const start = max(left - reach, 0);
  const end = min(right + reach, padded);
  let most = f64x2.splat(best);
  for (let y = top; y < min(top + tileHeight, height); y++) {
    lowPassColumns_u16(v, image, stride, y, height, start, end, weightsY, halfY, zeros);
    if (end == padded) clearBeyond(v, width, halfX);
    const bg = background + <usize>y * bgStride;
    for (let x = <usize>left; x < <usize>right; x += 2) {
      const value = f64x2.sub(lowPassPair(v + (x << 3), weightsX, halfX), f64x2.convert_low_i32x4_s(i32x4.extend_low_i16x8_u(v128.load32_zero(bg + (x << 1)))));
      most = f64x2.pmax(most, value);
    }
  }
  return max(f64x2.extract_lane(most, 0), f64x2.extract_lane(most, 1));
}

/** Zeros outside the frame: the columns from the width on. */
function clearBeyond(v: usize, width: i32, half: i32): void {
  memory.fill(v + ((<usize>width) << 3), 0, (<usize>(half + 16)) << 3);
}

/** Two neighbouring pixels of the low-pass along the row, in scipy's order. */
@inline
function lowPassPair(at: usize, weights: usize, half: i32): v128 {
  let sum = f64x2.mul(v128.load(at), v128.load64_splat(weights));
  for (let k = half; k > 0; k--) {
    const pair = f64x2.add(v128.load(at - ((<usize>k) << 3)), v128.load(at + ((<usize>k) << 3)));
    sum = f64x2.add(sum, f64x2.mul(pair, v128.load64_splat(weights + ((<usize>k) << 3))));
  }
  return sum;
}

/**
 * out = trunc(scale * (low-pass - background)), 0 below the threshold: height rows of outStride bytes, a multiple of 16,
 * written up to the width rounded up to 8 (zeros there). The other arguments are brightest_u16's.
 */
export function bandPass_u16(
  out: usize, outStride: usize, image: usize, stride: usize, background: usize, bgStride: usize, width: i32, height: i32,
  weightsY: usize, halfY: i32, weightsX: usize, halfX: i32, threshold: f64, scale: f64, v: usize, zeros: usize,
): void {
  const padded = (width + 7) & ~7;
  for (let y = 0; y < height; y++) {
    lowPassColumns_u16(v, image, stride, y, height, 0, padded, weightsY, halfY, zeros);
    clearBeyond(v, width, halfX);
    const row = out + <usize>y * outStride;
    const bg = background + <usize>y * bgStride;
    if (halfX == 4) finishRow4(row, v, bg, <usize>padded, weightsX, threshold, scale);
    else finishRow(row, v, bg, <usize>padded, weightsX, halfX, threshold, scale);
  }
}

// 2^52: a whole double below 2^32 added to it stands in the low word.
const wholeMagic: f64 = 4503599627370496;

/** Truncates four scaled values, 0 to 65535, to uint16. */
@inline
function storeTruncated(out: usize, a: v128, b: v128): void {
  const magic = f64x2.splat(wholeMagic);
  const whole = v128.shuffle<i32>(f64x2.add(f64x2.floor(a), magic), f64x2.add(f64x2.floor(b), magic), 0, 2, 4, 6);
  v128.store64_lane(out, i16x8.narrow_i32x4_u(whole, whole), 0);
}

@inline
function scaled(smooth: v128, background: v128, threshold: v128, scale: v128): v128 {
  const difference = f64x2.sub(smooth, background);
  return f64x2.mul(v128.and(difference, f64x2.ge(difference, threshold)), scale);
}

function finishRow(out: usize, v: usize, bg: usize, padded: usize, weights: usize, half: i32, threshold: f64, scale: f64): void {
  const thresholds = f64x2.splat(threshold);
  const scales = f64x2.splat(scale);
  for (let x: usize = 0; x < padded; x += 4) {
    const level = v128.load16x4_u(bg + (x << 1));
    const upperLevel = v128.shuffle<i32>(level, level, 2, 3, 0, 1);
    const a = scaled(lowPassPair(v + (x << 3), weights, half), f64x2.convert_low_i32x4_s(level), thresholds, scales);
    const b = scaled(lowPassPair(v + (x << 3) + 16, weights, half), f64x2.convert_low_i32x4_s(upperLevel), thresholds, scales);
    storeTruncated(out + (x << 1), a, b);
  }
}

/** Half width 4: loads are shared by four neighbouring pixels. */
function finishRow4(out: usize, v: usize, bg: usize, padded: usize, weights: usize, threshold: f64, scale: f64): void {
  const thresholds = f64x2.splat(threshold);
  const scales = f64x2.splat(scale);
  const w0 = v128.load64_splat(weights);
  const w1 = v128.load64_splat(weights, 8);
  const w2 = v128.load64_splat(weights, 16);
  const w3 = v128.load64_splat(weights, 24);
  const w4 = v128.load64_splat(weights, 32);
  let e0 = v128.load(v - 32);
  let e1 = v128.load(v - 16);
  let e2 = v128.load(v);
  let e3 = v128.load(v, 16);
  for (let x: usize = 0; x < padded; x += 4) {
    const at = v + (x << 3);
    const e4 = v128.load(at, 32);
    const e5 = v128.load(at, 48);
    const o0 = v128.load(at - 24);
    const o1 = v128.load(at - 8);
    const o2 = v128.load(at, 8);
    const o3 = v128.load(at, 24);
    const o4 = v128.load(at, 40);
    let low = f64x2.mul(e2, w0);
    let high = f64x2.mul(e3, w0);
    low = f64x2.add(low, f64x2.mul(f64x2.add(e0, e4), w4));
    high = f64x2.add(high, f64x2.mul(f64x2.add(e1, e5), w4));
    low = f64x2.add(low, f64x2.mul(f64x2.add(o0, o3), w3));
    high = f64x2.add(high, f64x2.mul(f64x2.add(o1, o4), w3));
    low = f64x2.add(low, f64x2.mul(f64x2.add(e1, e3), w2));
    high = f64x2.add(high, f64x2.mul(f64x2.add(e2, e4), w2));
    low = f64x2.add(low, f64x2.mul(f64x2.add(o1, o2), w1));
    high = f64x2.add(high, f64x2.mul(f64x2.add(o2, o3), w1));
    const level = v128.load16x4_u(bg + (x << 1));
    const upperLevel = v128.shuffle<i32>(level, level, 2, 3, 0, 1);
    low = scaled(low, f64x2.convert_low_i32x4_s(level), thresholds, scales);
    high = scaled(high, f64x2.convert_low_i32x4_s(upperLevel), thresholds, scales);
    storeTruncated(out + (x << 1), low, high);
    e0 = e2;
    e1 = e3;
    e2 = e4;
    e3 = e5;
  }
}
