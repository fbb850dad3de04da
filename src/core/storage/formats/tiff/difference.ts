/** Predictors: the differences that are stored instead of pixels. All work in place on rows of `width` samples. */
import type { PixelFormat } from "../../../model/pixel-format.js";

/** Value of the Predictor tag (TIFF 6.0 section 14; 3: TIFF Technical Note 3). */
export const predictorOf: Readonly<Record<PixelFormat, number>> = { uint8: 2, uint16: 2, float32: 3 };

/** Returns the predictor for a pixel type; what it is given starts at a multiple of the pixel's bytes. */
export function createPredictor(pixelFormat: PixelFormat, width: number): (bytes: Uint8Array) => void {
  if (pixelFormat === "uint8") return (bytes) => differenceRows(bytes, width);
  if (pixelFormat === "uint16") {
    return (bytes) => differenceRows(new Uint16Array(bytes.buffer, bytes.byteOffset, bytes.byteLength >> 1), width);
  }
  const row = new Uint8Array(width * 4);
  return (bytes) => differencePlanes(bytes, width, row);
}

/** Horizontal differencing: each sample minus the one left of it, modulo its type. */
function differenceRows(samples: Uint8Array | Uint16Array, width: number): void {
  for (let row = 0; row + width <= samples.length; row += width) {
    let left = 0;
    for (let at = row; at < row + width; at++) {
      const sample = samples[at]!;
      samples[at] = sample - left;
      left = sample;
    }
  }
}

/** Floating point: a row as the planes of its most to its least significant bytes, differenced byte by byte. */
function differencePlanes(bytes: Uint8Array, width: number, row: Uint8Array): void {
  const rowBytes = width * 4;
  for (let start = 0; start + rowBytes <= bytes.length; start += rowBytes) {
    for (let column = 0; column < width; column++) {
      const from = start + column * 4;
      row[column] = bytes[from + 3]!;
      row[column + width] = bytes[from + 2]!;
      row[column + 2 * width] = bytes[from + 1]!;
      row[column + 3 * width] = bytes[from]!;
    }
    let left = 0;
    for (let at = 0; at < rowBytes; at++) {
      bytes[start + at] = row[at]! - left;
      left = row[at]!;
    }
  }
}
