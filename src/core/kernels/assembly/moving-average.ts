// The background: moving average of uint16, vertical then horizontal, edges repeated, rounded down on each axis.

// Adding 1.5 * 2^23 to a float32 below 2^22 leaves its nearest integer in the low bits of the sum.
const magic: f32 = 12582912;
const magicBits: i32 = 0x4b400000;

/**
 * Sizes are odd. Sums below 2^22 divide exactly in float32: for size = 2k + 1 the floor of sum / size is the nearest
 * integer of (sum - k) / size, which is never nearer to a tie than 1 / (2 size), and the roundings of the reciprocal and
 * the product come to less than 2^22 / size * 2^-23. Larger sums are divided as integers.
 *
 * out: height rows of `outStride` bytes, of which those from top to bottom - 1 are written; 65535 from the width up to its
 * next multiple of 8; image may be read 14 bytes beyond each row. columns: width + 8 int32. prefix: the address of element 0 of a row of int32 that has sizeX + 8 elements before
 * and width + sizeX + 24 after.
 */
export function movingAverage_u16(
  out: usize, outStride: usize, image: usize, stride: usize, width: i32, height: i32, top: i32, bottom: i32,
  sizeY: i32, sizeX: i32, columns: usize, prefix: usize, largestPixel: i32,
): void {
  const halfY = sizeY >> 1;
  const halfX = sizeX >> 1;
  const exactY = largestPixel * sizeY < (1 << 22) && sizeY < 65536;
  const exactX = largestPixel * sizeX < (1 << 22) && sizeX < 65536;
  const padded = (width + 7) & ~7;
  startColumns(columns, image, stride, padded, height, top, halfY);

  for (let y = top; y < bottom; y++) {
    const entering = image + <usize>min(y + halfY + 1, height - 1) * stride;
    const leaving = image + <usize>max(y - halfY, 0) * stride;
    if (exactY) sumPrefix(prefix, columns, entering, leaving, padded, sizeY);
    else sumPrefixSlowly(prefix, columns, entering, leaving, padded, sizeY);
    repeatEdges(prefix, width, halfX);
    const row = out + <usize>y * outStride;
    if (exactX) averageRow(row, prefix, padded, sizeX);
    else averageRowSlowly(row, prefix, width, sizeX);
    for (let x = width; x < padded; x++) store<u16>(row + ((<usize>x) << 1), 65535);
  }
}

/** Column sums of the window around row y. */
function startColumns(columns: usize, image: usize, stride: usize, padded: i32, height: i32, y: i32, half: i32): void {
  const first = max(y - half, 0);
  const last = min(y + half, height - 1);
  const above = i32x4.splat(first - (y - half));
  const below = i32x4.splat(y + half - last);
  for (let x = 0; x < padded; x += 4) {
    const at = (<usize>x) << 1;
    let sum = i32x4.mul(v128.load16x4_u(image + at), above);
    for (let row = first; row <= last; row++) sum = i32x4.add(sum, v128.load16x4_u(image + <usize>row * stride + at));
    sum = i32x4.add(sum, i32x4.mul(v128.load16x4_u(image + <usize>(height - 1) * stride + at), below));
    v128.store(columns + (at << 1), sum);
  }
}

/** Vertical averages of this row, as prefix sums: prefix[x + 1] = prefix[x] + average[x]; then moves the columns on. */
function sumPrefix(prefix: usize, columns: usize, entering: usize, leaving: usize, padded: i32, size: i32): void {
  const half = i32x4.splat(size >> 1);
  const inverse = f32x4.splat(<f32>(1.0 / <f64>size));
  const magics = f32x4.splat(magic);
  const bits = i32x4.splat(magicBits);
  let carry = i32x4.splat(0);
  const zero = i32x4.splat(0);
  store<i32>(prefix, 0);
  let x: usize = 0;
  do {
    const at = columns + (x << 2);
    const sum = v128.load(at);
    const quotient = f32x4.mul(f32x4.convert_i32x4_s(i32x4.sub(sum, half)), inverse);
    let run = i32x4.sub(f32x4.add(quotient, magics), bits);
    run = i32x4.add(run, v128.shuffle<i32>(zero, run, 3, 4, 5, 6));
    run = i32x4.add(run, v128.shuffle<i32>(zero, run, 2, 3, 4, 5));
    run = i32x4.add(run, carry);
    carry = v128.shuffle<i32>(run, run, 3, 3, 3, 3);
    v128.store(prefix + (x << 2), run, 4);
    const change = i32x4.sub(v128.load16x4_u(entering + (x << 1)), v128.load16x4_u(leaving + (x << 1)));
    v128.store(at, i32x4.add(sum, change));
    x += 4;
  } while (x < <usize>padded);
}

function sumPrefixSlowly(prefix: usize, columns: usize, entering: usize, leaving: usize, padded: i32, size: i32): void {
  let run: u32 = 0;
  store<u32>(prefix, 0);
  for (let x: usize = 0; x < <usize>padded; x++) {
    const sum = load<u32>(columns + (x << 2));
    run += sum / <u32>size;
    store<u32>(prefix + (x << 2), run, 4);
    store<u32>(columns + (x << 2), sum + load<u16>(entering + (x << 1)) - load<u16>(leaving + (x << 1)));
  }
}

/** Goes on with the first value to the left of the row and with the last to its right. */
function repeatEdges(prefix: usize, width: i32, half: i32): void {
  const first = load<i32>(prefix, 4);
  for (let j = 1; j <= half; j++) store<i32>(prefix - ((<usize>j) << 2), -j * first);
  const end = prefix + ((<usize>width) << 2);
  const total = load<i32>(end);
  const last = total - load<i32>(end - 4);
  for (let j = 1; j <= half; j++) store<i32>(end + ((<usize>j) << 2), total + j * last);
}

function averageRow(row: usize, prefix: usize, padded: i32, size: i32): void {
  const half = size >> 1;
  const halves = i32x4.splat(half);
  const inverse = f32x4.splat(<f32>(1.0 / <f64>size));
  const magics = f32x4.splat(magic);
  const bits = i32x4.splat(magicBits);
  const after = prefix + ((<usize>(half + 1)) << 2);
  const before = prefix - ((<usize>half) << 2);
  let x: usize = 0;
  // The condition stands at the end so that V8 computes the constants once: see keep.ts.
  do {
    const at = x << 2;
    const low = i32x4.sub(i32x4.sub(v128.load(after + at), v128.load(before + at)), halves);
    const high = i32x4.sub(i32x4.sub(v128.load(after + at, 16), v128.load(before + at, 16)), halves);
    const a = i32x4.sub(f32x4.add(f32x4.mul(f32x4.convert_i32x4_s(low), inverse), magics), bits);
    const b = i32x4.sub(f32x4.add(f32x4.mul(f32x4.convert_i32x4_s(high), inverse), magics), bits);
    v128.store(row + (x << 1), i16x8.narrow_i32x4_u(a, b));
    x += 8;
  } while (x < <usize>padded);
}

function averageRowSlowly(row: usize, prefix: usize, width: i32, size: i32): void {
  const half = size >> 1;
  for (let x = 0; x < width; x++) {
    const at = prefix + ((<usize>x) << 2);
    const sum = load<u32>(at + ((<usize>(half + 1)) << 2)) - load<u32>(at - ((<usize>half) << 2));
    store<u16>(row + ((<usize>x) << 1), <u16>(sum / <u32>size));
  }
}
