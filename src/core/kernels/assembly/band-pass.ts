// Low-pass minus background, in double precision and in the order of scipy's correlate1d for symmetric weights: centre
// times weight, then the pairs from the farthest to the nearest, (one + other) times weight, no fused multiply-add;
// vertical first, zeros outside the frame. Columns are taken in strips so narrow that the rows of a window, widened to
// float64 once, stay in the first-level cache.

/** Pixels of a strip, a multiple of 8: nine rows of float64 with their margins take 20 KB. */
const stripWidth: i32 = 2048;

/**
 * out: height rows of `outStride` bytes of float64, of which those from top to bottom - 1 are written up to the width
 * rounded up to 8; 0 where the difference is below the threshold, and beyond the width. Returns the largest difference
 * written, 0 where none reaches the threshold.
 * image, background: uint16, readable up to the width rounded up to 8, where background is 65535, so that the rim of the
 * low-pass beyond the frame never counts. weights: half + 1 float64, the centre's first.
 * ring: (2 halfY + 1) rows of stripWidth + 2 reach float64, reach = halfX rounded up to 8; smooth: one such row and
 * 2 halfX + 16 more.
 */
export function bandPass_u16(
  out: usize, outStride: usize, image: usize, stride: usize, background: usize, bgStride: usize, width: i32, height: i32,
  top: i32, bottom: i32, weightsY: usize, halfY: i32, weightsX: usize, halfX: i32, threshold: f64, ring: usize, smooth: usize,
): f64 {
  const padded = (width + 7) & ~7;
  const reach = (halfX + 7) & ~7;
  const ringStride = (<usize>(stripWidth + 2 * reach)) << 3;
  const ringRows = 2 * halfY + 1;
  let most = f64x2.splat(0);
  for (let left = 0; left < padded; left += stripWidth) {
    const right = min(left + stripWidth, padded);
    const start = max(left - reach, 0);
    const end = min(right + reach, padded);
    const count = end - start;
    for (let y = top - halfY; y < top + halfY; y++) {
      widenRow(ringRow(ring, ringStride, y, halfY, ringRows), image, stride, y, height, start, count);
    }
    // smooth[0] is column `start`; zeros before it count only at the frame's left edge.
    const row = smooth + ((<usize>halfX) << 3);
    memory.fill(smooth, 0, (<usize>halfX) << 3);
    const origin = row + ((<usize>(left - start)) << 3);
    for (let y = top; y < bottom; y++) {
      widenRow(ringRow(ring, ringStride, y + halfY, halfY, ringRows), image, stride, y + halfY, height, start, count);
      if (halfY == 4) lowPassColumns4(row, ring, ringStride, y, count, weightsY);
      else lowPassColumns(row, ring, ringStride, y, halfY, count, weightsY);
      if (end == padded) memory.fill(row + ((<usize>(width - start)) << 3), 0, (<usize>(padded - width + halfX + 8)) << 3);
      const to = out + <usize>y * outStride + ((<usize>left) << 3);
      const level = background + <usize>y * bgStride + ((<usize>left) << 1);
      const pixels = <usize>(right - left);
      if (halfX == 4) most = f64x2.pmax(most, subtractRow4(to, origin, level, pixels, weightsX, threshold));
      else most = f64x2.pmax(most, subtractRow(to, origin, level, pixels, weightsX, halfX, threshold));
    }
  }
  return max(f64x2.extract_lane(most, 0), f64x2.extract_lane(most, 1));
}

@inline
function ringRow(ring: usize, ringStride: usize, y: i32, half: i32, rows: i32): usize {
  return ring + <usize>((y + half) % rows) * ringStride;
}

/** Row y of the image as float64; zeros outside the frame. */
function widenRow(out: usize, image: usize, stride: usize, y: i32, height: i32, start: i32, count: i32): void {
  if (y < 0 || y >= height) {
    memory.fill(out, 0, (<usize>count) << 3);
    return;
  }
  const from = image + <usize>y * stride + ((<usize>start) << 1);
  for (let x: usize = 0; x < <usize>count; x += 4) {
    const pixels = v128.load16x4_u(from + (x << 1));
    v128.store(out + (x << 3), f64x2.convert_low_i32x4_s(pixels));
    v128.store(out + (x << 3), f64x2.convert_low_i32x4_s(v128.shuffle<i32>(pixels, pixels, 2, 3, 0, 1)), 16);
  }
}

