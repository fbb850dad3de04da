// The band-passed image as the uint16 on which all that follows works.

// 2^52: a whole double below 2^32 added to it stands in the low word.
const wholeMagic: f64 = 4503599627370496;

/**
 * out (uint16, outStride bytes a row) = trunc(scale * image); image: float64, stride bytes a row, 0 or more, scaled at
 * most 65535. Both are accessed up to the width rounded up to 8.
 */
export function scale_f64(out: usize, outStride: usize, image: usize, stride: usize, width: i32, height: i32, scale: f64): void {
  const padded = <usize>((width + 7) & ~7);
  const scales = f64x2.splat(scale);
  for (let y = 0; y < height; y++) {
    const to = out + <usize>y * outStride;
    const from = image + <usize>y * stride;
    for (let x: usize = 0; x < padded; x += 8) {
      const at = from + (x << 3);
      const a = wholes(v128.load(at), v128.load(at, 16), scales);
      const b = wholes(v128.load(at, 32), v128.load(at, 48), scales);
      v128.store(to + (x << 1), i16x8.narrow_i32x4_u(a, b));
    }
  }
}

@inline
function wholes(a: v128, b: v128, scales: v128): v128 {
  const magic = f64x2.splat(wholeMagic);
  const low = f64x2.add(f64x2.floor(f64x2.mul(a, scales)), magic);
  const high = f64x2.add(f64x2.floor(f64x2.mul(b, scales)), magic);
  return v128.shuffle<i32>(low, high, 0, 2, 4, 6);
}
