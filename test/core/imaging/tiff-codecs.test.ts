import { describe, expect, it } from "vitest";
import { decodePackBits, loadDecompress } from "../../../src/core/imaging/tiff/decompress.js";
import { decodeLzw } from "../../../src/core/imaging/tiff/lzw.js";

/** Packs codes most significant bit first, each with its own width. */
function packed(...codes: [code: number, bits: number][]): Uint8Array {
  const bits = codes.map(([code, width]) => code.toString(2).padStart(width, "0")).join("");
  return Uint8Array.from(bits.match(/.{1,8}/g) ?? [], (byte) => Number.parseInt(byte.padEnd(8, "0"), 2));
}
const nine = (...codes: number[]) => packed(...codes.map((code): [number, number] => [code, 9]));

describe("LZW", () => {
  it("decodes the example of TIFF 6.0 section 13", () => {
    const output = new Uint8Array(9);
    expect(decodeLzw(nine(256, 7, 258, 8, 8, 258, 6, 6, 257), output)).toBe(9);
    // 7, then the code defined by its own use, then its string again.
    expect([...output]).toEqual([7, 7, 7, 8, 8, 7, 7, 6, 6]);
  });
  it("stops at the end code, at the end of its input and when the output is full", () => {
    const output = new Uint8Array(4);
    expect(decodeLzw(nine(256, 1, 2, 257, 3), output)).toBe(2);
    expect(decodeLzw(nine(256, 1, 2, 3), output)).toBe(3);
    expect(decodeLzw(nine(256, 9, 258, 259, 260, 261), output)).toBe(4);
    expect([...output]).toEqual([9, 9, 9, 9]);
    expect(decodeLzw(new Uint8Array(0), output)).toBe(0);
  });
  it("refuses a code before it was defined, with its byte, and the old bit order", () => {
    expect(() => decodeLzw(nine(256, 300), new Uint8Array(4))).toThrow("LZW code 300 before it was defined");
    expect(() => decodeLzw(nine(256, 1, 260), new Uint8Array(4))).toThrow("LZW code 260");
    expect(() => decodeLzw(Uint8Array.of(0, 1, 2), new Uint8Array(4))).toThrow("before TIFF 6.0");
  });
});

describe("PackBits", () => {
  // TIFF 6.0 section 9.
  const input = Uint8Array.of(0xfe, 0xaa, 0x02, 0x80, 0x00, 0x2a, 0xfd, 0xaa, 0x03, 0x80, 0x00, 0x2a, 0x22, 0xf7, 0xaa);
  it("decodes the specification's example, no-operations left out", () => {
    const output = new Uint8Array(24);
    expect(decodePackBits(Uint8Array.of(0x80, ...input, 0x80), output)).toBe(24);
    expect(Buffer.from(output).toString("hex")).toBe(`aaaaaa80002aaaaaaaaa80002a22${"aa".repeat(10)}`);
  });
  it("stays inside the output, and refuses input that ends early", () => {
    expect(decodePackBits(input, new Uint8Array(5))).toBe(5);
    expect(() => decodePackBits(Uint8Array.of(0x05, 1, 2), new Uint8Array(9))).toThrow("end early");
    expect(() => decodePackBits(Uint8Array.of(0xfe), new Uint8Array(9))).toThrow("without its byte");
  });
});

describe("what inflates without bound is stopped", () => {
  it.each([8, 50000])("compression %i", async (method) => {
    const zlib = await import("node:zlib");
    const decompress = await loadDecompress(method);
    // 64 MB of zeros: by deflate, and as one zstd frame header that claims them (RFC 8878 section 3.1.1).
    const bomb =
      method === 8
        ? zlib.deflateSync(new Uint8Array(1 << 26))
        : Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd, 0xa0, 0, 0, 0, 4, 0x03, 0, 0x20, 0, 0, 0, 0, 0, 0, 0, 0);
    expect(() => decompress!(bomb, new Uint8Array(100))).toThrow(/cannot be decompressed|claims 67108864 bytes/);
  });
});
