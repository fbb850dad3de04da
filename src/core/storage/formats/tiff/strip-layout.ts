/** How a frame is cut into strips, and how much room they need. Plain data, which crosses threads. */
import { mostCompressedBytes } from "../../../imaging/tiff/compress.js";
import { compression as method } from "../../../imaging/tiff/tags.js";
import { type FrameShape, frameBytes } from "../../../model/descriptor.js";
import { bytesPerPixel, type PixelFormat } from "../../../model/pixel-format.js";
import { predictorOf } from "./difference.js";
import type { TiffSettings } from "./tiff-options.js";

/** Bytes of pixels a compressed strip aims at: enough for the codec, little enough for readers that want a few rows. */
const stripBytes = 128 * 1024;

export interface StripLayout {
  /** Value of the Compression tag. */
  readonly compression: number;
  /** Value of the Predictor tag; 1 is none. */
  readonly predictor: number;
  readonly rowsPerStrip: number;
  readonly count: number;
  /** Bytes of pixels of a strip; the last may have fewer. */
  readonly rawBytes: number;
  /** The most that one strip has when it is coded. */
  readonly mostBytes: number;
}

/** The layout for frames of this shape and type; uncompressed pages are one strip, which is never copied. */
export function layStrips(shape: FrameShape, pixelFormat: PixelFormat, settings: TiffSettings): StripLayout {
  const wholeBytes = frameBytes({ shape, pixelFormat });
  const compression = method[settings.compression];
  const rowsPerStrip = Math.min(
    shape.height,
    settings.compression === "none"
      ? shape.height
      : Math.max(1, Math.floor(stripBytes / (shape.width * bytesPerPixel[pixelFormat]))),
  );
  const rawBytes = (wholeBytes / shape.height) * rowsPerStrip;
  return {
    compression,
    predictor: settings.isPredicted ? predictorOf[pixelFormat] : 1,
    rowsPerStrip,
    count: Math.ceil(shape.height / rowsPerStrip),
    rawBytes,
    mostBytes: mostCompressedBytes(compression, rawBytes),
  };
}
