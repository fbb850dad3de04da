/** How TIFF files are compressed: the names people type, and what this Node can do. */
import zlib from "node:zlib";
import { type MoteError, refusal } from "../../errors.js";

export const tiffCompressionNames = ["none", "lzw", "deflate", "zstd"] as const;
export type TiffCompression = (typeof tiffCompressionNames)[number];

export interface TiffOptions {
  readonly compression: TiffCompression;
  /** Store differences of neighbouring pixels (predictor 2 for integers, 3 for float32). */
  readonly isPredicted: boolean;
}

export const plainTiff: TiffOptions = { compression: "none", isPredicted: false };

/** Absent from the Node releases before 22.15. */
export type ZstdCompress = (bytes: Uint8Array, options?: object) => Uint8Array;
export const zstdCompress = (zlib as { zstdCompressSync?: ZstdCompress }).zstdCompressSync;

/** Why these options cannot be had; undefined when they can. */
export function tiffRefusal(where: string, options: TiffOptions): MoteError | undefined {
  if (options.compression === "zstd" && !zstdCompress) {
    return refusal(
      where,
      `--tiff-compression zstd needs Node 22.15 or later, this is ${process.version}`,
      "Use --tiff-compression deflate, which every reader opens.",
    );
  }
  if (options.compression === "none" && options.isPredicted) {
    return refusal(
      where,
      "--tiff-predictor goes with a compression, and there is none",
      "Add --tiff-compression deflate or lzw, or leave --tiff-predictor away.",
    );
  }
  return undefined;
}
