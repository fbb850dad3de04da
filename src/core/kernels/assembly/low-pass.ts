// The low-pass along the columns: one row of Gaussian sums in double precision, in the order of scipy's correlate1d
// for symmetric weights: centre times weight, then the pairs from the farthest to the nearest, (above + below) times
// weight, no fused multiply-add. Sums of two uint16 are exact, so a pair is added as integers before it is widened.

/**
 * out[x] for start <= x < end, both multiples of 8, as float64. Rows outside the frame are read from `zeros`.
 * weights: half + 1 float64, the centre's first. image may be read 14 bytes beyond each row.
 */
export function lowPassColumns_u16(
  out: usize, image: usize, stride: usize, y: i32, height: i32, start: i32, end: i32,
  weights: usize, half: i32, zeros: usize,
): void {
  if (half == 4) {
    columns4(
      out, image + <usize>y * stride,
      rowAt(image, stride, y - 4, height, zeros), rowAt(image, stride, y + 4, height, zeros),
      rowAt(image, stride, y - 3, height, zeros), rowAt(image, stride, y + 3, height, zeros),
      rowAt(image, stride, y - 2, height, zeros), rowAt(image, stride, y + 2, height, zeros),
      rowAt(image, stride, y - 1, height, zeros), rowAt(image, stride, y + 1, height, zeros),
      <usize>start, <usize>end, weights,
    );
    return;
  }
  for (let x = <usize>start; x < <usize>end; x += 4) {
    const centre = v128.load16x4_u(image + <usize>y * stride + (x << 1));
    const weight = v128.load64_splat(weights);
    let low = f64x2.mul(f64x2.convert_low_i32x4_s(centre), weight);
    let high = f64x2.mul(f64x2.convert_low_i32x4_s(upper(centre)), weight);
    for (let k = half; k > 0; k--) {
      const above = v128.load16x4_u(rowAt(image, stride, y - k, height, zeros) + (x << 1));
      const below = v128.load16x4_u(rowAt(image, stride, y + k, height, zeros) + (x << 1));
      const pair = i32x4.add(above, below);
      const w = v128.load64_splat(weights + ((<usize>k) << 3));
      low = f64x2.add(low, f64x2.mul(f64x2.convert_low_i32x4_s(pair), w));
      high = f64x2.add(high, f64x2.mul(f64x2.convert_low_i32x4_s(upper(pair)), w));
    }
    v128.store(out + (x << 3), low);
    v128.store(out + (x << 3), high, 16);
  }
}

@inline
function rowAt(image: usize, stride: usize, y: i32, height: i32, zeros: usize): usize {
  return y < 0 || y >= height ? zeros : image + <usize>y * stride;
}

/** The upper two lanes. */
@inline
function upper(v: v128): v128 {
  return v128.shuffle<i32>(v, v, 2, 3, 0, 1);
}

/** Half width 4: sigma 1. */
function columns4(
  out: usize, c: usize, a4: usize, b4: usize, a3: usize, b3: usize, a2: usize, b2: usize, a1: usize, b1: usize,
  start: usize, end: usize, weights: usize,
): void {
  const w0 = v128.load64_splat(weights);
  const w1 = v128.load64_splat(weights, 8);
  const w2 = v128.load64_splat(weights, 16);
  const w3 = v128.load64_splat(weights, 24);
  const w4 = v128.load64_splat(weights, 32);
  for (let x = start; x < end; x += 4) {
    const at = x << 1;
    const centre = v128.load16x4_u(c + at);
    const p4 = i32x4.add(v128.load16x4_u(a4 + at), v128.load16x4_u(b4 + at));
    const p3 = i32x4.add(v128.load16x4_u(a3 + at), v128.load16x4_u(b3 + at));
    const p2 = i32x4.add(v128.load16x4_u(a2 + at), v128.load16x4_u(b2 + at));
    const p1 = i32x4.add(v128.load16x4_u(a1 + at), v128.load16x4_u(b1 + at));
    let low = f64x2.mul(f64x2.convert_low_i32x4_s(centre), w0);
    let high = f64x2.mul(f64x2.convert_low_i32x4_s(upper(centre)), w0);
    low = f64x2.add(low, f64x2.mul(f64x2.convert_low_i32x4_s(p4), w4));
    high = f64x2.add(high, f64x2.mul(f64x2.convert_low_i32x4_s(upper(p4)), w4));
    low = f64x2.add(low, f64x2.mul(f64x2.convert_low_i32x4_s(p3), w3));
    high = f64x2.add(high, f64x2.mul(f64x2.convert_low_i32x4_s(upper(p3)), w3));
    low = f64x2.add(low, f64x2.mul(f64x2.convert_low_i32x4_s(p2), w2));
    high = f64x2.add(high, f64x2.mul(f64x2.convert_low_i32x4_s(upper(p2)), w2));
    low = f64x2.add(low, f64x2.mul(f64x2.convert_low_i32x4_s(p1), w1));
    high = f64x2.add(high, f64x2.mul(f64x2.convert_low_i32x4_s(upper(p1)), w1));
    v128.store(out + (x << 3), low);
    v128.store(out + (x << 3), high, 16);
  }
}
