// Black level and noise: mean and standard deviation of the raw pixels whose whole disc is zero in the scaled image.

import { backgroundRow } from "./background-rows";

/**
 * sums: int64 count, sum and sum of squares of the background pixels of the rows from top to bottom - 1. raw: uint16. bits:
 * bitStride bytes. The others are backgroundRow's.
 */
export function sumBackground_u16(
  sums: usize, top: i32, bottom: i32, zeroBits: usize, bitStride: usize, raw: usize, rawStride: usize, width: i32, height: i32,
  radiusY: i32, widths: usize, levels: i32, levelOfRow: usize, ring: usize, addresses: usize, bits: usize,
): void {
  let count: i64 = 0;
  let sum: i64 = 0;
  let squares: i64 = 0;
  for (let y = top; y < bottom; y++) {
    if (!backgroundRow(bits, y, top, zeroBits, bitStride, width, height, radiusY, widths, levels, levelOfRow, ring, addresses)) continue;
    const line = raw + <usize>y * rawStride;
    for (let at: usize = 0; at < bitStride; at += 8) {
      let word = load<u64>(bits + at);
      count += <i64>popcnt<u64>(word);
      const pixels = line + (at << 4);
      while (word != 0) {
        const pixel = <i64>load<u16>(pixels + ((<usize>ctz<u64>(word)) << 1));
        sum += pixel;
        squares += pixel * pixel;
        word &= word - 1;
      }
    }
  }
  store<i64>(sums, count);
  store<i64>(sums, sum, 8);
  store<i64>(sums, squares, 16);
}

/** result: float64 mean, standard deviation (NaN where fewer than 1 or 2 pixels). sums: sumBackground_u16's of `parts` parts. */
export function finishBackground_u16(result: usize, sums: usize, parts: i32): void {
  let count: i64 = 0;
  let sum: i64 = 0;
  let squares: i64 = 0;
  for (let part = 0; part < parts; part++) {
    const at = sums + <usize>part * 24;
    count += load<i64>(at);
    sum += load<i64>(at, 8);
    squares += load<i64>(at, 16);
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

/**
 * The same for float32 pixels of a whole frame, with sums in double precision, row by row: first the mean, then the squares
 * around it.
 */
export function measureBackground_f32(
  result: usize, zeroBits: usize, bitStride: usize, raw: usize, rawStride: usize, width: i32, height: i32,
  radiusY: i32, widths: usize, levels: i32, levelOfRow: usize, ring: usize, addresses: usize, bits: usize,
): void {
  let mean: f64 = 0;
  let deviation: f64 = 0;
  for (let pass = 0; pass < 2; pass++) {
    let count: i64 = 0;
    let sum: f64 = 0;
    let squares: f64 = 0;
    for (let y = 0; y < height; y++) {
      if (!backgroundRow(bits, y, 0, zeroBits, bitStride, width, height, radiusY, widths, levels, levelOfRow, ring, addresses)) continue;
      const line = raw + <usize>y * rawStride;
      for (let at: usize = 0; at < bitStride; at += 8) {
        let word = load<u64>(bits + at);
        const pixels = line + (at << 5);
        while (word != 0) {
          const pixel = <f64>load<f32>(pixels + ((<usize>ctz<u64>(word)) << 2)) - mean;
          count++;
          sum += pixel;
          squares += pixel * pixel;
          word &= word - 1;
        }
      }
    }
    if (pass == 0) mean = count == 0 ? NaN : sum / <f64>count;
    else deviation = count < 2 ? NaN : sqrt<f64>(max<f64>((squares - (sum * sum) / <f64>count) / <f64>count, 0));
  }
  store<f64>(result, mean);
  store<f64>(result, deviation, 8);
}
