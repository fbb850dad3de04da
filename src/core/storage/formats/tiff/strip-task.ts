/** Codes one strip of a frame: predictor, then compression. The work of a crew, each strip by whoever is free. */
import zlib from "node:zlib";
import { loadZstd } from "../../../codecs/zstd.js";
import { type FrameShape, frameBytes } from "../../../model/descriptor.js";
import type { PixelFormat } from "../../../model/pixel-format.js";
import type { Task } from "../../../workers/crew-task.js";
import { createPredictor } from "./difference.js";
import { encodeLzw } from "./encode-lzw.js";
import type { StripLayout } from "./strip-layout.js";
import type { TiffSettings } from "./tiff-options.js";

export const address = import.meta.url;

export interface StripSetup {
  readonly shape: FrameShape;
  readonly pixelFormat: PixelFormat;
  readonly settings: TiffSettings;
  readonly layout: StripLayout;
  /** Memory that holds the frames; number 0 of a job is the offset of the pixels in it. */
  readonly memory: ArrayBufferLike;
  /** Room of `layout.mostBytes` for each strip. */
  readonly coded: ArrayBufferLike;
  /** Bytes of each coded strip. */
  readonly codedBytes: Int32Array;
}

/**
 * Deflate (RFC 1951) with Huffman codes and runs only: pictures with noise hardly repeat themselves otherwise. Measured
 * against level 1 with all matches: 1.6 times as fast and 4% larger on beads with noise, not larger on brightfield.
 */
const deflateOptions = { level: 1, strategy: zlib.constants.Z_RLE };
/** zstd's own default. */
const zstdLevel = 3;

export async function openTask({
  shape,
  pixelFormat,
  settings,
  layout,
  memory,
  coded,
  codedBytes,
}: StripSetup): Promise<Task> {
  const wholeBytes = frameBytes({ shape, pixelFormat });
  const raw = new Uint8Array(layout.rawBytes);
  const predict = settings.isPredicted ? createPredictor(pixelFormat, shape.width) : undefined;
  const code = await openCoder(settings, layout);
  return (item, job) => {
    const start = item * layout.rawBytes;
    const strip = raw.subarray(0, Math.min(layout.rawBytes, wholeBytes - start));
    // A copy, since predictors work in place and not every codec takes shared memory.
    strip.set(new Uint8Array(memory, job[0]! + start, strip.length));
    predict?.(strip);
    codedBytes[item] = code(strip, new Uint8Array(coded, item * layout.mostBytes, layout.mostBytes));
  };
}

/** Fills `output` with the coded strip; returns its bytes. */
type Code = (strip: Uint8Array, output: Uint8Array) => number;

async function openCoder({ compression }: TiffSettings, { mostBytes }: StripLayout): Promise<Code> {
  if (compression === "lzw") return encodeLzw;
  if (compression === "deflate") {
    // With its zlib frame (TIFF Technical Note 2).
    const options = { ...deflateOptions, chunkSize: Math.max(64, mostBytes) };
    return (strip, output) => put(zlib.deflateSync(strip, options), output);
  }
  if (compression === "zstd") {
    const { compress } = await loadZstd();
    return (strip, output) => put(compress(strip, zstdLevel), output);
  }
  return (strip, output) => put(strip, output);
}

function put(bytes: Uint8Array, output: Uint8Array): number {
  output.set(bytes);
  return bytes.length;
}
