// The background of one row at a time in 16 bits: moving averages of pixels less the frame's darkest pixel. With
// v = base + v', floor(sum v / n) = base + floor(sum v' / n), and so on the second axis, so that base may be left out.
// All sums are modulo 2^16, which is exact as long as size * (brightest - base) is below 2^16.

/**
 * Division by an odd size, `maximum` the largest sum: quotients by the rounded product of 16-bit integers,
 * floor(x m / 2^15 + 1/2), with x = sum - bias, bias = size * offset and m the integer nearest 2^15 2^shift / size; see
 * `planDivision` for the proof. At `divider`: int32 multiplier, shift, bias, offset.
 */
@inline
function divide(sum: v128, multiplier: v128, shift: i32, bias: v128, offset: v128): v128 {
  return i16x8.add(i16x8.shr_s(i16x8.q15mulr_sat_s(i16x8.sub(sum, bias), multiplier), shift), offset);
}

/** Column sums, less size * base, of the window around row y, edges repeated: uint16, padded to a multiple of 8. */
export function startColumns(
  columns: usize, image: usize, stride: usize, padded: i32, height: i32, y: i32, size: i32, base: i32,
): void {
  const half = size >> 1;
  const first = max(y - half, 0);
  const last = min(y + half, height - 1);
  const bases = i16x8.splat(<i16>(size * base));
  const above = i16x8.splat(<i16>(first - (y - half)));
  const below = i16x8.splat(<i16>(y + half - last));
  for (let x: usize = 0; x < <usize>padded; x += 8) {
    const at = image + (x << 1);
    let sum = i16x8.sub(i16x8.mul(v128.load(at), above), bases);
    for (let row = first; row <= last; row++) sum = i16x8.add(sum, v128.load(at + <usize>row * stride));
    sum = i16x8.add(sum, i16x8.mul(v128.load(at + <usize>(height - 1) * stride), below));
    v128.store(columns + (x << 1), sum);
  }
}

/**
 * Averages of the columns as prefix sums modulo 2^16, prefix[x + 1] = prefix[x] + average[x], edges repeated for half
 * of `sizeX` on both sides; then moves the columns on by a row.
 * prefix: the address of element 0 of a uint16 row with sizeX + 8 elements before and width + sizeX + 24 after.
 */
export function averageColumns(
  prefix: usize, columns: usize, entering: usize, leaving: usize, width: i32, padded: i32, sizeX: i32, divider: usize,
): void {
  const multiplier = v128.load16_splat(divider);
  const shift = load<i32>(divider, 4);
  const bias = v128.load16_splat(divider, 8);
  const offset = v128.load16_splat(divider, 12);
  const zero = i16x8.splat(0);
  let carry = zero;
  store<u16>(prefix, 0);
  const bytes = (<usize>padded) << 1;
  let at: usize = 0;
  do {
    const sum = v128.load(columns + at);
    let run = divide(sum, multiplier, shift, bias, offset);
    v128.store(columns + at, i16x8.add(sum, i16x8.sub(v128.load(entering + at), v128.load(leaving + at))));
    run = i16x8.add(run, v128.shuffle<i16>(zero, run, 7, 8, 9, 10, 11, 12, 13, 14));
    run = i16x8.add(run, v128.shuffle<i16>(zero, run, 6, 7, 8, 9, 10, 11, 12, 13));
    run = i16x8.add(run, v128.shuffle<i16>(zero, run, 4, 5, 6, 7, 8, 9, 10, 11));
    run = i16x8.add(run, carry);
    carry = v128.shuffle<i16>(run, run, 7, 7, 7, 7, 7, 7, 7, 7);
    v128.store(prefix + at, run, 2);
    at += 16;
  } while (at < bytes);
  const half = sizeX >> 1;
  const first = <i32>load<u16>(prefix, 2);
  for (let j = 1; j <= half; j++) store<u16>(prefix - ((<usize>j) << 1), <u16>(-j * first));
  const end = prefix + ((<usize>width) << 1);
  const total = <i32>load<u16>(end);
  const last = total - <i32>load<u16>(end - 2);
  for (let j = 1; j <= half; j++) store<u16>(end + ((<usize>j) << 1), <u16>(total + j * last));
}

/** row: uint16, the averages along the row up to the padded width; those beyond the width mean nothing. */
export function averagePrefix(row: usize, prefix: usize, padded: i32, sizeX: i32, divider: usize): void {
  const multiplier = v128.load16_splat(divider);
  const shift = load<i32>(divider, 4);
  const bias = v128.load16_splat(divider, 8);
  const offset = v128.load16_splat(divider, 12);
  const half = <usize>(sizeX >> 1);
  const after = prefix + ((half + 1) << 1);
  const before = prefix - (half << 1);
  const bytes = (<usize>padded) << 1;
  let at: usize = 0;
  do {
    const sum = i16x8.sub(v128.load(after + at), v128.load(before + at));
    v128.store(row + at, divide(sum, multiplier, shift, bias, offset));
    at += 16;
  } while (at < bytes);
}
