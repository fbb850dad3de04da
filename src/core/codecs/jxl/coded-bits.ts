/** How many bits a sample a frame is coded with. */
import type { PixelArray, PixelFormat } from "../../model/pixel-format.js";

/** Samples of up to 8 bits are bytes to the codec, so a uint16 frame is never coded with fewer than this. */
const leastBitsOfTwoBytes = 9;

/**
 * uint8 is coded with 8 bits, uint16 with its bit depth, 9 at least, so that a file's header gives the pixel format back.
 * A sample above what the bit depth allows (a camera's offset, a sum) would be cut: such a frame is coded with all 16.
 */
export function codedBits(pixels: PixelArray, format: PixelFormat, bitDepth: number): number {
  if (format === "uint8") return 8;
  const bits = Math.max(bitDepth, leastBitsOfTwoBytes);
  if (bits >= 16) return 16;
  let seen = 0;
  for (let at = 0; at < pixels.length; at++) seen |= pixels[at]!;
  return seen >> bits === 0 ? bits : 16;
}
