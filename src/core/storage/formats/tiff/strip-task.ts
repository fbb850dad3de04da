/** Codes one strip of a frame: predictor, then compression. The work of a crew, each strip by whoever is free. */
import { loadCompress } from "../../../imaging/tiff/compress.js";
import { type FrameShape, frameBytes } from "../../../model/descriptor.js";
import type { PixelFormat } from "../../../model/pixel-format.js";
import type { Task } from "../../../workers/crew-task.js";
import { createPredictor } from "./difference.js";
import type { StripLayout } from "./strip-layout.js";
import type { TiffSettings } from "./tiff-options.js";

/** By its name, since a bundler may keep the code elsewhere. */
export const address = new URL("./strip-task.js", import.meta.url).href;

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
  const compress = await loadCompress(layout.compression);
  return (item, job) => {
    const start = item * layout.rawBytes;
    const strip = raw.subarray(0, Math.min(layout.rawBytes, wholeBytes - start));
    // A copy, since predictors work in place and not every codec takes shared memory.
    strip.set(new Uint8Array(memory, job[0]! + start, strip.length));
    predict?.(strip);
    const output = new Uint8Array(coded, item * layout.mostBytes, layout.mostBytes);
    if (compress) codedBytes[item] = compress(strip, output);
    else {
      output.set(strip);
      codedBytes[item] = strip.length;
    }
  };
}
