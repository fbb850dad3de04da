// Black level and noise: mean and standard deviation of the raw pixels whose whole disc is zero in the scaled image.
// The disc is taken from rows of bits, 64 pixels at a time: a pixel is background if, on every row of the disc, all
// zeros from halfWidth before to halfWidth after are there. Runs of every width the disc has are made row by row, each
// from the narrower one; rows without a run as wide as the disc, nearly all in a noisy frame, end early.

/**
 * result: float64 mean, standard deviation (NaN where fewer than 1 or 2 pixels). zeroBits: summarize_u16's, bitStride
 * bytes a row, a multiple of 8, ones beyond the width. widths: the disc's different half widths, int32, rising, `levels`
 * of them; levelOfRow: int32, for each of the disc's 2 * radiusY + 1 rows the index of its width.
 * raw: uint16. runs: levels * height * bitStride bytes. reached: a byte a row.
 */
export function measureBackground_u16(
  result: usize, zeroBits: usize, bitStride: usize, raw: usize, rawStride: usize, width: i32, height: i32,
  radiusY: i32, widths: usize, levels: i32, levelOfRow: usize, runs: usize, reached: usize,
): void {
  const words = <i32>(bitStride >> 3);
  makeRuns(zeroBits, bitStride, width, height, widths, levels, runs, reached);
  let count: i64 = 0;
  let sum: i64 = 0;
  let squares: i64 = 0;
  for (let y = 0; y < height; y++) {
    if (!hasRuns(y, height, radiusY, levelOfRow, reached)) continue;
    const line = raw + <usize>y * rawStride;
    for (let word = 0; word < words; word++) {
      let bits = backgroundBits(word, y, width, height, radiusY, levelOfRow, runs, bitStride);
      count += <i64>popcnt<u64>(bits);
      const pixels = line + ((<usize>word) << 7);
      while (bits != 0) {
        const pixel = <i64>load<u16>(pixels + ((<usize>ctz<u64>(bits)) << 1));
        sum += pixel;
        squares += pixel * pixel;
        bits &= bits - 1;
      }
    }
  }
  store<f64>(result, count == 0 ? NaN : <f64>sum / <f64>count);
  if (count < 2) {
    store<f64>(result, NaN, 8);
    return;
  }
  // Squares around a whole number near the mean stay exact.
  const pivot = sum / count;
  const shifted = <f64>(sum - pivot * count);
  const around = <f64>(squares - 2 * pivot * sum + pivot * pivot * count);
  store<f64>(result, sqrt<f64>(max<f64>((around - (shifted * shifted) / <f64>count) / <f64>count, 0)), 8);
}

/** The same for float32 pixels, with sums in double precision: first the mean, then the squares around it. */
export function measureBackground_f32(
  result: usize, zeroBits: usize, bitStride: usize, raw: usize, rawStride: usize, width: i32, height: i32,
  radiusY: i32, widths: usize, levels: i32, levelOfRow: usize, runs: usize, reached: usize,
): void {
  const words = <i32>(bitStride >> 3);
  makeRuns(zeroBits, bitStride, width, height, widths, levels, runs, reached);
  let mean: f64 = 0;
  let deviation: f64 = 0;
  for (let pass = 0; pass < 2; pass++) {
    let count: i64 = 0;
    let sum: f64 = 0;
    let squares: f64 = 0;
    for (let y = 0; y < height; y++) {
      if (!hasRuns(y, height, radiusY, levelOfRow, reached)) continue;
      for (let word = 0; word < words; word++) {
        let bits = backgroundBits(word, y, width, height, radiusY, levelOfRow, runs, bitStride);
        while (bits != 0) {
          const x = (<usize>word << 6) + <usize>ctz<u64>(bits);
          const pixel = <f64>load<f32>(raw + <usize>y * rawStride + (x << 2)) - mean;
          count++;
          sum += pixel;
          squares += pixel * pixel;
          bits &= bits - 1;
        }
      }
    }
    if (pass == 0) mean = count == 0 ? NaN : sum / <f64>count;
    else deviation = count < 2 ? NaN : sqrt<f64>(max<f64>((squares - (sum * sum) / <f64>count) / <f64>count, 0));
  }
  store<f64>(result, mean);
  store<f64>(result, deviation, 8);
}

function makeRuns(
  zeroBits: usize, bitStride: usize, width: i32, height: i32, widths: usize, levels: i32, runs: usize, reached: usize,
): void {
  const words = <i32>(bitStride >> 3);
  const plane = <usize>height * bitStride;
  for (let y = 0; y < height; y++) {
    let from = zeroBits + <usize>y * bitStride;
    let half = 0;
    let level = 0;
    for (; level < levels; level++) {
      const wanted = load<i32>(widths + ((<usize>level) << 2));
      const out = runs + <usize>level * plane + <usize>y * bitStride;
      if (!widen(out, from, words, width, half, wanted)) break;
      from = out;
      half = wanted;
    }
    store<u8>(reached + <usize>y, <u8>min(level, 255));
  }
}

/** The pixels of word `word` in row y whose disc is all zero. */
@inline
function backgroundBits(
  word: i32, y: i32, width: i32, height: i32, radiusY: i32, levelOfRow: usize, runs: usize, bitStride: usize,
): u64 {
  const plane = <usize>height * bitStride;
  let bits: u64 = validBits(word, width);
  for (let row = 0; row <= 2 * radiusY && bits != 0; row++) {
    const other = y + row - radiusY;
    if (other < 0 || other >= height) continue;
    const level = <usize>load<i32>(levelOfRow + ((<usize>row) << 2));
    bits &= load<u64>(runs + level * plane + <usize>other * bitStride + ((<usize>word) << 3));
  }
  return bits;
}

/** Bits of this word that are pixels. */
@inline
function validBits(word: i32, width: i32): u64 {
  const pixels = width - (word << 6);
  return pixels >= 64 ? <u64>-1 : pixels <= 0 ? 0 : ((<u64>1) << <u64>pixels) - 1;
}

/** Every row of the disc around row y has a run as wide as that row needs. */
function hasRuns(y: i32, height: i32, radiusY: i32, levelOfRow: usize, reached: usize): bool {
  for (let row = 0; row <= 2 * radiusY; row++) {
    const other = y + row - radiusY;
    if (other < 0 || other >= height) continue;
    if (<i32>load<u8>(reached + <usize>other) <= load<i32>(levelOfRow + ((<usize>row) << 2))) return false;
  }
  return true;
}

/**
 * out bit x = 1 where `from` (runs of half width `half`) makes a run of half width `wanted` around x; beyond both ends
 * all is 1. A run around x - s, x and x + s with s <= 2 half + 1 is a run of half width half + s. False where none is left.
 */
function widen(out: usize, from: usize, words: i32, width: i32, half: i32, wanted: i32): bool {
  if (half == wanted) {
    memory.copy(out, from, (<usize>words) << 3);
    return true;
  }
  while (half < wanted) {
    const shift = min(min(wanted - half, 2 * half + 1), 63);
    const left = <u64>shift;
    const right = <u64>(64 - shift);
    let any: u64 = 0;
    let before: u64 = <u64>-1;
    let here = load<u64>(from);
    for (let word = 0; word < words; word++) {
      const at = (<usize>word) << 3;
      const after = word + 1 < words ? load<u64>(from + at, 8) : <u64>-1;
      const run = here & ((here << left) | (before >> right)) & ((here >> left) | (after << right));
      store<u64>(out + at, run);
      any |= word + 1 < words ? run : run & validBits(word, width);
      before = here;
      here = after;
    }
    if (any == 0) return false;
    from = out;
    half += shift;
  }
  return true;
}
