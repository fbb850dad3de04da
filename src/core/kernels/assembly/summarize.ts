// What the later steps ask of the scaled image again and again: which pixels are zero, and the maxima of 4 x 4 blocks.

/** Edge of a block, pixels. */
export const blockEdge: i32 = 4;

/**
 * image: height rows of `stride` bytes, zeros from the width up to its next multiple of 8. zeroBits: height rows of
 * bitStride bytes, a multiple of 8; bit x of a row is 1 where pixel x is zero; bits beyond the width are 1.
 * blocks: uint16, ceil(height / 4) rows of blockStride bytes, written up to the padded width / 4. columns: scratch of
 * 2 * (width + 8) bytes. Returns the number of non-zero pixels.
 */
export function summarize_u16(
  zeroBits: usize, bitStride: usize, blocks: usize, blockStride: usize, image: usize, stride: usize,
  width: i32, height: i32, columns: usize,
): i32 {
  const padded = <usize>((width + 7) & ~7);
  const zero = i16x8.splat(0);
  let zeros = 0;
  for (let y = 0; y < height; y++) {
    const row = image + <usize>y * stride;
    const bits = zeroBits + <usize>y * bitStride;
    const startsBlock = (y & (blockEdge - 1)) == 0;
    for (let x: usize = 0; x < padded; x += 8) {
      const at = x << 1;
      const pixels = v128.load(row + at);
      const mask = i16x8.bitmask(i16x8.eq(pixels, zero));
      store<u8>(bits + (x >> 3), <u8>mask);
      zeros += popcnt<i32>(mask);
      v128.store(columns + at, startsBlock ? pixels : i16x8.max_u(v128.load(columns + at), pixels));
    }
    for (let i = padded >> 3; i < bitStride; i++) store<u8>(bits + i, 255);
    if ((y & (blockEdge - 1)) == blockEdge - 1 || y == height - 1) {
      reduceBlocks(blocks + <usize>(y >> 2) * blockStride, columns, padded);
    }
  }
  return <i32>padded * height - zeros;
}

function reduceBlocks(blocks: usize, columns: usize, padded: usize): void {
  for (let x: usize = 0; x < padded; x += 8) {
    let most = v128.load(columns + (x << 1));
    most = i16x8.max_u(most, v128.shuffle<i16>(most, most, 1, 0, 3, 2, 5, 4, 7, 6));
    most = i16x8.max_u(most, v128.shuffle<i16>(most, most, 2, 3, 0, 1, 6, 7, 4, 5));
    store<u16>(blocks + (x >> 1), i16x8.extract_lane_u(most, 0));
    store<u16>(blocks + (x >> 1), i16x8.extract_lane_u(most, 4), 2);
  }
}
