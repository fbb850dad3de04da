// One group of a JPEG XL modular channel, predicted by the gradient, in one prefix code with runs: what a fast lossless
// encoder writes. ISO/IEC 18181-1, annexes C.3 (tokens, copies) and H.4 (prediction).

/** Code bits that the first table knows; the second, of 2^15 entries, stands behind it. */
const shortBits: i32 = 10;

/**
 * out: the group's first pixel, rows outStride bytes apart, width * height pixels. stream: its first byte, whose first
 * `bitAt` (0 to 7) bits are not its own; readable for 3 KB beyond `end`. table: 16 bytes an entry for each of 2^10 and then 2^15
 * values of the next bits: int32 with bits taken in all (0: not in this table) + 256 * those of the code word + 65536 *
 * (1: a run), int32 with the mask of the bits behind the word, int32 with the number they are added to, and four bytes
 * unused. A run repeats the number before `leastRun` times and more.
 * Returns 1, or 0 where the bits are none of the code, end too early or too late, or a pixel does not fit into `most`.
 */
export function decodeGradient_u16(
  out: usize, outStride: usize, width: i32, height: i32, stream: usize, bitAt: i32, end: usize,
  table: usize, leastRun: i32, most: i32,
): i32 {
  const long = table + (16 << shortBits);
  let buffer: u64 = load<u64>(stream) >> <u64>bitAt;
  let held = 56 - bitAt;
  buffer &= (<u64>1 << <u64>held) - 1;
  let at = stream + 7;
  let last: i32 = 0;
  let run: i32 = 0;
  let seen: i32 = 0;
  for (let y = 0; y < height; y++) {
    const row = out + <usize>y * outStride;
    // The first pixel is predicted by the one above it; in the first row all are by their left neighbour.
    const above = y > 0 ? row - outStride : row - 2;
    let left: i32 = y > 0 ? <i32>load<u16>(above) : 0;
    let corner: i32 = left;
    for (let x = 0; x < width; x++) {
      const to = (<usize>x) << 1;
      if (run > 0) run--;
      else {
        buffer |= load<u64>(at) << <u64>held;
        at += <usize>((63 - held) >> 3);
        held |= 56;
        let entry = table + (<usize>(buffer & ((1 << shortBits) - 1)) << 4);
        let kind = load<u32>(entry);
        if (kind == 0) {
          entry = long + (<usize>(buffer & 32767) << 4);
          kind = load<u32>(entry);
          if (kind == 0) return 0;
        }
        // A shift by 64 bits or more is one by the lowest six bits of its count (WebAssembly, i64.shr_u).
        const number = load<i32>(entry, 8) + (<i32>(buffer >> <u64>(kind >> 8)) & load<i32>(entry, 4));
        buffer >>= <u64>kind;
        held -= <i32>(kind & 63);
        if (kind >= 65536) run = number + leastRun - 1;
        else last = number;
      }
      const top: i32 = y > 0 ? <i32>load<u16>(above + to) : left;
      const low = min(left, top);
      const high = max(left, top);
      const guess = max(low, min(high, left + top - corner));
      const pixel = guess + ((last >> 1) ^ -(last & 1));
      seen |= pixel;
      store<u16>(row + to, <u16>pixel);
      corner = y > 0 ? top : pixel;
      left = pixel;
    }
    if (at > end + 16) return 0;
  }
  const spare = <i32>(end - at) * 8 + held;
  return run == 0 && spare >= 0 && spare < 8 && (seen & ~most) == 0 ? 1 : 0;
}
