// The low-pass of a few pixels, in double precision and in the order of the reference: where float32 leaves a doubt.

/** Half width of the low-pass that the float32 path has: sigma 1. */
export const half: i32 = 4;

/**
 * out: float64 low-pass of the pixels x to x + 3 of row y, to the last bit what band-pass.ts computes; x is a multiple of
 * 4 below the width. Beyond the frame all is zero; values for pixels beyond the width mean nothing.
 * image: uint16, `stride` bytes a row, readable for 6 bytes beyond each row. weightsY, weightsX: 5 float64, the centre's
 * first. columns: 12 float64 of scratch, the vertical sums of columns x - 4 to x + 7.
 */
export function lowPassFour(
  out: usize, columns: usize, image: usize, stride: usize, width: i32, height: i32, y: i32, x: i32,
  weightsY: usize, weightsX: usize,
): void {
  for (let group = 0; group < 3; group++) {
    const column = x - half + 4 * group;
    const to = columns + ((<usize>group) << 5);
    if (column < 0 || column >= width) {
      v128.store(to, f64x2.splat(0));
      v128.store(to, f64x2.splat(0), 16);
      continue;
    }
    const inside = i32x4.lt_s(i32x4(0, 1, 2, 3), i32x4.splat(width - column));
    const at = image + <usize>y * stride + ((<usize>column) << 1);
    const centre = v128.and(v128.load16x4_u(at), inside);
    const w0 = v128.load64_splat(weightsY);
    let low = f64x2.mul(f64x2.convert_low_i32x4_s(centre), w0);
    let high = f64x2.mul(upperHalf(centre), w0);
    for (let k = half; k > 0; k--) {
      const step = <usize>k * stride;
      let pair = i32x4.splat(0);
      if (y >= k) pair = v128.load16x4_u(at - step);
      if (y + k < height) pair = i32x4.add(pair, v128.load16x4_u(at + step));
      pair = v128.and(pair, inside);
      const weight = v128.load64_splat(weightsY + ((<usize>k) << 3));
      low = f64x2.add(low, f64x2.mul(f64x2.convert_low_i32x4_s(pair), weight));
      high = f64x2.add(high, f64x2.mul(upperHalf(pair), weight));
    }
    v128.store(to, low);
    v128.store(to, high, 16);
  }
  const w0 = v128.load64_splat(weightsX);
  const v = columns + ((<usize>half) << 3);
  let low = f64x2.mul(v128.load(v), w0);
  let high = f64x2.mul(v128.load(v, 16), w0);
  for (let k = half; k > 0; k--) {
    const step = (<usize>k) << 3;
    const weight = v128.load64_splat(weightsX + step);
    low = f64x2.add(low, f64x2.mul(f64x2.add(v128.load(v - step), v128.load(v + step)), weight));
    high = f64x2.add(high, f64x2.mul(f64x2.add(v128.load(v - step, 16), v128.load(v + step, 16)), weight));
  }
  v128.store(out, low);
  v128.store(out, high, 16);
}

@inline
function upperHalf(pixels: v128): v128 {
  return f64x2.convert_low_i32x4_s(v128.shuffle<i32>(pixels, pixels, 2, 3, 0, 1));
}
