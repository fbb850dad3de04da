// Centroids of peaks, exact: sums over the disc are sums of integers. A row of the disc is read as vectors of eight
// that end where the disc's square ends, so that no read goes beyond a row's last pixel (the reads before the square
// have weight 0). Pixels are read less 32768, which the signed products of i32x4.dot_i16x8_s want, and corrected after.

import { touchRows } from "./characterize";
import { keep } from "./keep";

/**
 * Tables made by the caller, for chunks = ceil((2 rx + 1) / 8) and rows = 2 ry + 1, int16:
 * ones: 1 inside the disc, 0 outside; xs: column of the square, 0 to 2 rx, inside the disc, 0 outside.
 * onesSum, xsSum, ysSum: their sums, and that of the rows' indices, over the disc, as float64 at `sums`, times 32768;
 * 32 bytes of scratch 32 bytes from there.
 *
 * features: 5 float64 a row: y, x, mass, top, left. peaks: findPeaks_u16's, all of them from column left to right - 1: the
 * rows there are read ahead. Every sum of a row stays in 32 bits for
 * radii up to 150; the rows are added in 64 bits where wide is set (the caller sets it for radii above 30).
 */
export function refine_u16(
  features: usize, peaks: usize, count: i32, image: usize, stride: usize, width: i32, height: i32,
  left: i32, right: i32, radiusY: i32, radiusX: i32, chunks: i32, ones: usize, xs: usize, sums: usize, maxIterations: i32, wide: i32,
): void {
  const onesSum = load<f64>(sums);
  const xsSum = load<f64>(sums, 8);
  const ysSum = load<f64>(sums, 16);
  const rows = 2 * radiusY + 1;
  const flip = keep(sums + 48, i16x8.splat(-32768));
  const rowBytes = (<usize>chunks) << 4;
  const tableBytes = <usize>rows * rowBytes;
  const lead = ((<usize>chunks) << 4) - ((<usize>(2 * radiusX + 1)) << 1);
  const part = image + ((<usize>max(left - radiusX, 0)) << 1);
  const partBytes = image + ((<usize>min(right + radiusX, width)) << 1) - part;
  let warmed: usize = 0;
  for (let index = 0; index < count; index++) {
    let y = load<i32>(peaks + ((<usize>index) << 3));
    let x = load<i32>(peaks + ((<usize>index) << 3), 4);
    const out = features + <usize>index * 40;
    const below = <usize>min(y + radiusY + 2, height);
    if (below > warmed) {
      store<u64>(sums, touchRows(part, stride, partBytes, max(warmed, <usize>(y - radiusY)), below), 32);
      warmed = below;
    }
    for (let iteration = 1; ; iteration++) {
      const top = y - radiusY;
      const first = x - radiusX;
      let at = image + <usize>top * stride + ((<usize>first) << 1) - lead;
      let mass: f64;
      let momentX: f64;
      let momentY: f64;
      let table: usize = 0;
      if (!wide) {
        // Adding the running mass after every row counts row i (rows - i) times: no weights for y.
        let masses = i32x4.splat(0);
        let columns = i32x4.splat(0);
        let running = i32x4.splat(0);
        if (chunks == 3) {
          do {
            const a = v128.xor(v128.load(at), flip);
            const b = v128.xor(v128.load(at, 16), flip);
            const c = v128.xor(v128.load(at, 32), flip);
            masses = i32x4.add(masses, i32x4.dot_i16x8_s(a, v128.load(ones + table)));
            columns = i32x4.add(columns, i32x4.dot_i16x8_s(a, v128.load(xs + table)));
            masses = i32x4.add(masses, i32x4.dot_i16x8_s(b, v128.load(ones + table, 16)));
            columns = i32x4.add(columns, i32x4.dot_i16x8_s(b, v128.load(xs + table, 16)));
            masses = i32x4.add(masses, i32x4.dot_i16x8_s(c, v128.load(ones + table, 32)));
            columns = i32x4.add(columns, i32x4.dot_i16x8_s(c, v128.load(xs + table, 32)));
            running = i32x4.add(running, masses);
            table += 48;
            at += stride;
          } while (table < tableBytes);
        } else {
          do {
            let from = at;
            const tableEnd = table + rowBytes;
            do {
              const pixels = v128.xor(v128.load(from), flip);
              masses = i32x4.add(masses, i32x4.dot_i16x8_s(pixels, v128.load(ones + table)));
              columns = i32x4.add(columns, i32x4.dot_i16x8_s(pixels, v128.load(xs + table)));
              from += 16;
              table += 16;
            } while (table < tableEnd);
            running = i32x4.add(running, masses);
            at += stride;
          } while (table < tableBytes);
        }
        const m = <f64>lanes(masses);
        mass = m + onesSum;
        momentX = <f64>lanes(columns) + xsSum;
        momentY = <f64>rows * m - <f64>lanes(running) + ysSum;
      } else {
        let m: i64 = 0;
        let mx: i64 = 0;
        let my: i64 = 0;
        for (let row = 0; row < rows; row++) {
          let masses = i32x4.splat(0);
          let columns = i32x4.splat(0);
          for (let chunk = 0; chunk < chunks; chunk++) {
            const pixels = v128.xor(v128.load(at + ((<usize>chunk) << 4)), flip);
            masses = i32x4.add(masses, i32x4.dot_i16x8_s(pixels, v128.load(ones + table)));
            columns = i32x4.add(columns, i32x4.dot_i16x8_s(pixels, v128.load(xs + table)));
            table += 16;
          }
          const rowMass = lanes(masses);
          m += rowMass;
          mx += lanes(columns);
          my += rowMass * <i64>row;
          at += stride;
        }
        mass = <f64>m + onesSum;
        momentX = <f64>mx + xsSum;
        momentY = <f64>my + ysSum;
      }
      const offY = momentY / mass - <f64>radiusY;
      const offX = momentX / mass - <f64>radiusX;
      const centred = abs<f64>(offY) < 0.6 && abs<f64>(offX) < 0.6;
      if (centred || iteration >= maxIterations) {
        store<f64>(out, offY + <f64>y);
        store<f64>(out, offX + <f64>x, 8);
        store<f64>(out, mass, 16);
        store<f64>(out, <f64>top, 24);
        store<f64>(out, <f64>first, 32);
        break;
      }
      y = min(max(y + step(offY), radiusY), height - radiusY - 1);
      x = min(max(x + step(offX), radiusX), width - radiusX - 1);
    }
  }
}

@inline
function step(off: f64): i32 {
  return off > 0.6 ? 1 : off < -0.6 ? -1 : 0;
}

/** Sum of the four lanes, in 64 bits. */
@inline
function lanes(v: v128): i64 {
  const pairs = i64x2.add(i64x2.extend_low_i32x4_s(v), i64x2.extend_high_i32x4_s(v));
  return i64x2.extract_lane(pairs, 0) + i64x2.extract_lane(pairs, 1);
}