function lowPassColumns(out: usize, ring: usize, ringStride: usize, y: i32, half: i32, count: i32, weights: usize): void {
  const rows = 2 * half + 1;
  const bytes = (<usize>count) << 3;
  const centre = ringRow(ring, ringStride, y, half, rows);
  const weight = v128.load64_splat(weights);
  for (let at: usize = 0; at < bytes; at += 16) v128.store(out + at, f64x2.mul(v128.load(centre + at), weight));
  for (let k = half; k > 0; k--) {
    const above = ringRow(ring, ringStride, y - k, half, rows);
    const below = ringRow(ring, ringStride, y + k, half, rows);
    const w = v128.load64_splat(weights + ((<usize>k) << 3));
    for (let at: usize = 0; at < bytes; at += 16) {
      const pair = f64x2.add(v128.load(above + at), v128.load(below + at));
      v128.store(out + at, f64x2.add(v128.load(out + at), f64x2.mul(pair, w)));
    }
  }
}

/** Half width 4: sigma 1. */
function lowPassColumns4(out: usize, ring: usize, ringStride: usize, y: i32, count: i32, weights: usize): void {
  const w0 = v128.load64_splat(weights);
  const w1 = v128.load64_splat(weights, 8);
  const w2 = v128.load64_splat(weights, 16);
  const w3 = v128.load64_splat(weights, 24);
  const w4 = v128.load64_splat(weights, 32);
  const a4 = ringRow(ring, ringStride, y - 4, 4, 9);
  const a3 = ringRow(ring, ringStride, y - 3, 4, 9);
  const a2 = ringRow(ring, ringStride, y - 2, 4, 9);
  const a1 = ringRow(ring, ringStride, y - 1, 4, 9);
  const c = ringRow(ring, ringStride, y, 4, 9);
  const b1 = ringRow(ring, ringStride, y + 1, 4, 9);
  const b2 = ringRow(ring, ringStride, y + 2, 4, 9);
  const b3 = ringRow(ring, ringStride, y + 3, 4, 9);
  const b4 = ringRow(ring, ringStride, y + 4, 4, 9);
  const bytes = (<usize>count) << 3;
  // Eight pixels for each set of addresses: the arithmetic of addresses costs as much as that of pixels.
  for (let at: usize = 0; at < bytes; at += 64) {
    v128.store(out + at, centreAndPairs(
      v128.load(c + at, 0),
      f64x2.add(v128.load(a4 + at, 0), v128.load(b4 + at, 0)), f64x2.add(v128.load(a3 + at, 0), v128.load(b3 + at, 0)),
      f64x2.add(v128.load(a2 + at, 0), v128.load(b2 + at, 0)), f64x2.add(v128.load(a1 + at, 0), v128.load(b1 + at, 0)),
      w0, w1, w2, w3, w4,
    ), 0);
    v128.store(out + at, centreAndPairs(
      v128.load(c + at, 16),
      f64x2.add(v128.load(a4 + at, 16), v128.load(b4 + at, 16)), f64x2.add(v128.load(a3 + at, 16), v128.load(b3 + at, 16)),
      f64x2.add(v128.load(a2 + at, 16), v128.load(b2 + at, 16)), f64x2.add(v128.load(a1 + at, 16), v128.load(b1 + at, 16)),
      w0, w1, w2, w3, w4,
    ), 16);
    v128.store(out + at, centreAndPairs(
      v128.load(c + at, 32),
      f64x2.add(v128.load(a4 + at, 32), v128.load(b4 + at, 32)), f64x2.add(v128.load(a3 + at, 32), v128.load(b3 + at, 32)),
      f64x2.add(v128.load(a2 + at, 32), v128.load(b2 + at, 32)), f64x2.add(v128.load(a1 + at, 32), v128.load(b1 + at, 32)),
      w0, w1, w2, w3, w4,
    ), 32);
    v128.store(out + at, centreAndPairs(
      v128.load(c + at, 48),
      f64x2.add(v128.load(a4 + at, 48), v128.load(b4 + at, 48)), f64x2.add(v128.load(a3 + at, 48), v128.load(b3 + at, 48)),
      f64x2.add(v128.load(a2 + at, 48), v128.load(b2 + at, 48)), f64x2.add(v128.load(a1 + at, 48), v128.load(b1 + at, 48)),
      w0, w1, w2, w3, w4,
    ), 48);
  }
}

