// The gray level below which a percentile of the non-zero pixels lies, as numpy interpolates it.

/**
 * Two-level count: the upper bytes of all pixels, then the lower bytes of those that share the upper byte of a rank.
 * `histogram`: 256 uint32. Returns the value of the given rank (from 0) among the pixels that are not zero.
 */
function valueOfRank(values: usize, stride: usize, width: i32, height: i32, rank: i64, histogram: usize): i32 {
  memory.fill(histogram, 0, 1024);
  for (let y = 0; y < height; y++) {
    const row = values + <usize>y * stride;
    for (let x: usize = 0; x < <usize>width; x++) {
      const value = load<u16>(row + (x << 1));
      if (value == 0) continue;
      const bin = histogram + ((<usize>(value >> 8)) << 2);
      store<u32>(bin, load<u32>(bin) + 1);
    }
  }
  let before: i64 = 0;
  let upper = 0;
  for (; upper < 255; upper++) {
    const count = <i64>load<u32>(histogram + ((<usize>upper) << 2));
    if (before + count > rank) break;
    before += count;
  }
  memory.fill(histogram, 0, 1024);
  for (let y = 0; y < height; y++) {
    const row = values + <usize>y * stride;
    for (let x: usize = 0; x < <usize>width; x++) {
      const value = <i32>load<u16>(row + (x << 1));
      if (value == 0 || value >> 8 != upper) continue;
      const bin = histogram + ((<usize>(value & 255)) << 2);
      store<u32>(bin, load<u32>(bin) + 1);
    }
  }
  let lower = 0;
  for (; lower < 255; lower++) {
    const count = <i64>load<u32>(histogram + ((<usize>lower) << 2));
    if (before + count > rank) break;
    before += count;
  }
  return (upper << 8) | lower;
}

// Frames with fewer non-zero pixels than this are counted whole.
const sampleFrom: i32 = 65536;
// One pixel in 61 is sampled: a prime, so that no row width is a multiple of it.
const sampleEvery: i32 = 61;

/**
 * numpy.percentile(pixels that are not zero, percentile), linear interpolation; NaN where all are zero.
 * image: height rows of `stride` bytes, zeros from the width up to its next multiple of 8. lit: how many are not zero.
 * histogram: 1024 bytes. list: listBytes bytes, an eighth of the image or more serves well.
 */
export function percentileOfNonZero_u16(
  image: usize, stride: usize, width: i32, height: i32, lit: i32, percentile: f64,
  histogram: usize, list: usize, listBytes: usize,
): f64 {
  if (lit == 0) return NaN;
  const position = <f64>(lit - 1) * (percentile / 100);
  const below = floor<f64>(position);
  const fraction = position - below;
  const first = <i64>below;
  const second = min(first + 1, <i64>lit - 1);
  let a = -1;
  let b = -1;
  if (lit >= sampleFrom) {
    // Two sampled values that almost surely enclose both ranks; one pass then counts what is below and keeps what is between.
    const sampled = sample(list, image, stride, width, height, listBytes);
    const spread = <i64>(4.0 * sqrt<f64>(<f64>sampled)) + 2;
    const middle = <i64>(<f64>sampled * (percentile / 100));
    const low = valueOfRank(list, 0, sampled, 1, max(middle - spread, 0), histogram);
    const high = valueOfRank(list, 0, sampled, 1, min(middle + spread, <i64>sampled - 1), histogram);
    const from = middle - spread <= 0 ? 1 : low;
    const to = middle + spread >= <i64>sampled - 1 ? 65535 : high;
    const zeros = <i64>((width + 7) & ~7) * <i64>height - <i64>lit;
    const fewer = countBelow(image, stride, width, height, from) - zeros;
    const kept = collectBetween(list, listBytes, image, stride, width, height, from, to);
    if (kept >= 0 && first >= fewer && second < fewer + <i64>kept) {
      a = valueOfRank(list, 0, kept, 1, first - fewer, histogram);
      b = second == first ? a : valueOfRank(list, 0, kept, 1, second - fewer, histogram);
    }
  }
  if (a < 0) {
    a = valueOfRank(image, stride, width, height, first, histogram);
    b = second == first ? a : valueOfRank(image, stride, width, height, second, histogram);
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
      if (value == 0 || ((<usize>count) << 1) >= listBytes) continue;
      store<u16>(list + ((<usize>count) << 1), value);
      count++;
    }
    x -= width;
  }
  return count;
}

/** How many pixels are below the value, those that pad each row to a multiple of 8 included. */
function countBelow(image: usize, stride: usize, width: i32, height: i32, value: i32): i64 {
  const values = i16x8.splat(<i16>value);
  const padded = <usize>((width + 7) & ~7);
  let total: i64 = 0;
  for (let y = 0; y < height; y++) {
    const row = image + <usize>y * stride;
    // A lane counts down once for each of at most 32767 vectors a row; both signs are undone in the sum.
    let counts = i16x8.splat(0);
    for (let x: usize = 0; x < padded; x += 8) {
      const pixels = v128.load(row + (x << 1));
      counts = i16x8.sub(counts, i16x8.lt_u(pixels, values));
    }
    let sums = i32x4.extadd_pairwise_i16x8_u(counts);
    sums = i32x4.add(sums, v128.shuffle<i32>(sums, sums, 2, 3, 0, 1));
    total += <i64>(i32x4.extract_lane(sums, 0) + i32x4.extract_lane(sums, 1));
  }
  return total;
}

/** Appends the pixels from `from` to `to`; -1 where they are more than the list holds. */
function collectBetween(list: usize, listBytes: usize, image: usize, stride: usize, width: i32, height: i32, from: i32, to: i32): i32 {
  const lows = i16x8.splat(<i16>from);
  const highs = i16x8.splat(<i16>to);
  const padded = <usize>((width + 7) & ~7);
  const end = list + listBytes - 16;
  let to8 = list;
  for (let y = 0; y < height; y++) {
    const row = image + <usize>y * stride;
    for (let x: usize = 0; x < padded; x += 8) {
      const pixels = v128.load(row + (x << 1));
      let mask = i16x8.bitmask(v128.and(i16x8.ge_u(pixels, lows), i16x8.le_u(pixels, highs)));
      if (mask == 0) continue;
      if (to8 > end) return -1;
      while (mask != 0) {
        const lane = <usize>ctz<i32>(mask);
        store<u16>(to8, load<u16>(row + ((x + lane) << 1)));
        to8 += 2;
        mask &= mask - 1;
      }
    }
  }
  return <i32>((to8 - list) >> 1);
}
