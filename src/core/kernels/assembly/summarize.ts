// What the later steps ask of the scaled image again and again: which pixels are zero, and the maxima of 4 x 4 blocks.

/** Edge of a block, pixels. */
export const blockEdge: i32 = 4;

/**
 * image: height rows of `stride` bytes, a multiple of 64, zeros from the width up to its next multiple of 32. zeroBits:
 * height rows of bitStride bytes, a multiple of 8; bit x of a row is 1 where pixel x is zero; bits beyond the width are 1.
 * blocks: uint16, ceil(height / 4) rows of blockStride bytes, a multiple of 16, written up to the width / 4 rounded up
 * to 8. Returns the number of non-zero pixels.
 */
export function summarize_u16(
  zeroBits: usize, bitStride: usize, blocks: usize, blockStride: usize, image: usize, stride: usize, width: i32, height: i32,
): i32 {
  const padded = (width + 7) & ~7;
  let lit = 0;
  for (let y = 0; y < height; y++) {
    lit += summarizeRow(zeroBits + <usize>y * bitStride, bitStride, image + <usize>y * stride, padded);
    if ((y & 3) == 3 || y == height - 1) reduceBlocks(blocks + <usize>(y >> 2) * blockStride, image, stride, y, padded);
  }
  return lit;
}

/** Writes a row of zeroBits and returns how many of its pixels are not zero. */
export function summarizeRow(bits: usize, bitStride: usize, row: usize, padded: i32): i32 {
  const zero = i16x8.splat(0);
  const bytes = (<usize>padded) << 1;
  let counts = zero;
  let at: usize = 0;
  // A lane counts up to 65535 pairs of vectors: two million pixels a row.
  for (; at + 32 <= bytes; at += 32) {
    const a = i16x8.eq(v128.load(row + at), zero);
    const b = i16x8.eq(v128.load(row + at, 16), zero);
    store<u16>(bits + (at >> 4), <u16>i8x16.bitmask(i8x16.narrow_i16x8_s(a, b)));
    counts = i16x8.sub(counts, i16x8.add(a, b));
  }
  for (; at < bytes; at += 16) {
    const a = i16x8.eq(v128.load(row + at), zero);
    store<u8>(bits + (at >> 4), <u8>i16x8.bitmask(a));
    counts = i16x8.sub(counts, a);
  }
  for (let i = bytes >> 4; i < bitStride; i++) store<u8>(bits + i, 255);
  const sums = i32x4.extadd_pairwise_i16x8_u(counts);
  const zeros = i32x4.extract_lane(sums, 0) + i32x4.extract_lane(sums, 1) + i32x4.extract_lane(sums, 2) + i32x4.extract_lane(sums, 3);
  return padded - zeros;
}

/** The blocks whose last row is y: the largest of the four rows, or those there are, by four. */
export function reduceBlocks(blocks: usize, image: usize, stride: usize, y: i32, padded: i32): void {
  const d = image + <usize>y * stride;
  const rows = (y & 3) + 1;
  const a = rows > 3 ? d - 3 * stride : d;
  const b = rows > 2 ? d - 2 * stride : d;
  const c = rows > 1 ? d - stride : d;
  for (let x: usize = 0; x < <usize>padded; x += 32) {
    const at = x << 1;
    const low = v128.shuffle<i32>(foldFour(a, b, c, d, at), foldFour(a, b, c, d, at + 16), 0, 2, 4, 6);
    const high = v128.shuffle<i32>(foldFour(a, b, c, d, at + 32), foldFour(a, b, c, d, at + 48), 0, 2, 4, 6);
    v128.store(blocks + (x >> 1), i16x8.narrow_i32x4_u(low, high));
  }
}

/** The largest of the four pixels of each half, and zeros above. */
@inline
function foldFour(a: usize, b: usize, c: usize, d: usize, at: usize): v128 {
  let most = i16x8.max_u(i16x8.max_u(v128.load(a + at), v128.load(b + at)), i16x8.max_u(v128.load(c + at), v128.load(d + at)));
  most = i16x8.max_u(most, i32x4.shr_u(most, 16));
  most = i16x8.max_u(most, i64x2.shr_u(most, 32));
  return v128.and(most, i64x2.splat(65535));
}