@inline
function centreAndPairs(
  centre: v128, p4: v128, p3: v128, p2: v128, p1: v128, w0: v128, w1: v128, w2: v128, w3: v128, w4: v128,
): v128 {
  let sum = f64x2.mul(centre, w0);
  sum = f64x2.add(sum, f64x2.mul(p4, w4));
  sum = f64x2.add(sum, f64x2.mul(p3, w3));
  sum = f64x2.add(sum, f64x2.mul(p2, w2));
  return f64x2.add(sum, f64x2.mul(p1, w1));
}

/** Along the row, minus background; returns the largest of each lane. v[-half] to v[count + half - 1] are read. */
function subtractRow(out: usize, v: usize, bg: usize, count: usize, weights: usize, half: i32, threshold: f64): v128 {
  const thresholds = f64x2.splat(threshold);
  let most = f64x2.splat(0);
  for (let x: usize = 0; x < count; x += 2) {
    const at = v + (x << 3);
    let sum = f64x2.mul(v128.load(at), v128.load64_splat(weights));
    for (let k = half; k > 0; k--) {
      const pair = f64x2.add(v128.load(at - ((<usize>k) << 3)), v128.load(at + ((<usize>k) << 3)));
      sum = f64x2.add(sum, f64x2.mul(pair, v128.load64_splat(weights + ((<usize>k) << 3))));
    }
    const level = f64x2.convert_low_i32x4_s(i32x4.extend_low_i16x8_u(v128.load32_zero(bg + (x << 1))));
    const value = aboveThreshold(f64x2.sub(sum, level), thresholds);
    v128.store(out + (x << 3), value);
    most = f64x2.pmax(most, value);
  }
  return most;
}

@inline
function aboveThreshold(difference: v128, threshold: v128): v128 {
  return v128.and(difference, f64x2.ge(difference, threshold));
}

/** Half width 4: loads are shared by four neighbouring pixels. */
function subtractRow4(out: usize, v: usize, bg: usize, count: usize, weights: usize, threshold: f64): v128 {
  const thresholds = f64x2.splat(threshold);
  const w0 = v128.load64_splat(weights);
  const w1 = v128.load64_splat(weights, 8);
  const w2 = v128.load64_splat(weights, 16);
  const w3 = v128.load64_splat(weights, 24);
  const w4 = v128.load64_splat(weights, 32);
  let most = f64x2.splat(0);
  for (let x: usize = 0; x < count; x += 4) {
    const at = v - 32 + (x << 3);
    const e1 = v128.load(at, 16);
    const e2 = v128.load(at, 32);
    const e3 = v128.load(at, 48);
    const e4 = v128.load(at, 64);
    const o1 = v128.load(at, 24);
    const o2 = v128.load(at, 40);
    const o3 = v128.load(at, 56);
    let low = f64x2.mul(e2, w0);
    let high = f64x2.mul(e3, w0);
    low = f64x2.add(low, f64x2.mul(f64x2.add(v128.load(at), e4), w4));
    high = f64x2.add(high, f64x2.mul(f64x2.add(e1, v128.load(at, 80)), w4));
    low = f64x2.add(low, f64x2.mul(f64x2.add(v128.load(at, 8), o3), w3));
    high = f64x2.add(high, f64x2.mul(f64x2.add(o1, v128.load(at, 72)), w3));
    low = f64x2.add(low, f64x2.mul(f64x2.add(e1, e3), w2));
    high = f64x2.add(high, f64x2.mul(f64x2.add(e2, e4), w2));
    low = f64x2.add(low, f64x2.mul(f64x2.add(o1, o2), w1));
    high = f64x2.add(high, f64x2.mul(f64x2.add(o2, o3), w1));
    const level = v128.load16x4_u(bg + (x << 1));
    const upper = v128.shuffle<i32>(level, level, 2, 3, 0, 1);
    low = aboveThreshold(f64x2.sub(low, f64x2.convert_low_i32x4_s(level)), thresholds);
    high = aboveThreshold(f64x2.sub(high, f64x2.convert_low_i32x4_s(upper)), thresholds);
    v128.store(out + (x << 3), low);
    v128.store(out + (x << 3), high, 16);
    most = f64x2.pmax(most, f64x2.pmax(low, high));
  }
  return most;
}
