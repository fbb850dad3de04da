// Kernels of the simulated camera: background with noise over a whole frame, and the image of one bead. Addresses are
// bytes in the one shared memory; nothing is allocated or kept. Reference twins: src/core/cameras/sim/render-reference.ts.

// Adding 1.5 * 2^23 to a float32 between -2^22 and 2^22 leaves the number, rounded to nearest even, in its low bits:
// cheaper than a conversion. Narrowing then clamps it.
const roundingMagic: f32 = 12582912.0;
const roundingBits: i32 = 0x4b400000;

// 2^-10: noise is kept as int16 with ten binary places.
const noiseUnit: f32 = 0.0009765625;

// @ts-ignore: decorator
@inline
function rounded(value: v128): v128 {
  return i32x4.sub(f32x4.add(value, f32x4.splat(roundingMagic)), i32x4.splat(roundingBits));
}

// @ts-ignore: decorator
@inline
function roundedScalar(value: f32, most: i32): i32 {
  return min<i32>(most, max<i32>(0, reinterpret<i32>(value + roundingMagic) - roundingBits));
}

// @ts-ignore: decorator
@inline
function fillNoise<T>(
  out: usize, width: i32, height: i32,
  noise: usize, rowStarts: usize,
  mean: f32, slopeY: f32, slopeX: f32,
  variance: f32, variancePerGrey: f32,
  most: i32,
): void {
  const high = i16x8.splat(<i16>most);
  const step = f32x4.splat(4 * slopeX);
  for (let y = 0; y < height; y++) {
    let samples = noise + (<usize>load<u32>(rowStarts + (<usize>y << 2)) << 1);
    const rowMean: f32 = mean + slopeY * <f32>y;
    let x = 0;
    while (x < width) {
      // The noise's width follows the gradient in steps of 64 pixels.
      const end = min(width, x + 64);
      const middle: f32 = rowMean + slopeX * (<f32>x + 31.5);
      const deviation: f32 = Mathf.sqrt(max<f32>(0, variance + variancePerGrey * middle)) * noiseUnit;
      const scale = f32x4.splat(deviation);
      let level = f32x4.add(
        f32x4.splat(rowMean + slopeX * <f32>x),
        f32x4.mul(f32x4.splat(slopeX), f32x4(0, 1, 2, 3)),
      );
      for (; x + 8 <= end; x += 8) {
        const eight = v128.load(samples);
        const first = f32x4.add(level, f32x4.mul(scale, f32x4.convert_i32x4_s(i32x4.extend_low_i16x8_s(eight))));
        level = f32x4.add(level, step);
        const second = f32x4.add(level, f32x4.mul(scale, f32x4.convert_i32x4_s(i32x4.extend_high_i16x8_s(eight))));
        level = f32x4.add(level, step);
        const pixels = i16x8.min_u(high, i16x8.narrow_i32x4_u(rounded(first), rounded(second)));
        if (sizeof<T>() == 2) v128.store(out, pixels);
        else v128.store64_lane(out, i8x16.narrow_i16x8_u(pixels, pixels), 0);
        out += 8 * sizeof<T>();
        samples += 16;
      }
      for (let lane = 0; x < end; x++, lane++) {
        const value: f32 = rowMean + slopeX * <f32>x + deviation * <f32>load<i16>(samples);
        store<T>(out, <T>roundedScalar(value, most));
        out += sizeof<T>();
        samples += 2;
      }
    }
  }
}

