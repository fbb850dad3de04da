/** The pixel types a frame can have. Names are Zarr v3's; multi-byte samples are little-endian. */

export const pixelFormats = ["uint8", "uint16", "float32"] as const;
export type PixelFormat = (typeof pixelFormats)[number];
export type PixelArray = Uint8Array | Uint16Array | Float32Array;

export const bytesPerPixel: Readonly<Record<PixelFormat, number>> = { uint8: 1, uint16: 2, float32: 4 };

/** Largest value of an integer format; 1 for float32, whose images are taken as 0 to 1. */
export const maximumPixel: Readonly<Record<PixelFormat, number>> = { uint8: 255, uint16: 65535, float32: 1 };

/** A typed array over `pixels` pixels that start at `byteOffset` of `buffer`; nothing is copied. */
export function borrowPixels(
  format: PixelFormat,
  buffer: ArrayBufferLike,
  byteOffset: number,
  pixels: number,
): PixelArray {
  if (format === "uint8") return new Uint8Array(buffer, byteOffset, pixels);
  if (format === "uint16") return new Uint16Array(buffer, byteOffset, pixels);
  return new Float32Array(buffer, byteOffset, pixels);
}
