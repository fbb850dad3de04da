/** Compresses a frame as one Zarr chunk: the codec's metadata, and the bytes. */
import zlib from "node:zlib";
import { createBloscEncoder } from "../../../codecs/blosc/blosc-encoder.js";
import { loadZstd } from "../../../codecs/zstd.js";
import type { JsonValue } from "../../../model/json.js";
import { bytesPerPixel, type PixelFormat } from "../../../model/pixel-format.js";
import { bytesCodec } from "./array-metadata.js";
import type { ZarrCodec } from "./zarr-options.js";

/** Level of zstd alone, and of zstd behind sorted bits, where higher ones gain 1% and cost half as much again. */
const zstdLevel = 3;
const bloscZstdLevel = 1;
/** As in TIFF: codes and runs only, since pictures with noise hardly repeat themselves. */
const gzipLevel = 1;

export interface FrameChunkEncoder {
  readonly codecs: readonly JsonValue[];
  /** Valid until the next call; may be the pixels themselves. */
  borrowEncoded(pixels: Uint8Array): Uint8Array;
}

/** An encoder for frames of at most `frameBytes` bytes. */
export async function loadFrameChunkEncoder(
  codec: ZarrCodec,
  pixelFormat: PixelFormat,
  frameBytes: number,
): Promise<FrameChunkEncoder> {
  const bytes = bytesCodec(pixelFormat);
  const typesize = bytesPerPixel[pixelFormat] as 1 | 2 | 4;
  switch (codec) {
    case "none":
      return { codecs: [bytes], borrowEncoded: (pixels) => pixels };
    case "gzip":
      return {
        codecs: [bytes, { name: "gzip", configuration: { level: gzipLevel } }],
        borrowEncoded: (pixels) => zlib.gzipSync(pixels, { level: gzipLevel, strategy: zlib.constants.Z_RLE }),
      };
    case "zstd": {
      const zstd = await loadZstd();
      return {
        codecs: [bytes, { name: "zstd", configuration: { level: zstdLevel, checksum: false } }],
        borrowEncoded: (pixels) => zstd.compress(pixels, zstdLevel),
      };
    }
    default: {
      const cname = codec === "blosc-lz4" ? "lz4" : "zstd";
      const zstd = cname === "zstd" ? await loadZstd() : undefined;
      const encoder = createBloscEncoder(cname, typesize, frameBytes, (block) => zstd!.compress(block, bloscZstdLevel));
      const configuration = { typesize, cname, clevel: 1, shuffle: "bitshuffle", blocksize: encoder.blockBytes };
      return {
        codecs: [bytes, { name: "blosc", configuration }],
        borrowEncoded: (pixels) => encoder.borrowEncoded(pixels),
      };
    }
  }
}