// @ts-ignore: decorator
@inline
function addPatch<T>(
  out: usize, stride: i32, width: i32, height: i32,
  columns: usize, columnMoments: usize, rows: usize, rowMoments: usize,
  noise: usize, greyPerElectron: f32, most: i32,
): void {
  const high = i16x8.splat(<i16>most);
  const gain = f32x4.splat(greyPerElectron);
  const unit = f32x4.splat(noiseUnit);
  for (let y = 0; y < height; y++) {
    const a = load<f32>(rows + (<usize>y << 2));
    const b = load<f32>(rowMoments + (<usize>y << 2));
    const row = f32x4.splat(a);
    const rowMoment = f32x4.splat(b);
    let x = 0;
    for (; x + 4 <= width; x += 4) {
      const at = <usize>x << 2;
      const signal = f32x4.add(f32x4.mul(row, v128.load(columns + at)), f32x4.mul(rowMoment, v128.load(columnMoments + at)));
      const shot = f32x4.mul(
        f32x4.sqrt(f32x4.mul(signal, gain)),
        f32x4.mul(unit, f32x4.convert_i32x4_s(v128.load16x4_s(noise + (<usize>x << 1)))),
      );
      const pixel = out + <usize>x * sizeof<T>();
      let before: v128;
      if (sizeof<T>() == 2) before = v128.load16x4_u(pixel);
      else before = i32x4.extend_low_i16x8_u(i16x8.extend_low_i8x16_u(v128.load32_splat(pixel)));
      const sum = rounded(f32x4.add(f32x4.convert_i32x4_s(before), f32x4.add(signal, shot)));
      const narrow = i16x8.min_u(high, i16x8.narrow_i32x4_u(sum, sum));
      if (sizeof<T>() == 2) v128.store64_lane(pixel, narrow, 0);
      else v128.store32_lane(pixel, i8x16.narrow_i16x8_u(narrow, narrow), 0);
    }
    for (; x < width; x++) {
      const signal: f32 = a * load<f32>(columns + (<usize>x << 2)) + b * load<f32>(columnMoments + (<usize>x << 2));
      const shot: f32 = Mathf.sqrt(signal * greyPerElectron) * (noiseUnit * <f32>load<i16>(noise + (<usize>x << 1)));
      const pixel = out + <usize>x * sizeof<T>();
      store<T>(pixel, <T>roundedScalar(<f32>load<T>(pixel) + (signal + shot), most));
    }
    out += <usize>stride * sizeof<T>();
    noise += <usize>width << 1;
  }
}

/**
 * out[y][x] = clamp(round(level + sd * noise)), level = mean + slopeY y + slopeX x,
 * sd = sqrt(variance + variancePerGrey * level at the middle of 64 columns), noise in units of 2^-10 from int16s of the
 * noise field, row y from its rowStarts[y]-th on. Rows tightly packed; any width.
 */
export function renderBackground_u16(
  out: usize, width: i32, height: i32, noise: usize, rowStarts: usize,
  mean: f32, slopeY: f32, slopeX: f32, variance: f32, variancePerGrey: f32, most: i32,
): void {
  fillNoise<u16>(out, width, height, noise, rowStarts, mean, slopeY, slopeX, variance, variancePerGrey, most);
}

export function renderBackground_u8(
  out: usize, width: i32, height: i32, noise: usize, rowStarts: usize,
  mean: f32, slopeY: f32, slopeX: f32, variance: f32, variancePerGrey: f32, most: i32,
): void {
  fillNoise<u8>(out, width, height, noise, rowStarts, mean, slopeY, slopeX, variance, variancePerGrey, most);
}

/**
 * out += signal + sqrt(signal * greyPerElectron) * noise, rounded and clamped, over width by height pixels at `stride`
 * pixels a row; signal = rows[y] columns[x] + rowMoments[y] columnMoments[x], never negative; noise runs on row after row.
 */
export function addBead_u16(
  out: usize, stride: i32, width: i32, height: i32, columns: usize, columnMoments: usize, rows: usize, rowMoments: usize,
  noise: usize, greyPerElectron: f32, most: i32,
): void {
  addPatch<u16>(out, stride, width, height, columns, columnMoments, rows, rowMoments, noise, greyPerElectron, most);
}

export function addBead_u8(
  out: usize, stride: i32, width: i32, height: i32, columns: usize, columnMoments: usize, rows: usize, rowMoments: usize,
  noise: usize, greyPerElectron: f32, most: i32,
): void {
  addPatch<u8>(out, stride, width, height, columns, columnMoments, rows, rowMoments, noise, greyPerElectron, most);
}
