// The scaled image from the float32 band-pass, exact where truncation is in doubt, and in the same pass over its rows
// all that later steps ask of it.

import { errorRate, exactDifference, segmentWidth, slack } from "./band-pass-single";
import { keep } from "./keep";
import { lowPassFour } from "./low-pass-exact";
import { collectRow } from "./percentile";
import { reduceBlocks, summarizeRow } from "./summarize";

// Adding 2^23 to a whole float32 from 0 to 2^22 leaves it in the low bits.
const wholeMagic: f32 = 8388608;
const wholeBits: i32 = 0x4b000000;

/**
 * image (uint16, imageStride bytes a row) = trunc(scale * d), d in double precision; written from left, a multiple of 64,
 * to right - 1, the last part of a row up to the width rounded up to 8, and from top, a multiple of 4, to bottom - 1. Returns
 * how many pixels are not zero, or -1 where more than `patience` vectors were in doubt; result: float64, how many were.
 *
 * With t = d scale in float32, d's error becomes E = errorRate (t + scale B') + scale slack; the roundings of the scale
 * and the product add 2.001 u t. Where no whole number is within E of t, trunc(t) is the answer; else the exact low-pass
 * decides. 1e-6 covers the roundings of this comparison, which takes t's fraction, exact, less a half.
 *
 * difference, raw, base, weights, segments: as bandPassSingle_u16 left or had them. limits: as there. quad: 256 bytes.
 * zeroBits, bitStride, blocks, blockStride: see summarize.ts. ranks, list, listBytes: see collectRow; ranks holds the
 * bracket.
 */
export function scaleSingle_u16(
  image: usize, imageStride: usize, difference: usize, stride: usize, raw: usize, rawStride: usize, width: i32, height: i32,
  left: i32, right: i32, top: i32, bottom: i32, base: i32, scale: f64, weightsY: usize, weightsX: usize, segments: usize, patience: i32, limits: usize, quad: usize,
  zeroBits: usize, bitStride: usize, blocks: usize, blockStride: usize, ranks: usize, list: usize, listBytes: usize,
  result: usize,
): i32 {
  const padded = (width + 7) & ~7;
  const end = right < width ? right : padded;
  const across = end - left;
  const firstBits = (<usize>left) >> 3;
  const bitBytes = right < width ? (<usize>across) >> 3 : bitStride - firstBits;
  const perRow = <usize>((width + segmentWidth - 1) / segmentWidth) << 2;
  const bytes = <usize>((right - left + segmentWidth - 1) / segmentWidth) << 2;
  const firstSegment = (<usize>(left / segmentWidth)) << 2;
  const limitsOfRow = limits - firstSegment;
  let doubts = 0;
  let lit = 0;
  for (let y = top; y < bottom; y++) {
    const from = difference + <usize>y * stride;
    const to = image + <usize>y * imageStride;
    const ahead = raw + <usize>min(y + 5, height - 1) * rawStride;
    segmentLimits(limits, segments + <usize>y * perRow + firstSegment, bytes, scale, quad + 128);
    let x = left;
    while (x < end) {
      x = scaleRow(to, from, x, end, scale, limitsOfRow, ahead, quad + 128);
      if (x >= end) break;
      doubts++;
      const halves = x & 3;
      x &= ~7;
      if (halves & 1) scaleFour(to, from, quad, raw, rawStride, width, height, y, x, base, scale, weightsY, weightsX);
      if (halves & 2) scaleFour(to, from, quad, raw, rawStride, width, height, y, x + 4, base, scale, weightsY, weightsX);
      x += 8;
    }
    if (doubts > patience) return -1;
    const part = to + ((<usize>left) << 1);
    lit += summarizeRow(zeroBits + <usize>y * bitStride + firstBits, bitBytes, part, across);
    if ((y & 3) == 3 || y == height - 1) {
      const line = blocks + <usize>(y >> 2) * blockStride + ((<usize>left) >> 1);
      reduceBlocks(line, image + ((<usize>left) << 1), imageStride, y, across);
    }
    collectRow(ranks, list, listBytes, part, across);
  }
  store<f64>(result, <f64>doubts);
  return lit;
}

