// The float32 path: plain scalar double precision in the order of the reference; integers are where speed matters.

/**
 * The background in scipy's running sums, rounded to float32 on each axis: here down the columns from left to right - 1,
 * of all rows. sums: a float64 a column.
 */
export function averageColumns_f32(
  out: usize, image: usize, stride: usize, height: i32, left: i32, right: i32, sizeY: i32, sums: usize,
): void {
  const halfY = sizeY >> 1;
  for (let x = left; x < right; x++) {
    let sum: f64 = 0;
    for (let i = 0; i < sizeY; i++) sum += pixelAt(image, stride, min(max(i - halfY, 0), height - 1), x);
    store<f64>(sums + ((<usize>x) << 3), sum);
  }
  for (let y = 0; y < height; y++) {
    const row = out + <usize>y * stride;
    if (y > 0) {
      const entering = min(y + halfY, height - 1);
      const leaving = max(y - 1 - halfY, 0);
      for (let x = left; x < right; x++) {
        const at = sums + ((<usize>x) << 3);
        store<f64>(at, load<f64>(at) + (pixelAt(image, stride, entering, x) - pixelAt(image, stride, leaving, x)));
      }
    }
    for (let x = left; x < right; x++) {
      const sum = load<f64>(sums + ((<usize>x) << 3));
      store<f32>(row + ((<usize>x) << 2), <f32>(sizeY > 1 ? sum / <f64>sizeY : sum));
    }
  }
}

/** The same along rows that averageColumns_f32 made, in place. line: width float32. */
export function averageRows_f32(image: usize, stride: usize, width: i32, top: i32, bottom: i32, sizeX: i32, line: usize): void {
  if (sizeX == 1) return;
  for (let y = top; y < bottom; y++) averageRow(image + <usize>y * stride, width, sizeX, sizeX >> 1, line);
}

/** In place; line: a copy of the row, float32. */
function averageRow(row: usize, width: i32, size: i32, half: i32, line: usize): void {
  memory.copy(line, row, (<usize>width) << 2);
  let sum: f64 = 0;
  for (let i = 0; i < size; i++) sum += <f64>load<f32>(line + ((<usize>min(max(i - half, 0), width - 1)) << 2));
  store<f32>(row, <f32>(sum / <f64>size));
  for (let x = 1; x < width; x++) {
    const entering = <f64>load<f32>(line + ((<usize>min(x + half, width - 1)) << 2));
    const leaving = <f64>load<f32>(line + ((<usize>max(x - 1 - half, 0)) << 2));
    sum += entering - leaving;
    store<f32>(row + ((<usize>x) << 2), <f32>(sum / <f64>size));
  }
}

@inline
function pixelAt(image: usize, stride: usize, y: i32, x: i32): f64 {
  return <f64>load<f32>(image + <usize>y * stride + ((<usize>x) << 2));
}

/**
 * out (float64, outStride bytes a row) = low-pass minus background, 0 below the threshold, for the rows from top to
 * bottom - 1; returns the largest. v: a row of float64 with halfX zeros before and after. weights: half + 1 float64, the centre's first.
 */
export function bandPass_f32(
  out: usize, outStride: usize, image: usize, background: usize, stride: usize, width: i32, height: i32,
  top: i32, bottom: i32, weightsY: usize, halfY: i32, weightsX: usize, halfX: i32, threshold: f64, v: usize,
): f64 {
  let brightest: f64 = 0;
  for (let y = top; y < bottom; y++) {
    for (let x = 0; x < width; x++) {
      let sum = pixelAt(image, stride, y, x) * load<f64>(weightsY);
      for (let k = halfY; k > 0; k--) {
        const above = y - k >= 0 ? pixelAt(image, stride, y - k, x) : 0;
        const below = y + k < height ? pixelAt(image, stride, y + k, x) : 0;
        sum += (above + below) * load<f64>(weightsY + ((<usize>k) << 3));
      }
      store<f64>(v + ((<usize>x) << 3), sum);
    }
    for (let x = 0; x < width; x++) {
      const at = v + ((<usize>x) << 3);
      let sum = load<f64>(at) * load<f64>(weightsX);
      for (let k = halfX; k > 0; k--) {
        const step = (<usize>k) << 3;
        sum += (load<f64>(at - step) + load<f64>(at + step)) * load<f64>(weightsX + step);
      }
      const difference = sum - pixelAt(background, stride, y, x);
      const value = difference >= threshold ? difference : 0;
      brightest = max(brightest, value);
      store<f64>(out + <usize>y * outStride + ((<usize>x) << 3), value);
    }
  }
  return brightest;
}

/** The largest pixel, 0 where none is positive. */
export function brightest_f32(image: usize, stride: usize, width: i32, height: i32): f64 {
  let brightest: f64 = 0;
  for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) brightest = max(brightest, pixelAt(image, stride, y, x));
  return brightest;
}

/** out = trunc(scale * max(image, 0)) in single precision, as trackpy has it without band-pass; zeros up to outStride. */
export function scale_f32(out: usize, outStride: usize, image: usize, stride: usize, width: i32, height: i32, scale: f32): void {
  for (let y = 0; y < height; y++) {
    const row = out + <usize>y * outStride;
    memory.fill(row, 0, outStride);
    for (let x = 0; x < width; x++) {
      const pixel = load<f32>(image + <usize>y * stride + ((<usize>x) << 2));
      store<u16>(row + ((<usize>x) << 1), <u16><i32>(scale * max<f32>(pixel, 0)));
    }
  }
}

/** Replaces the raw mass of rows (characterize_u16's) by the sum over the float pixels, in raster order. */
export function rawMass_f32(
  rows: usize, features: usize, count: i32, image: usize, stride: usize, radiusX: i32, halfWidths: usize, height: i32,
): void {
  for (let index = 0; index < count; index++) {
    const feature = features + <usize>load<f64>(rows + ((<usize>index) << 6), 56) * 40;
    const top = <i32>load<f64>(feature, 24);
    const left = <i32>load<f64>(feature, 32);
    let sum: f64 = 0;
    for (let row = 0; row < height; row++) {
      const half = load<i32>(halfWidths + ((<usize>row) << 2));
      for (let dx = radiusX - half; dx <= radiusX + half; dx++) sum += pixelAt(image, stride, top + row, left + dx);
    }
    store<f64>(rows + ((<usize>index) << 6), sum, 48);
  }
}
