/** Our decoder of fast lossless streams agrees with libjxl, and gives up on what it does not know. */
import { expect, test } from "vitest";
import { createGradientDecoder } from "../../../src/core/codecs/jxl/gradient-decoder.js";
import { openJxlEncoder, openLibjxlDecoder } from "../../../src/core/codecs/jxl/jxl-codec.js";
import { seeded } from "../../seed.js";

const decoder = createGradientDecoder();
const libjxl = await openLibjxlDecoder();
const fast = await openJxlEncoder(1);

/** Pixels of a kind, tightly packed. */
function pixelsOf(kind: string, bits: number, height: number, width: number): Uint8Array {
  const random = seeded(bits * 7919 + width * 31 + height);
  const pixels = new Uint16Array(height * width);
  const most = 2 ** bits - 1;
  for (let at = 0; at < pixels.length; at++) {
    const x = at % width;
    if (kind === "noise") pixels[at] = random() * (most + 1);
    else if (kind === "black-and-white") pixels[at] = random() < 0.5 ? 0 : most;
    else if (kind === "runs") pixels[at] = (x >> 6) & 1 ? most : Math.floor(at / width / 9);
    else if (kind === "slope") pixels[at] = ((x + at / width) / (height + width)) * most * 0.9 + random() * 3;
  }
  return new Uint8Array(pixels.buffer);
}

/** Over a group of 256 in one direction at least: smaller frames are not given to the fast encoder. */
const sizes = [
  [1, 300],
  [300, 1],
  [9, 257],
  [257, 256],
  [300, 515],
] as const;

test("every frame of 9 bits and more is decoded, to the samples that went in and that libjxl sees", () => {
  for (const bits of [9, 12, 13, 14, 15, 16]) {
    for (const kind of ["flat", "noise", "black-and-white", "runs", "slope"]) {
      for (const [height, width] of sizes) {
        const pixels = pixelsOf(kind, bits, height, width);
        const coded = fast.borrowEncoded(pixels, { height, width }, bits).slice();
        const name = `${kind}, ${bits} bits, ${width}x${height}`;
        expect(Buffer.compare(libjxl.borrowDecoded(coded).samples, pixels), name).toBe(0);
        const decoded = decoder.borrowDecoded(coded);
        expect(decoded, name).toMatchObject({ shape: { height, width }, bits });
        expect(Buffer.compare(decoded!.samples, pixels), name).toBe(0);
      }
    }
  }
});

test("a frame of one group is encoded whole where the fast encoder would write over its buffer", () => {
  for (const bits of [12, 15, 16]) {
    const noise = new Uint16Array(pixelsOf("noise", bits, 256, 256).buffer);
    // The fast encoder chooses its code by the rows in the middle.
    const calm = noise.map((pixel, at) => (Math.abs(at / 256 - 128) < 8 ? 0 : pixel));
    for (const pixels of [noise, calm]) {
      const coded = fast.borrowEncoded(new Uint8Array(pixels.buffer), { height: 256, width: 256 }, bits).slice();
      expect(Buffer.compare(libjxl.borrowDecoded(coded).samples, new Uint8Array(pixels.buffer))).toBe(0);
    }
  }
});

test("an image over 2048 pixels wide has more than one low-frequency group", () => {
  const pixels = pixelsOf("slope", 12, 20, 4100);
  const coded = fast.borrowEncoded(pixels, { height: 20, width: 4100 }, 12).slice();
  expect(Buffer.compare(decoder.borrowDecoded(coded)!.samples, pixels)).toBe(0);
});

test("a frame of bytes, which the fast encoder gives a palette, is left to libjxl", () => {
  const pixels = new Uint8Array(60 * 300).map((_, at) => at * 31);
  const coded = fast.borrowEncoded(pixels, { height: 60, width: 300 }, 8);
  expect(decoder.borrowDecoded(coded)).toBeUndefined();
});

test("a stream of another effort is left to libjxl", async () => {
  for (const effort of [2, 3, 5, 7]) {
    const encoder = await openJxlEncoder(effort);
    const coded = encoder.borrowEncoded(pixelsOf("slope", 12, 40, 50), { height: 40, width: 50 }, 12);
    expect(decoder.borrowDecoded(coded)).toBeUndefined();
  }
});

test("a stream with any bit turned is given up or decodes to samples, mostly others, and never hangs", () => {
  const pixels = pixelsOf("slope", 12, 2, 260);
  const coded = fast.borrowEncoded(pixels, { height: 2, width: 260 }, 12).slice();
  let undetected = 0;
  for (let bit = 0; bit < coded.length * 8; bit++) {
    coded[bit >> 3]! ^= 1 << (bit & 7);
    const decoded = decoder.borrowDecoded(coded);
    if (decoded) expect(decoded.samples.length).toBeGreaterThan(0);
    if (decoded && Buffer.compare(decoded.samples, pixels) === 0) undetected++;
    coded[bit >> 3]! ^= 1 << (bit & 7);
  }
  // Bits that change no sample: colour, flags for small decoders, codes of symbols that do not occur, padding.
  expect(undetected / (coded.length * 8)).toBeLessThan(0.05);
  expect(Buffer.compare(decoder.borrowDecoded(coded)!.samples, pixels)).toBe(0);
});

test("a stream cut anywhere is given up", () => {
  const coded = fast.borrowEncoded(pixelsOf("noise", 9, 30, 270), { height: 30, width: 270 }, 9).slice();
  for (let length = 0; length < coded.length; length += 1 + Math.floor(length / 50)) {
    expect(decoder.borrowDecoded(coded.subarray(0, length)), `${length} bytes`).toBeUndefined();
  }
});
