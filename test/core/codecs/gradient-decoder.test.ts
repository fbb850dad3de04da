/** Our decoder of fast lossless streams agrees with libjxl, and gives up on what it does not know. */
import { expect, test } from "vitest";
import { createGradientDecoder } from "../../../src/core/codecs/jxl/gradient-decoder.js";
import { openJxlEncoder, openLibjxlDecoder } from "../../../src/core/codecs/jxl/jxl-codec.js";
import { pixelsOf } from "./gradient-pixels.js";

const decoder = createGradientDecoder();
const libjxl = await openLibjxlDecoder();
const fast = await openJxlEncoder(1);

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

test("a stream cut anywhere is given up", () => {
  const coded = fast.borrowEncoded(pixelsOf("noise", 9, 30, 270), { height: 30, width: 270 }, 9).slice();
  for (let length = 0; length < coded.length; length += 1 + Math.floor(length / 50)) {
    expect(decoder.borrowDecoded(coded.subarray(0, length)), `${length} bytes`).toBeUndefined();
  }
});
