/** The next coarser level of a picture: the mean of 2x2 pixels. */
import type { FrameShape } from "../../../model/descriptor.js";
import type { PixelArray } from "../../../model/pixel-format.js";

/** An odd row or column at the end becomes one of its own. */
export function halvedShape({ height, width }: FrameShape): FrameShape {
  return { height: Math.ceil(height / 2), width: Math.ceil(width / 2) };
}

/**
 * Fills `out` with the means of `pixels`: 2x2 of them, fewer at an odd edge. Integers are rounded to the nearest, halves
 * up; the mean of floats is taken in float64, and a NaN among them makes it NaN.
 */
export function halve(out: PixelArray, pixels: PixelArray, { height, width }: FrameShape): void {
  const half = halvedShape({ height, width });
  const isReal = pixels instanceof Float32Array;
  const pairs = width >> 1;
  for (let y = 0; y < half.height; y++) {
    const above = 2 * y * width;
    // The last row of an odd height is its own partner: the mean stays the same.
    const below = 2 * y + 1 < height ? above + width : above;
    let to = y * half.width;
    if (isReal) {
      for (let x = 0; x < pairs; x++) {
        const at = 2 * x;
        out[to++] = (pixels[above + at]! + pixels[above + at + 1]! + pixels[below + at]! + pixels[below + at + 1]!) / 4;
      }
    } else {
      for (let x = 0; x < pairs; x++) {
        const at = 2 * x;
        const sum = pixels[above + at]! + pixels[above + at + 1]! + pixels[below + at]! + pixels[below + at + 1]!;
        out[to++] = (sum + 2) >> 2;
      }
    }
    if (width % 2 === 0) continue;
    const sum = pixels[above + width - 1]! + pixels[below + width - 1]!;
    out[to] = isReal ? sum / 2 : (sum + 1) >> 1;
  }
}
