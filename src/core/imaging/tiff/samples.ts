/** From the samples as a TIFF stores them to grey values: byte order, predictors, WhiteIsZero. All work in place. */
import type { PixelFormat } from "../../model/pixel-format.js";

/** Swaps the bytes of every 16-bit or 32-bit sample. `bytes` covers whole samples. */
export function swapBytes(bytes: Uint8Array, pixelFormat: PixelFormat): void {
  const buffer = Buffer.from(bytes.buffer as ArrayBuffer, bytes.byteOffset, bytes.byteLength);
  if (pixelFormat === "uint16") buffer.swap16();
  else if (pixelFormat === "float32") buffer.swap32();
}

/**
 * Undoes horizontal differencing (TIFF 6.0 section 14): each sample is the sum, modulo its type, of the stored ones left
 * of it. `bytes` holds rows of `width` samples in native byte order; 16-bit samples must be aligned.
 */
export function undoHorizontal(bytes: Uint8Array, width: number, pixelFormat: PixelFormat): void {
  if (pixelFormat === "uint8") accumulate(bytes, width);
  else accumulate(new Uint16Array(bytes.buffer, bytes.byteOffset, bytes.byteLength >> 1), width);
}

function accumulate(samples: Uint8Array | Uint16Array, width: number): void {
  for (let row = 0; row + width <= samples.length; row += width) {
    let sum = 0;
    for (let at = row; at < row + width; at++) {
      sum += samples[at]!;
      samples[at] = sum;
    }
  }
}

/**
 * Undoes the floating point predictor (TIFF Technical Note 3): a row is stored as the planes of its most significant to
 * its least significant bytes, differenced byte by byte, the same for both byte orders. Leaves little-endian float32.
 */
export function undoFloatingPoint(bytes: Uint8Array, width: number): void {
  const rowBytes = width * 4;
  const row = new Uint8Array(rowBytes);
  for (let start = 0; start + rowBytes <= bytes.length; start += rowBytes) {
    let sum = 0;
    for (let at = 0; at < rowBytes; at++) {
      sum = (sum + bytes[start + at]!) & 255;
      row[at] = sum;
    }
    for (let column = 0; column < width; column++) {
      const to = start + column * 4;
      bytes[to + 3] = row[column]!;
      bytes[to + 2] = row[column + width]!;
      bytes[to + 1] = row[column + 2 * width]!;
      bytes[to] = row[column + 3 * width]!;
    }
  }
}

/** Turns WhiteIsZero (PhotometricInterpretation 0) into brightness: the type's maximum minus the value; floats negated. */
export function invertWhiteZero(pixels: Uint8Array | Uint16Array | Float32Array): void {
  if (pixels instanceof Float32Array) for (let at = 0; at < pixels.length; at++) pixels[at] = -pixels[at]!;
  else for (let at = 0; at < pixels.length; at++) pixels[at] = ~pixels[at]!;
}
