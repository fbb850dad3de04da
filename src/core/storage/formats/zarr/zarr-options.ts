/** The options of an OME-Zarr archive: the names people type, and what fits a stream. */
import { type MoteError, refusal } from "../../../errors.js";
import type { FrameShape } from "../../../model/descriptor.js";
import { type OptionsOf, option } from "../../../option/option.js";

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

export const zarrOptions = {
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
};

export function zarrSettings(o: OptionsOf<typeof zarrOptions>): ZarrSettings {
  return { codec: o.zarrCodec, framesPerShard: o.zarrShard, levels: o.zarrLevels };
}

/** Why these options cannot be had for frames of this shape; undefined when they can. */
export function zarrRefusal(where: string, settings: ZarrSettings, shape: FrameShape): MoteError | undefined {
  const most = 1 + Math.ceil(Math.log2(Math.max(shape.height, shape.width)));
  if (settings.levels <= most) return undefined;
  return refusal(
    where,
    `--zarr-levels ${settings.levels}: frames of ${shape.width}x${shape.height} are down to one pixel at level ${most}`,
    `Ask for ${most} levels at most.`,
  );
}
