// The gray level below which a percentile of the non-zero pixels lies, as numpy interpolates it.

/**
 * The value of the given rank (from 0) among all values of `height` rows of `padded` uint16, a multiple of 8 below
 * 524280: the largest v that no more than `rank` values are below, found by halving.
 */
function valueOfRank(values: usize, stride: usize, padded: usize, height: i32, rank: i64): i32 {
  let low = 0;
  let high = 65535;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (countBelow(values, stride, padded, height, middle) <= rank) low = middle;
    else high = middle - 1;
  }
  return low;
}

function countBelow(values: usize, stride: usize, padded: usize, height: i32, limit: i32): i64 {
  const limits = i16x8.splat(<i16>limit);
  let total: i64 = 0;
  for (let y = 0; y < height; y++) {
    const row = values + <usize>y * stride;
    // A lane holds the counts of up to 65535 vectors.
    let counts = i16x8.splat(0);
    const end = row + (padded << 1);
    let at = row;
    for (; at + 64 <= end; at += 64) {
      const a = i16x8.add(i16x8.lt_u(v128.load(at), limits), i16x8.lt_u(v128.load(at, 16), limits));
      const b = i16x8.add(i16x8.lt_u(v128.load(at, 32), limits), i16x8.lt_u(v128.load(at, 48), limits));
      counts = i16x8.sub(counts, i16x8.add(a, b));
    }
    for (; at < end; at += 16) counts = i16x8.sub(counts, i16x8.lt_u(v128.load(at), limits));
    total += sumLanes(counts);
  }
  return total;
}

@inline
function sumLanes(counts: v128): i64 {
  let sums = i32x4.extadd_pairwise_i16x8_u(counts);
  sums = i32x4.add(sums, v128.shuffle<i32>(sums, sums, 2, 3, 0, 1));
  return <i64>(i32x4.extract_lane(sums, 0) + i32x4.extract_lane(sums, 1));
}

/** The list of `count` values filled up with 65535 to a multiple of 8, whose number is returned. */
function padList(list: usize, count: i32): usize {
  const padded = (count + 7) & ~7;
  for (let i = count; i < padded; i++) store<u16>(list + ((<usize>i) << 1), 65535);
  return <usize>padded;
}

// Frames with fewer non-zero pixels than this are counted whole.
const sampleFrom: i32 = 65536;
// One pixel in 61 is sampled: a prime, so that no row width is a multiple of it.
const sampleEvery: i32 = 61;

/**
 * numpy.percentile(pixels that are not zero, percentile), linear interpolation; NaN where all are zero.
 * image: height rows of `stride` bytes, zeros from the width up to its next multiple of 8. lit: how many are not zero.
 * below8: 8 bytes. list: listBytes bytes, at most 1,000,000; an eighth of the image serves well.
 */
export function percentileOfNonZero_u16(
  image: usize, stride: usize, width: i32, height: i32, lit: i32, percentile: f64,
  below8: usize, list: usize, listBytes: usize,
): f64 {
  if (lit == 0) return NaN;
  const position = <f64>(lit - 1) * (percentile / 100);
  const below = floor<f64>(position);
  const fraction = position - below;
  const first = <i64>below;
  const second = min(first + 1, <i64>lit - 1);
  const padded = (width + 7) & ~7;
  const zeros = <i64>padded * <i64>height - <i64>lit;
  let a = -1;
  let b = -1;
  if (lit >= sampleFrom) {
    // Two sampled values that almost surely enclose both ranks; one pass then counts what is below and keeps what is between.
    const sampled = sample(list, image, stride, width, height, listBytes);
    const length = padList(list, sampled);
    const spread = <i64>(4.0 * sqrt<f64>(<f64>sampled)) + 2;
    const middle = <i64>(<f64>sampled * (percentile / 100));
    const from = middle - spread <= 0 ? 1 : valueOfRank(list, 0, length, 1, middle - spread);
    const to = middle + spread >= <i64>sampled - 1 ? 65535 : valueOfRank(list, 0, length, 1, middle + spread);
    const kept = collectBetween(list, listBytes, below8, image, stride, width, height, from, to);
    const fewer = load<i64>(below8) - zeros;
    if (kept >= 0 && first >= fewer && second < fewer + <i64>kept) {
      const keptLength = padList(list, kept);
      a = valueOfRank(list, 0, keptLength, 1, first - fewer);
      b = countBelow(list, 0, keptLength, 1, a + 1) > second - fewer || a == 65535 ? a : valueOfRank(list, 0, keptLength, 1, second - fewer);
    }
  }
  if (a < 0) {
    const length = <usize>padded;
    a = valueOfRank(image, stride, length, height, zeros + first);
    b = a == 65535 || countBelow(image, stride, length, height, a + 1) > zeros + second ? a : valueOfRank(image, stride, length, height, zeros + second);
  }
  const difference = <f64>(b - a);
  return fraction >= 0.5 ? <f64>b - difference * (1 - fraction) : <f64>a + difference * fraction;
}

function sample(list: usize, image: usize, stride: usize, width: i32, height: i32, listBytes: usize): i32 {
  let count = 0;
  let x = 0;
  for (let y = 0; y < height; y++) {
    const row = image + <usize>y * stride;
    for (; x < width; x += sampleEvery) {
      const value = load<u16>(row + ((<usize>x) << 1));
      if (value == 0 || ((<usize>count) << 1) + 16 > listBytes) continue;
      store<u16>(list + ((<usize>count) << 1), value);
      count++;
    }
    x -= width;
  }
  return count;
}

/**
 * Keeps the pixels from `from` to `to`; -1 where they are more than the list holds. Leaves at `below`, as int64, how many
 * pixels are below `from`, those that pad each row to a multiple of 8 included.
 */
function collectBetween(
  list: usize, listBytes: usize, below: usize, image: usize, stride: usize, width: i32, height: i32, from: i32, to: i32,
): i32 {
  const lows = i16x8.splat(<i16>from);
  const highs = i16x8.splat(<i16>to);
  const padded = <usize>((width + 7) & ~7);
  const end = list + listBytes - 16;
  let next = list;
  let total: i64 = 0;
  for (let y = 0; y < height; y++) {
    const row = image + <usize>y * stride;
    // A lane holds the counts of up to 65535 vectors, half a million pixels a row.
    let counts = i16x8.splat(0);
    for (let x: usize = 0; x < padded; x += 8) {
      const pixels = v128.load(row + (x << 1));
      const isLower = i16x8.lt_u(pixels, lows);
      counts = i16x8.sub(counts, isLower);
      let mask = i16x8.bitmask(v128.andnot(i16x8.le_u(pixels, highs), isLower));
      if (mask == 0) continue;
      if (next > end) return -1;
      while (mask != 0) {
        const lane = <usize>ctz<i32>(mask);
        store<u16>(next, load<u16>(row + ((x + lane) << 1)));
        next += 2;
        mask &= mask - 1;
      }
    }
    total += sumLanes(counts);
  }
  store<i64>(below, total);
  return <i32>((next - list) >> 1);
}
