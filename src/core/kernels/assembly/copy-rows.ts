// Copies of a frame as the other kernels want it: uint16 or float32, inverted where asked, padded rows.
// Shapes: in and out are height rows of width pixels; strides in bytes. Nothing outside these pixels is touched.

/** out = in ^ flip, uint8 widened to uint16; flip is 0 or, to invert, 255. */
export function copyRows_u8(out: usize, outStride: usize, input: usize, inStride: usize, width: i32, height: i32, flip: i32): void {
  const flips = i16x8.splat(<i16>flip);
  for (let y = 0; y < height; y++) {
    const to = out + <usize>y * outStride;
    const from = input + <usize>y * inStride;
    let x = 0;
    for (; x <= width - 8; x += 8) {
      v128.store(to + ((<usize>x) << 1), v128.xor(v128.load8x8_u(from + <usize>x), flips));
    }
    for (; x < width; x++) store<u16>(to + ((<usize>x) << 1), <u16>(<i32>load<u8>(from + <usize>x) ^ flip));
  }
}

/** out = in ^ flip; flip is 0 or, to invert, 65535. */
export function copyRows_u16(out: usize, outStride: usize, input: usize, inStride: usize, width: i32, height: i32, flip: i32): void {
  const flips = i16x8.splat(<i16>flip);
  for (let y = 0; y < height; y++) {
    const to = out + <usize>y * outStride;
    const from = input + <usize>y * inStride;
    let x = 0;
    for (; x <= width - 8; x += 8) {
      v128.store(to + ((<usize>x) << 1), v128.xor(v128.load(from + ((<usize>x) << 1)), flips));
    }
    for (; x < width; x++) store<u16>(to + ((<usize>x) << 1), <u16>(<i32>load<u16>(from + ((<usize>x) << 1)) ^ flip));
  }
}

/** out = in, or 1 - in where invert; NaN and infinities become 0. */
export function copyRows_f32(out: usize, outStride: usize, input: usize, inStride: usize, width: i32, height: i32, invert: i32): void {
  for (let y = 0; y < height; y++) {
    const to = out + <usize>y * outStride;
    const from = input + <usize>y * inStride;
    for (let x = 0; x < width; x++) {
      let pixel = load<f32>(from + ((<usize>x) << 2));
      if (invert) pixel = <f32>1 - pixel;
      store<f32>(to + ((<usize>x) << 2), isFinite<f32>(pixel) ? pixel : <f32>0);
    }
  }
}
