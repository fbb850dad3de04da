/** The options of an OME-Zarr archive: the names people type, and what fits a stream. */
import type { ParameterFault } from "../../../errors.js";
import type { FrameShape } from "../../../model/descriptor.js";
import { option } from "../../../option/option.js";
import { defineChoices } from "../format.js";

export const zarrCodecNames = ["blosc-lz4", "blosc-zstd", "zstd", "gzip", "none"] as const;
export type ZarrCodec = (typeof zarrCodecNames)[number];

export interface ZarrSettings {
  readonly codec: ZarrCodec;
  /** Frames in one file; 1: a file a frame. */
  readonly framesPerShard: number;
  /** Resolutions, the full one included. */
  readonly levels: number;
}

export const defaultZarr: ZarrSettings = { codec: "blosc-lz4", framesPerShard: 1, levels: 1 };

export const zarrChoices = defineChoices({
  key: "zarr",
  heading: "Zarr:",
  noun: "a .zarr",
  options: {
    zarrCodec: option.choice(zarrCodecNames, {
      doc: "Compression of the frames in .zarr: blosc-lz4 is fastest, blosc-zstd smallest (both with the bits of the pixels sorted), zstd and gzip need no Blosc.",
      default: defaultZarr.codec,
    }),
    zarrShard: option.count({
      doc: "Put this many frames into each file of a .zarr (Zarr v3 shards). A shard appears when it is full: a process that is killed leaves the last one out.",
      min: 1,
      max: 1_000_000,
      default: defaultZarr.framesPerShard,
    }),
    zarrLevels: option.count({
      doc: "Resolutions in a .zarr, each the mean of 2x2 pixels of the one before; 1 is the full one alone.",
      min: 1,
      max: 16,
      default: defaultZarr.levels,
    }),
  },
  settings: (o): ZarrSettings => ({ codec: o.zarrCodec, framesPerShard: o.zarrShard, levels: o.zarrLevels }),
  faults: ({ zarrLevels }, { input }) => zarrFaults({ levels: zarrLevels }, input.shape),
  optionOf: { levels: "zarrLevels" },
});

/** Why these settings cannot be had for frames of this shape. */
export function zarrFaults(
  { levels }: Pick<ZarrSettings, "levels">,
  { height, width }: FrameShape,
): ParameterFault<keyof ZarrSettings>[] {
  const most = 1 + Math.ceil(Math.log2(Math.max(height, width)));
  if (levels <= most) return [];
  const what = `frames of ${width}x${height} are down to one pixel at level ${most}`;
  return [{ field: "levels", given: String(levels), what, hint: `Ask for ${most} levels at most.` }];
}
