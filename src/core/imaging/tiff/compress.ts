/** One strip to its compressed bytes, by the value of TIFF's Compression tag: what decompress.ts undoes. */
import zlib from "node:zlib";
import { loadZstd } from "../../codecs/zstd.js";
import { encodeLzw, mostLzwBytes } from "./encode-lzw.js";
import { compression } from "./tags.js";

/** Fills `output`, which has room for `mostCompressedBytes`, with the coded strip; returns its bytes. */
export type Compress = (strip: Uint8Array, output: Uint8Array) => number;

interface Coder {
  /** The most that so many bytes become. */
  most(rawBytes: number): number;
  load(): Promise<Compress>;
}

/**
 * Deflate (RFC 1951) with Huffman codes and runs only: pictures with noise hardly repeat themselves otherwise. Measured
 * against level 1 with all matches: 1.6 times as fast and 4% larger on beads with noise, not larger on brightfield.
 */
const deflateOptions = { level: 1, strategy: zlib.constants.Z_RLE };
/** zstd's own default. */
const zstdLevel = 3;

const registry: Readonly<Record<number, Coder>> = {
  [compression.lzw]: { most: mostLzwBytes, load: async () => encodeLzw },
  [compression.deflate]: { most: mostByBlocks, load: async () => deflate },
  [compression.zstd]: {
    most: mostByBlocks,
    async load() {
      const { compress } = await loadZstd();
      return (strip, output) => put(compress(strip, zstdLevel), output);
    },
  },
};

/** Loads what codes by `method`; undefined for pixels that are stored as they are. */
export async function loadCompress(method: number): Promise<Compress | undefined> {
  return await registry[method]?.load();
}

/** The most that a strip of so many bytes has when it is coded. */
export function mostCompressedBytes(method: number, rawBytes: number): number {
  return registry[method]?.most(rawBytes) ?? rawBytes;
}

/** Deflate with its zlib frame (TIFF Technical Note 2). */
function deflate(strip: Uint8Array, output: Uint8Array): number {
  return put(zlib.deflateSync(strip, { ...deflateOptions, chunkSize: Math.max(64, output.length) }), output);
}

/** Deflate and zstd store a block as it is when it does not get smaller, with a few bytes in front. */
function mostByBlocks(rawBytes: number): number {
  return Math.ceil(rawBytes * 1.02) + 1024;
}

function put(bytes: Uint8Array, output: Uint8Array): number {
  output.set(bytes);
  return bytes.length;
}
