/** The codec gives every bit back, its header says what was stored, and other people's decoders read the same. */
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { codedBits } from "../../../src/core/codecs/jxl/coded-bits.js";
import { openJxlDecoder, openJxlEncoder } from "../../../src/core/codecs/jxl/jxl-codec.js";
import { readJxlHeader } from "../../../src/core/codecs/jxl/jxl-header.js";
import { bytesAsSource } from "../../../src/core/imaging/byte-source.js";
import { python, testWithPython } from "../../judges.js";
import { seeded } from "../../seed.js";

const decoder = await openJxlDecoder();
const encoders = new Map([
  [1, await openJxlEncoder(1)],
  [2, await openJxlEncoder(2)],
]);

interface Case {
  readonly bits: number;
  readonly height: number;
  readonly width: number;
  readonly effort: number;
}

/** Every depth; sizes of one pixel, with and without a ratio or a multiple of 8, and over a group of 256. */
const cases: Case[] = [8, 9, 10, 12, 14, 15, 16].flatMap((bits) =>
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
function samplesOf({ bits, height, width, effort }: Case): Uint8Array {
  const random = seeded(bits * 1000 + width + effort);
  const pixels = bits <= 8 ? new Uint8Array(height * width) : new Uint16Array(height * width);
  const most = 2 ** bits - 1;
  for (let at = 0; at < pixels.length; at++) pixels[at] = ((at / pixels.length) * 0.8 + random() * 0.2) * most;
  pixels[0] = most;
  if (pixels.length > 1) pixels[pixels.length - 1] = 0;
  return new Uint8Array(pixels.buffer);
}

function encode(given: Case): Uint8Array {
  return encoders.get(given.effort)!.borrowEncoded(samplesOf(given), given, given.bits).slice();
}

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

/** djxl, where it is installed, by Netpbm; it scales 9 to 15 bits to 16 on the way, which is undone here. */
function djxlReads(folder: string, name: string, { bits }: Case): Uint8Array | undefined {
  const file = join(folder, `${name}.pgm`);
  const { error } = spawnSync("djxl", [join(folder, `${name}.jxl`), file]);
  if (error) return undefined;
  const bytes = readFileSync(file);
  let at = 0;
  for (let line = 0; line < 3; line++) at = bytes.indexOf(10, at) + 1;
  const body = bytes.subarray(at);
  if (bits === 8) return body;
  const values = new Uint16Array(body.length / 2);
  for (let i = 0; i < values.length; i++) {
    values[i] = Math.round((body.readUInt16BE(2 * i) * (2 ** bits - 1)) / 65535);
  }
  return new Uint8Array(values.buffer);
}

testWithPython(
  "imagecodecs, and djxl where it is installed, read the same pixels (skipped: needs MOTE_PYTHON with imagecodecs)",
  { timeout: 120_000 },
  () => {
    const folder = mkdtempSync(join(tmpdir(), "mote-jxl-"));
    const list = cases.map((given, at) => {
      writeFileSync(join(folder, `${at}.jxl`), encode(given));
      writeFileSync(join(folder, `${at}.raw`), samplesOf(given));
      return [`${at}`, given.height, given.width, given.bits];
    });
    writeFileSync(join(folder, "list.json"), JSON.stringify(list));
    const wrong = execFileSync(python!, [join(import.meta.dirname, "judge-jxl.py"), folder], { encoding: "utf8" });
    expect(JSON.parse(wrong)).toEqual([]);
    cases.forEach((given, at) => {
      const read = djxlReads(folder, `${at}`, given);
      if (read) expect(Buffer.compare(read, samplesOf(given)), JSON.stringify(given)).toBe(0);
    });
  },
);
