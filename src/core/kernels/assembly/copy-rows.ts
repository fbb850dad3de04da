// Copies of a frame as the other kernels want it: uint16 or float32, inverted where asked, padded rows.
// The integer kinds return the darkest pixel of the copy, plus 65536 times the brightest.
// Shapes: in and out are height rows of width pixels; strides in bytes. Nothing outside these pixels is touched.

/** out = in ^ flip, uint8 widened to uint16; flip is 0 or, to invert, 255. */
export function copyRows_u8(out: usize, outStride: usize, input: usize, inStride: usize, width: i32, height: i32, flip: i32): u32 {
  const flips = i16x8.splat(<i16>flip);
  let least = i16x8.splat(-1);
  let most = i16x8.splat(0);
  for (let y = 0; y < height; y++) {
    const to = out + <usize>y * outStride;
    const from = input + <usize>y * inStride;
    let x = 0;
    for (; x <= width - 8; x += 8) {
      const pixels = v128.xor(v128.load8x8_u(from + <usize>x), flips);
      v128.store(to + ((<usize>x) << 1), pixels);
      least = i16x8.min_u(least, pixels);
      most = i16x8.max_u(most, pixels);
    }
    for (; x < width; x++) {
      const pixel = <i32>load<u8>(from + <usize>x) ^ flip;
      store<u16>(to + ((<usize>x) << 1), <u16>pixel);
      least = i16x8.min_u(least, i16x8.splat(<i16>pixel));
      most = i16x8.max_u(most, i16x8.splat(<i16>pixel));
    }
  }
  return extremes(least, most);
}

/** out = in ^ flip; flip is 0 or, to invert, 65535. */
export function copyRows_u16(out: usize, outStride: usize, input: usize, inStride: usize, width: i32, height: i32, flip: i32): u32 {
  const flips = i16x8.splat(<i16>flip);
  let least = i16x8.splat(-1);
  let most = i16x8.splat(0);
  for (let y = 0; y < height; y++) {
    const to = out + <usize>y * outStride;
    const from = input + <usize>y * inStride;
    let x = 0;
    for (; x <= width - 8; x += 8) {
      const pixels = v128.xor(v128.load(from + ((<usize>x) << 1)), flips);
      v128.store(to + ((<usize>x) << 1), pixels);
      least = i16x8.min_u(least, pixels);
      most = i16x8.max_u(most, pixels);
    }
    for (; x < width; x++) {
      const pixel = <i32>load<u16>(from + ((<usize>x) << 1)) ^ flip;
      store<u16>(to + ((<usize>x) << 1), <u16>pixel);
      least = i16x8.min_u(least, i16x8.splat(<i16>pixel));
      most = i16x8.max_u(most, i16x8.splat(<i16>pixel));
    }
  }
  return extremes(least, most);
}

/** The same of rows that stay where they are. */
export function extremes_u16(image: usize, stride: usize, width: i32, height: i32): u32 {
  let least = i16x8.splat(-1);
  let most = i16x8.splat(0);
  for (let y = 0; y < height; y++) {
    const row = image + <usize>y * stride;
    let x = 0;
    for (; x <= width - 8; x += 8) {
      const pixels = v128.load(row + ((<usize>x) << 1));
      least = i16x8.min_u(least, pixels);
      most = i16x8.max_u(most, pixels);
    }
    for (; x < width; x++) {
      const pixel = v128.load16_splat(row + ((<usize>x) << 1));
      least = i16x8.min_u(least, pixel);
      most = i16x8.max_u(most, pixel);
    }
  }
  return extremes(least, most);
}

function extremes(least: v128, most: v128): u32 {
  for (let i = 0; i < 7; i++) {
    least = i16x8.min_u(least, v128.shuffle<i16>(least, least, 1, 2, 3, 4, 5, 6, 7, 0));
    most = i16x8.max_u(most, v128.shuffle<i16>(most, most, 1, 2, 3, 4, 5, 6, 7, 0));
  }
  return (<u32>i16x8.extract_lane_u(most, 0) << 16) | <u32>i16x8.extract_lane_u(least, 0);
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
