import { keep } from "./keep";

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

/**
 * How far from a percentile the bracket reaches, in samples: four standard deviations of the number of samples below it.
 * A bracket that fails, one in ten thousand, is noticed and costs time only.
 */
@inline
function spreadOf(samples: i32, fraction: f64): i32 {
  return <i32>(4 * sqrt<f64>(<f64>samples * fraction * (1 - fraction))) + 2;
}

/**
 * Chooses two grey levels that almost surely enclose a percentile, from `count` samples (uint16, room for 7 more), and
 * leaves them at `ranks`: int32 from, to; then clears what collectRow counts: int64 not above `to`, int32 kept (at 16).
 */
function openBracket(ranks: usize, samples: usize, count: i32, percentile: f64): void {
  const length = padList(samples, count);
  const fraction = percentile / 100;
  const middle = <i32>(<f64>count * fraction);
  const spread = spreadOf(count, fraction);
  // A level to either side: samples may have been rounded.
  const from = middle - spread <= 0 ? 1 : max(valueOfRank(samples, 0, length, 1, middle - spread) - 1, 1);
  const to = middle + spread >= count - 1 ? 65535 : min(valueOfRank(samples, 0, length, 1, middle + spread) + 1, 65535);
  store<i32>(ranks, from);
  store<i32>(ranks, to, 4);
  store<i64>(ranks, 0, 8);
  store<i32>(ranks, 0, 16);
}

/** The bracket from `count` float32 samples of the unscaled image, 0 or more, which become uint16 in place. */
export function bracketSamples_f32(ranks: usize, samples: usize, count: i32, scale: f64, percentile: f64): void {
  for (let i: usize = 0; i < <usize>count; i++) {
    store<u16>(samples + (i << 1), <u16><i32>min<f64>(<f64>load<f32>(samples + (i << 2)) * scale, 65535));
  }
  openBracket(ranks, samples, count, percentile);
}

/** Counts the pixels of a row of zeros up to `padded`, and keeps those within the bracket; -1 kept: the list was full. */
export function collectRow(ranks: usize, list: usize, listBytes: usize, row: usize, padded: i32): void {
  let kept = load<i32>(ranks, 16);
  if (kept < 0) return;
  const lows = v128.load16_splat(ranks);
  const highs = v128.load16_splat(ranks, 4);
  const span = keep(ranks + 32, i16x8.sub(highs, lows));
  const room = <i32>(listBytes >> 1) - 32;
  const bytes = (<usize>padded) << 1;
  // A lane holds the counts of up to 65535 vectors, half a million pixels a row.
  let counts = i16x8.splat(0);
  const whole = bytes & ~31;
  let at: usize = 0;
  while (at < bytes) {
    let within = i16x8.splat(0);
    // Two vectors a turn until one has a pixel within the bracket; an odd vector at the row's end counts as such.
    if (at < whole) {
      do {
        const a = v128.load(row + at);
        const b = v128.load(row + at, 16);
        counts = i16x8.sub(counts, i16x8.add(i16x8.le_u(a, highs), i16x8.le_u(b, highs)));
        within = i8x16.narrow_i16x8_s(i16x8.le_u(i16x8.sub(a, lows), span), i16x8.le_u(i16x8.sub(b, lows), span));
        at += 32;
      } while (at < whole && !v128.any_true(within));
    } else {
      const a = v128.load(row + at);
      counts = i16x8.sub(counts, i16x8.le_u(a, highs));
      within = i8x16.narrow_i16x8_s(i16x8.le_u(i16x8.sub(a, lows), span), i16x8.splat(0));
      at += 32;
    }
    if (kept > room) {
      store<i32>(ranks, -1, 16);
      return;
    }
    let mask = i8x16.bitmask(within);
    while (mask != 0) {
      store<u16>(list + ((<usize>kept) << 1), load<u16>(row + at - 32 + ((<usize>ctz<i32>(mask)) << 1)));
      kept++;
      mask &= mask - 1;
    }
  }
  store<i32>(ranks, kept, 16);
  store<i64>(ranks, load<i64>(ranks, 8) + sumLanes(counts), 8);
}

// Fewer pixels than this are counted whole.
const sampleFrom: i32 = 512;

/**
 * numpy.percentile(pixels that are not zero, percentile), linear interpolation; NaN where all are zero.
 * image: height rows of `stride` bytes, zeros from the width up to its next multiple of 8. lit: how many are not zero.
 * ranks: 48 bytes. list: listBytes bytes, at most 1,000,000; an eighth of the image serves well. collected: 1 where ranks
 * and list hold what collectRow made of all rows. sampleEvery: one pixel in so many is sampled, odd.
 */
export function percentileOfNonZero_u16(
  image: usize, stride: usize, width: i32, height: i32, lit: i32, percentile: f64,
  ranks: usize, list: usize, listBytes: usize, collected: i32, sampleEvery: i32,
): f64 {
  if (lit == 0) return NaN;
  const position = <f64>(lit - 1) * (percentile / 100);
  const below = floor<f64>(position);
  const first = <i64>below;
  const second = min(first + 1, <i64>lit - 1);
  const padded = (width + 7) & ~7;
  const zeros = <i64>padded * <i64>height - <i64>lit;
  if (!collected && lit >= sampleFrom) {
    openBracket(ranks, list, sample(list, image, stride, width, height, listBytes, sampleEvery), percentile);
    for (let y = 0; y < height; y++) collectRow(ranks, list, listBytes, image + <usize>y * stride, padded);
    collected = 1;
  }
  let a = -1;
  let b = -1;
  if (collected) {
    const kept = load<i32>(ranks, 16);
    const fewer = load<i64>(ranks, 8) - <i64>kept - zeros;
    if (kept >= 0 && first >= fewer && second < fewer + <i64>kept) {
      const length = padList(list, kept);
      a = valueOfRank(list, 0, length, 1, first - fewer);
      b = followingValue(list, 0, length, 1, second - fewer, a);
    }
  }
  if (a < 0) {
    a = valueOfRank(image, stride, <usize>padded, height, zeros + first);
    b = followingValue(image, stride, <usize>padded, height, zeros + second, a);
  }
  const fraction = position - below;
  const difference = <f64>(b - a);
  return fraction >= 0.5 ? <f64>b - difference * (1 - fraction) : <f64>a + difference * fraction;
}

/** The value of a rank that is that of `a`, or the next. */
function followingValue(values: usize, stride: usize, padded: usize, height: i32, rank: i64, a: i32): i32 {
  if (a == 65535 || countBelow(values, stride, padded, height, a + 1) > rank) return a;
  return valueOfRank(values, stride, padded, height, rank);
}

function sample(list: usize, image: usize, stride: usize, width: i32, height: i32, listBytes: usize, every: i32): i32 {
  let count = 0;
  let x = 0;
  for (let y = 0; y < height; y++) {
    const row = image + <usize>y * stride;
    for (; x < width; x += every) {
      const value = load<u16>(row + ((<usize>x) << 1));
      if (value == 0 || ((<usize>count) << 1) + 16 > listBytes) continue;
      store<u16>(list + ((<usize>count) << 1), value);
      count++;
    }
    x -= width;
  }
  return count;
}
