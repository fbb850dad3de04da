/** One compressed strip or tile to its bytes, by the value of TIFF's Compression tag. */
import zlib from "node:zlib";
import { loadZstd } from "../../codecs/zstd.js";
import { asDamage } from "../../decoding.js";
import { FormatProblem } from "../../format-problem.js";
import { decodeLzw } from "./lzw.js";
import { compression } from "./tags.js";

/**
 * Fills `output` from `input`; returns the bytes written, never more than `output.length`, whatever the input claims.
 * Throws a FormatProblem, its byte relative to `input`, when the input is damaged.
 */
export type Decompress = (input: Uint8Array, output: Uint8Array) => number;

const registry: Readonly<Record<number, () => Promise<Decompress>>> = {
  [compression.lzw]: async () => decodeLzw,
  [compression.packBits]: async () => decodePackBits,
  [compression.deflate]: async () => inflate,
  [compression.oldDeflate]: async () => inflate,
  [compression.zstd]: unzstd,
};

/** Loads what undoes `method`; undefined for pixels that are stored as they are. */
export async function loadDecompress(method: number): Promise<Decompress | undefined> {
  return await registry[method]?.();
}

/** PackBits (TIFF 6.0 section 9): runs of a repeated byte and stretches of literal ones. */
export function decodePackBits(input: Uint8Array, output: Uint8Array): number {
  let at = 0;
  let written = 0;
  while (at < input.length && written < output.length) {
    const head = (input[at++]! << 24) >> 24;
    if (head === -128) continue;
    if (head < 0) {
      if (at >= input.length) throw new FormatProblem("file-damaged", "a PackBits run without its byte", at);
      const end = Math.min(output.length, written + 1 - head);
      output.fill(input[at++]!, written, end);
      written = end;
    } else {
      const count = Math.min(head + 1, output.length - written);
      if (at + count > input.length) throw new FormatProblem("file-damaged", "PackBits bytes end early", at);
      output.set(input.subarray(at, at + count), written);
      at += head + 1;
      written += count;
    }
  }
  return written;
}

/** Deflate with its zlib frame (TIFF Technical Note 2); compressions 8 and 32946 are the same bytes. */
function inflate(input: Uint8Array, output: Uint8Array): number {
  return copyTo(output, () =>
    // Some writers pad the last strip to full height: what exceeds the image is cut, but never inflated without bound.
    zlib.inflateSync(input, { chunkSize: Math.max(64, output.length + 1), maxOutputLength: 4 * output.length + 65536 }),
  );
}

async function unzstd(): Promise<Decompress> {
  const { decompress } = await loadZstd();
  return (input, output) => copyTo(output, () => decompress(input, 4 * output.length + 65536));
}

function copyTo(output: Uint8Array, decode: () => Uint8Array): number {
  let bytes: Uint8Array;
  try {
    bytes = decode();
  } catch (cause) {
    throw asDamage(cause, { what: "cannot be decompressed", byte: 0 });
  }
  const count = Math.min(bytes.length, output.length);
  output.set(count === bytes.length ? bytes : bytes.subarray(0, count));
  return count;
}
