// Bits of a block put in rows of equal significance, as the bitshuffle library and Blosc's filter lay them out: row 8 b + k
// holds bit k (0 the least) of byte b of every element, element i at bit i % 8 of byte i / 8.
// Masui et al. 2015, Astronomy and Computing 12, 181, section 2.
// count is a multiple of 8; out takes count elements, is not in and may not overlap it.

// @ts-ignore: decorator
@inline
function put(out: usize, rowBytes: usize, bits: v128): void {
  // bitmask takes the highest bit of every byte, so the last row comes first.
  let row = out + 7 * rowBytes;
  for (let bit = 0; bit < 8; bit++) {
    store<u16>(row, <u16>i8x16.bitmask(bits));
    bits = i8x16.add(bits, bits);
    row -= rowBytes;
  }
}

// @ts-ignore: decorator
@inline
function putHalf(out: usize, rowBytes: usize, bits: v128): void {
  let row = out + 7 * rowBytes;
  for (let bit = 0; bit < 8; bit++) {
    store<u8>(row, <u8>i8x16.bitmask(bits));
    bits = i8x16.add(bits, bits);
    row -= rowBytes;
  }
}

export function bitShuffle_u8(out: usize, input: usize, count: i32): void {
  const rowBytes = <usize>count >> 3;
  let i = 0;
  for (; i <= count - 16; i += 16) put(out + (<usize>i >> 3), rowBytes, v128.load(input + <usize>i));
  if (i < count) putHalf(out + (<usize>i >> 3), rowBytes, v128.load64_zero(input + <usize>i));
}

export function bitShuffle_u16(out: usize, input: usize, count: i32): void {
  const rowBytes = <usize>count >> 3;
  let i = 0;
  for (; i <= count - 16; i += 16) {
    const from = input + (<usize>i << 1);
    const to = out + (<usize>i >> 3);
    const a = v128.load(from);
    const b = v128.load(from, 16);
    put(to, rowBytes, v128.shuffle<u8>(a, b, 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30));
    put(to + 8 * rowBytes, rowBytes, v128.shuffle<u8>(a, b, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31));
  }
  if (i < count) {
    const a = v128.load(input + (<usize>i << 1));
    const to = out + (<usize>i >> 3);
    putHalf(to, rowBytes, v128.shuffle<u8>(a, a, 0, 2, 4, 6, 8, 10, 12, 14, 0, 2, 4, 6, 8, 10, 12, 14));
    putHalf(to + 8 * rowBytes, rowBytes, v128.shuffle<u8>(a, a, 1, 3, 5, 7, 9, 11, 13, 15, 1, 3, 5, 7, 9, 11, 13, 15));
  }
}

/** Four bytes an element: float32 too. */
export function bitShuffle_u32(out: usize, input: usize, count: i32): void {
  const rowBytes = <usize>count >> 3;
  for (let i = 0; i < count; i += 8) {
    const from = input + (<usize>i << 2);
    let to = out + (<usize>i >> 3);
    // Bytes 0 and 1 of eight elements, then bytes 2 and 3.
    const a = v128.load(from);
    const b = v128.load(from, 16);
    const low = v128.shuffle<u8>(a, b, 0, 4, 8, 12, 16, 20, 24, 28, 1, 5, 9, 13, 17, 21, 25, 29);
    const high = v128.shuffle<u8>(a, b, 2, 6, 10, 14, 18, 22, 26, 30, 3, 7, 11, 15, 19, 23, 27, 31);
    putPair(to, rowBytes, low);
    putPair(to + 16 * rowBytes, rowBytes, high);
  }
}

/** The lower eight bytes belong to rows 0 to 7, the upper ones to rows 8 to 15. */
// @ts-ignore: decorator
@inline
function putPair(out: usize, rowBytes: usize, bits: v128): void {
  let row = out + 7 * rowBytes;
  for (let bit = 0; bit < 8; bit++) {
    const mask = i8x16.bitmask(bits);
    store<u8>(row, <u8>mask);
    store<u8>(row + 8 * rowBytes, <u8>(mask >> 8));
    bits = i8x16.add(bits, bits);
    row -= rowBytes;
  }
}