/** limits: 0.5 less the part of E that does not depend on the pixel, float32 a segment; 12 bytes beyond are written. */
function segmentLimits(limits: usize, segments: usize, bytes: usize, scale: f64, constants: usize): void {
  const rates = keep(constants, f32x4.splat(<f32>(scale * errorRate * 1.001)));
  const leasts = keep(constants + 16, f32x4.splat(<f32>(0.5 - scale * slack - 1e-6)));
  let at: usize = 0;
  do {
    v128.store(limits + at, f32x4.sub(leasts, f32x4.mul(v128.load(segments + at), rates)));
    at += 16;
  } while (at < bytes);
}

/**
 * Scales the pixels from x to end, multiples of 8; returns the first eight with a doubt among them, plus 1 where
 * it is in the lower four and 2 where in the upper, or end. limits: float32 a segment, see segmentLimits. constants:
 * 96 bytes. ahead: the raw row that doubts are about to ask for, read in passing so that no doubt waits for memory.
 */
function scaleRow(to: usize, from: usize, x: i32, end: i32, scale: f64, limits: usize, ahead: usize, constants: usize): i32 {
  const scales = keep(constants, f32x4.splat(<f32>scale));
  const rates = keep(constants + 16, f32x4.splat(<f32>(errorRate + 2.2 / 16777216)));
  const halves = keep(constants + 32, f32x4.splat(0.5));
  const magic = keep(constants + 48, f32x4.splat(wholeMagic));
  const bits = keep(constants + 64, i32x4.splat(wholeBits));
  let touched: u64 = 0;
  do {
    const stop = min((x + segmentWidth) & ~(segmentWidth - 1), end);
    const least = v128.load32_splat(limits + ((<usize>(x / segmentWidth)) << 2));
    do {
      const at = from + ((<usize>x) << 2);
      touched ^= load<u64>(ahead + ((<usize>x) << 1));
      const a = f32x4.mul(v128.load(at), scales);
      const b = f32x4.mul(v128.load(at, 16), scales);
      const wholeA = f32x4.floor(a);
      const wholeB = f32x4.floor(b);
      const offA = f32x4.abs(f32x4.sub(f32x4.sub(a, wholeA), halves));
      const offB = f32x4.abs(f32x4.sub(f32x4.sub(b, wholeB), halves));
      // -Infinity, below the threshold, has no fraction: comparisons with NaN are false.
      const doubtA = f32x4.ge(offA, f32x4.sub(least, f32x4.mul(a, rates)));
      const doubtB = f32x4.ge(offB, f32x4.sub(least, f32x4.mul(b, rates)));
      v128.store(to + ((<usize>x) << 1), i16x8.narrow_i32x4_u(
        i32x4.sub(f32x4.add(wholeA, magic), bits), i32x4.sub(f32x4.add(wholeB, magic), bits),
      ));
      if (v128.any_true(v128.or(doubtA, doubtB))) {
        store<u64>(constants + 80, touched);
        return x + (v128.any_true(doubtA) ? 1 : 0) + (v128.any_true(doubtB) ? 2 : 0);
      }
      x += 8;
    } while (x < stop);
  } while (x < end);
  store<u64>(constants + 80, touched);
  return end;
}

/** The pixels x to x + 3 of a row from the exact low-pass. */
function scaleFour(
  to: usize, from: usize, quad: usize, raw: usize, rawStride: usize, width: i32, height: i32, y: i32, x: i32, base: i32,
  scale: f64, weightsY: usize, weightsX: usize,
): void {
  lowPassFour(quad + 96, quad, raw, rawStride, width, height, y, x, weightsY, weightsX);
  for (let i = 0; i < 4; i++) {
    const at = <usize>(x + i);
    const rough = load<f32>(from + (at << 2));
    const value = rough == -Infinity ? 0 : scale * exactDifference(load<f64>(quad + 96 + ((<usize>i) << 3)), rough, base);
    store<u16>(to + (at << 1), <u16><i32>max<f64>(value, 0));
  }
}
