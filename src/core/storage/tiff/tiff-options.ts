/** The options of a TIFF archive. */
import { type MoteError, refusal } from "../../errors.js";
import { type OptionsOf, option } from "../../option/option.js";

export const tiffCompressionNames = ["none", "lzw", "deflate", "zstd"] as const;
export type TiffCompression = (typeof tiffCompressionNames)[number];

export interface TiffSettings {
  readonly compression: TiffCompression;
  /** Store differences of neighbouring pixels (predictor 2 for integers, 3 for float32). */
  readonly isPredicted: boolean;
}

export const plainTiff: TiffSettings = { compression: "none", isPredicted: false };

export const tiffOptions = {
  tiffCompression: option.choice(tiffCompressionNames, {
    doc: "Compression of the frames in .tif: none is fastest and opens everywhere, lzw and deflate nearly everywhere, zstd in libtiff and tifffile.",
    default: plainTiff.compression,
  }),
  tiffPredictor: option.flag({
    doc: "Store differences of neighbouring pixels in a compressed .tif: smaller where the picture is smooth.",
    default: plainTiff.isPredicted,
  }),
};

export function tiffSettings(o: OptionsOf<typeof tiffOptions>): TiffSettings {
  return { compression: o.tiffCompression, isPredicted: o.tiffPredictor };
}

/** Why these options cannot be had; undefined when they can. */
export function tiffRefusal(where: string, settings: TiffSettings): MoteError | undefined {
  if (settings.compression === "none" && settings.isPredicted) {
    return refusal(
      where,
      "--tiff-predictor goes with a compression, and there is none",
      "Add --tiff-compression deflate or lzw, or leave --tiff-predictor away.",
    );
  }
  return undefined;
}
