/** Images of every depth and of sizes that matter to JPEG XL, and our encoding of them. */
import { openJxlEncoder } from "../../../src/core/codecs/jxl/jxl-codec.js";
import { seeded } from "../../seed.js";

export const encoders = new Map([
  [1, await openJxlEncoder(1)],
  [2, await openJxlEncoder(2)],
]);

export interface Case {
  readonly bits: number;
  readonly height: number;
  readonly width: number;
  readonly effort: number;
}

/** Every depth; sizes of one pixel, with and without a ratio or a multiple of 8, and over a group of 256. */
export const cases: Case[] = [8, 9, 10, 12, 14, 15, 16].flatMap((bits) =>
  [
    [1, 1],
    [45, 67],
    [64, 64],
    [48, 64],
    [8, 600],
    [300, 300],
  ].flatMap(([height, width]) => [1, 2].map((effort) => ({ bits, height: height!, width: width!, effort }))),
);

/** A slope with noise, and the darkest and brightest samples there are. */
export function samplesOf({ bits, height, width, effort }: Case): Uint8Array {
  const random = seeded(bits * 1000 + width + effort);
  const pixels = bits <= 8 ? new Uint8Array(height * width) : new Uint16Array(height * width);
  const most = 2 ** bits - 1;
  for (let at = 0; at < pixels.length; at++) pixels[at] = ((at / pixels.length) * 0.8 + random() * 0.2) * most;
  pixels[0] = most;
  if (pixels.length > 1) pixels[pixels.length - 1] = 0;
  return new Uint8Array(pixels.buffer);
}

export function encode(given: Case): Uint8Array {
  return encoders.get(given.effort)!.borrowEncoded(samplesOf(given), given, given.bits).slice();
}
