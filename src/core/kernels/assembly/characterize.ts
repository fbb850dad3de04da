// Radius of gyration, eccentricity, brightest pixel and raw mass of features, over the disc where refinement ended.
// All sums but the two of the eccentricity are exact integers. Reads are refine.ts's.

import { keep } from "./keep";

/**
 * rows: 8 float64 a feature: x, y, mass, ecc, size, signal, raw mass, index in `features`; a feature whose values lie outside the limits
 * is left out, and the number of rows returned. kept: dropClose's indices of `features`.
 * Tables for rows x chunks of eight: ones and squares int16 (squares = dx^2 inside the disc), cosines and sines float64
 * (cos and sin of twice the angle inside, 0 outside). sums: refine_u16's, at 24 the sum of dx^2 + dy^2 over the disc, times 32768,
 * and room for 32 bytes more.
 * raw: uint16, rawStride bytes a row. limits: float64 minMass, maxMass, maxSize, minEcc, maxEcc.
 */
export function characterize_u16(
  rows: usize, features: usize, kept: usize, count: i32, image: usize, stride: usize, raw: usize, rawStride: usize,
  radiusY: i32, radiusX: i32, chunks: i32, ones: usize, squares: usize, cosines: usize, sines: usize, sums: usize,
  scale: f64, limits: usize,
): i32 {
  const onesSum = load<f64>(sums);
  const squaresSum = load<f64>(sums, 24);
  const minMass = load<f64>(limits);
  const maxMass = load<f64>(limits, 8);
  const flip = keep(sums + 48, i16x8.splat(-32768));
  const lead = ((<usize>chunks) << 4) - ((<usize>(2 * radiusX + 1)) << 1);
  const height = 2 * radiusY + 1;
  const chunkBytes = (<usize>chunks) << 4;
  // A lane's sum of squares over a row is about radius^3 / 6 * 32768: 32 bits hold it up to a radius of 73.
  const wide = radiusX > 60;
  const rowBytes = stride < rawStride ? stride : rawStride;
  let warmed: usize = 0;
  let out = rows;
  for (let index = 0; index < count; index++) {
    const feature = features + <usize>load<i32>(kept + ((<usize>index) << 2)) * 40;
    const mass = load<f64>(feature, 16);
    const scaledMass = mass / scale;
    if (!(scaledMass > minMass && scaledMass <= maxMass)) continue;
    const top = <usize>load<f64>(feature, 24);
    const left = (<usize>load<f64>(feature, 32)) << 1;
    const below = top + <usize>height;
    if (below > warmed) {
      const from = max(warmed, top);
      store<u64>(sums, touchRows(image, stride, rowBytes, from, below) ^ touchRows(raw, rawStride, rowBytes, from, below), 32);
      warmed = below;
    }
    let at = image + top * stride + left - lead;
    let from = raw + top * rawStride + left - lead;
    let table: usize = 0;
    let brightest = i16x8.splat(0);
    let moment: i64 = 0;
    let rawMass: i64 = 0;
    let cosine = f64x2.splat(0);
    let sine = f64x2.splat(0);
    for (let row = 0; row < height; row++) {
      let rowMasses = i32x4.splat(0);
      let rowSquares = i32x4.splat(0);
      let rowRaw = i32x4.splat(0);
      let chunk: usize = 0;
      do {
        const pixels = v128.load(at + chunk);
        const inside = v128.load(ones + table);
        const signed = v128.xor(pixels, flip);
        rowMasses = i32x4.add(rowMasses, i32x4.dot_i16x8_s(signed, inside));
        const squared = i32x4.dot_i16x8_s(signed, v128.load(squares + table));
        if (wide) moment += lanes(squared);
        else rowSquares = i32x4.add(rowSquares, squared);
        rowRaw = i32x4.add(rowRaw, i32x4.dot_i16x8_s(v128.xor(v128.load(from + chunk), flip), inside));
        brightest = i16x8.max_u(brightest, v128.and(pixels, i16x8.neg(inside)));
        const low = i32x4.extend_low_i16x8_u(pixels);
        const high = i32x4.extend_high_i16x8_u(pixels);
        const a = f64x2.convert_low_i32x4_s(low);
        const b = f64x2.convert_low_i32x4_s(v128.shuffle<i32>(low, low, 2, 3, 0, 1));
        const c = f64x2.convert_low_i32x4_s(high);
        const d = f64x2.convert_low_i32x4_s(v128.shuffle<i32>(high, high, 2, 3, 0, 1));
        const weights = table << 2;
        cosine = f64x2.add(cosine, f64x2.add(
          f64x2.add(f64x2.mul(a, v128.load(cosines + weights)), f64x2.mul(b, v128.load(cosines + weights, 16))),
          f64x2.add(f64x2.mul(c, v128.load(cosines + weights, 32)), f64x2.mul(d, v128.load(cosines + weights, 48))),
        ));
        sine = f64x2.add(sine, f64x2.add(
          f64x2.add(f64x2.mul(a, v128.load(sines + weights)), f64x2.mul(b, v128.load(sines + weights, 16))),
          f64x2.add(f64x2.mul(c, v128.load(sines + weights, 32)), f64x2.mul(d, v128.load(sines + weights, 48))),
        ));
        table += 16;
        chunk += 16;
      } while (chunk < chunkBytes);
      const dy = <i64>(row - radiusY);
      moment += lanes(rowSquares) + lanes(rowMasses) * dy * dy;
      rawMass += lanes(rowRaw);
      at += stride;
      from += rawStride;
    }
    const size = sqrt<f64>((<f64>moment + squaresSum) / mass);
    const cosSum = f64x2.extract_lane(cosine, 0) + f64x2.extract_lane(cosine, 1);
    const sinSum = f64x2.extract_lane(sine, 0) + f64x2.extract_lane(sine, 1);
    const centre = <f64>load<u16>(image + (top + <usize>radiusY) * stride + left + ((<usize>radiusX) << 1));
    const ecc = sqrt<f64>(cosSum * cosSum + sinSum * sinSum) / (mass - centre + 1e-6);
    if (!(size < load<f64>(limits, 16) && ecc >= load<f64>(limits, 24) && ecc <= load<f64>(limits, 32))) continue;
    store<f64>(out, load<f64>(feature, 8));
    store<f64>(out, load<f64>(feature), 8);
    store<f64>(out, scaledMass, 16);
    store<f64>(out, ecc, 24);
    store<f64>(out, size, 32);
    store<f64>(out, <f64>largestLane(brightest) / scale, 40);
    store<f64>(out, <f64>rawMass + onesSum, 48);
    store<f64>(out, <f64>((feature - features) / 40), 56);
    out += 64;
  }
  return <i32>((out - rows) >> 6);
}

/** Reads a word of every cache line of rows, in order: features jump along them, and would wait for each line. */
export function touchRows(image: usize, stride: usize, bytes: usize, from: usize, to: usize): u64 {
  let sum: u64 = 0;
  for (let row = from; row < to; row++) {
    const line = image + row * stride;
    for (let at: usize = 0; at + 8 <= bytes; at += 64) sum ^= load<u64>(line + at);
  }
  return sum;
}

@inline
function lanes(v: v128): i64 {
  const pairs = i64x2.add(i64x2.extend_low_i32x4_s(v), i64x2.extend_high_i32x4_s(v));
  return i64x2.extract_lane(pairs, 0) + i64x2.extract_lane(pairs, 1);
}

@inline
function largestLane(v: v128): i32 {
  let most = i16x8.max_u(v, v128.shuffle<i16>(v, v, 4, 5, 6, 7, 0, 1, 2, 3));
  most = i16x8.max_u(most, v128.shuffle<i16>(most, most, 2, 3, 0, 1, 6, 7, 4, 5));
  most = i16x8.max_u(most, v128.shuffle<i16>(most, most, 1, 0, 3, 2, 5, 4, 7, 6));
  return <i32>i16x8.extract_lane_u(most, 0);
}
