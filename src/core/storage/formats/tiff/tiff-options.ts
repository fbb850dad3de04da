/** The options of a TIFF archive. */
import type { ParameterFault } from "../../../errors.js";
import { option } from "../../../option/option.js";
import { defineChoices } from "../format.js";

export const tiffCompressionNames = ["none", "lzw", "deflate", "zstd"] as const;
export type TiffCompression = (typeof tiffCompressionNames)[number];

export const tiffDateTimes = ["tiff", "iso8601"] as const;
/** The form of the tag DateTime: that of the specification, or ISO 8601 with microseconds and zone. */
export type TiffDateTime = (typeof tiffDateTimes)[number];

export interface TiffSettings {
  readonly compression: TiffCompression;
  /** Store differences of neighbouring pixels (predictor 2 for integers, 3 for float32). */
  readonly isPredicted: boolean;
  /** Absent: as the specification has it. */
  readonly dateTime?: TiffDateTime;
}

export const plainTiff: TiffSettings = { compression: "none", isPredicted: false };

export const tiffChoices = defineChoices({
  key: "tiff",
  heading: "TIFF:",
  noun: "a TIFF",
  options: {
    tiffCompression: option.choice(tiffCompressionNames, {
      doc: "Compression of the frames in .tif: none is fastest and opens everywhere, lzw and deflate nearly everywhere, zstd in libtiff and tifffile.",
      default: plainTiff.compression,
    }),
    tiffPredictor: option.flag({
      doc: "Store differences of neighbouring pixels in a compressed .tif: smaller where the picture is smooth.",
      default: plainTiff.isPredicted,
      only: { tiffCompression: tiffCompressionNames.filter((name) => name !== "none") },
      instead: "Add --tiff-compression deflate or lzw, or leave --tiff-predictor away.",
    }),
    tiffDateTime: option.choice(tiffDateTimes, {
      doc: "The tag DateTime of each page in .tif: tiff is the specification's 2026:11:20 09:30:00, in UTC and whole seconds; iso8601 is 2026-11-20T09:30:00.123456+00:00, which tifffile reads and strict readers of TIFF may not. Nanoseconds are in the description either way.",
      default: "tiff",
    }),
  },
  settings: (o): TiffSettings => ({
    compression: o.tiffCompression,
    isPredicted: o.tiffPredictor,
    dateTime: o.tiffDateTime,
  }),
});

/** Why these settings cannot be had. */
export function tiffFaults({ compression, isPredicted }: TiffSettings): ParameterFault<keyof TiffSettings>[] {
  if (compression !== "none" || !isPredicted) return [];
  return [{ field: "isPredicted", code: "option-conflict", what: "goes with a compression, and there is none" }];
}
