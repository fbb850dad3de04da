/** The codec gives every bit back, its header says what was stored. */
import { expect, test } from "vitest";
import { codedBits } from "../../../src/core/codecs/jxl/coded-bits.js";
import { openJxlDecoder } from "../../../src/core/codecs/jxl/jxl-codec.js";
import { readJxlHeader } from "../../../src/core/codecs/jxl/jxl-header.js";
import { bytesAsSource } from "../../../src/core/imaging/byte-source.js";
import { cases, encode, encoders, samplesOf } from "./jxl-samples.js";

const decoder = await openJxlDecoder();
test("what was encoded decodes to the same samples, at every depth and size", () => {
  for (const given of cases) {
    const decoded = decoder.borrowDecoded(encode(given));
    expect(decoded.bits).toBe(given.bits);
    expect(Buffer.compare(decoded.samples, samplesOf(given)), JSON.stringify(given)).toBe(0);
  }
});

test("the header alone says shape and bits, in a bare codestream and in a container", () => {
  for (const given of cases) {
    const { bits, height, width } = given;
    expect(readJxlHeader(bytesAsSource("x", encode(given)))).toEqual({ shape: { height, width }, bits });
  }
});

test("damaged bytes end in an error with words, and the next image is read as if nothing had been", () => {
  const good = encode({ bits: 12, height: 45, width: 67, effort: 1 });
  expect(() => decoder.borrowDecoded(good.subarray(0, good.length / 2))).toThrow(/JpegXLDecoder: /);
  expect(() => decoder.borrowDecoded(new Uint8Array(100).fill(7))).toThrow(/JpegXLDecoder: /);
  expect(decoder.borrowDecoded(good).shape).toEqual({ height: 45, width: 67 });
  expect(() => encoders.get(1)!.borrowEncoded(new Uint8Array(10), { height: 4, width: 4 }, 8)).toThrow(
    "expected 16 bytes of samples at 8 bits, got 10",
  );
});

test("a header cut at any byte, or with any bit turned, is refused in words or read as some header", () => {
  const head = encode({ bits: 16, height: 45, width: 67, effort: 1 });
  for (let length = 0; length < 60; length++) {
    try {
      readJxlHeader(bytesAsSource("x", head.subarray(0, length)));
    } catch (error) {
      expect((error as Error).name).toBe("FormatProblem");
    }
  }
  for (let bit = 0; bit < 480; bit++) {
    const bytes = head.slice(0, 200);
    bytes[bit >> 3]! ^= 1 << (bit & 7);
    try {
      readJxlHeader(bytesAsSource("x", bytes));
    } catch (error) {
      expect((error as Error).name).toBe("FormatProblem");
    }
  }
});

test("a sample above its bit depth is coded with all 16 bits, not cut", () => {
  const pixels = new Uint16Array(100).fill(4095);
  expect(codedBits(pixels, "uint16", 12)).toBe(12);
  pixels[57] = 4096;
  expect(codedBits(pixels, "uint16", 12)).toBe(16);
  expect(codedBits(new Uint16Array(4), "uint16", 8)).toBe(9);
  expect(codedBits(new Uint8Array(4), "uint8", 6)).toBe(8);
});
