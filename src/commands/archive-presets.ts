/** Named sets of values of the archive's options. */
import type { Problem } from "../core/errors.js";
import { own } from "../core/model/own.js";
import type { RawOptions } from "../core/option/decode-options.js";
import { option } from "../core/option/option.js";
import { isKind } from "../core/storage/root/run-names.js";

/** Files under the names and with the columns that the optical tweezer's camera system documents. */
export const archivePresets = {
  tweezer: {
    out: [".tiff/", ".h5", ".csv"],
    hdf5Filter: "zstd",
    hdf5Layout: "per-frame",
    hdf5TrackColumns: ["x", "y", "mass", "ecc", "size", "signal"],
    hdf5TrackType: "float32",
    tiffCompression: "lzw",
    tiffDateTime: "iso8601",
    csvColumns: ["frame", "particle_id", "x", "y", "mass", "ecc", "size", "signal", "timestamp"],
  },
} as const satisfies Readonly<Record<string, RawOptions>>;

export const presetOption = {
  preset: option.choice(Object.keys(archivePresets) as (keyof typeof archivePresets)[], {
    doc: "A named set of values; options given beside it win. tweezer, for --root: out .tiff/, .h5 and .csv; tiff-compression lzw, tiff-date-time iso8601; hdf5-filter zstd, hdf5-layout per-frame, hdf5-track-type float32, hdf5-track-columns x,y,mass,ecc,size,signal; csv-columns frame,particle_id,x,y,mass,ecc,size,signal,timestamp.",
  }),
};

/** A preset's kinds of files without a folder whose convention names them. */
export function presetProblem(o: {
  readonly preset: keyof typeof archivePresets | undefined;
  readonly root: string | undefined;
  readonly out: readonly string[];
}): Problem | undefined {
  const { preset, root, out } = o;
  if (preset === undefined || root !== undefined || !out.some(isKind)) return undefined;
  return {
    code: "option-conflict",
    where: `archive, --preset ${preset}`,
    what: "its files are named by --root, and there is none",
    hint: "Add --root FOLDER, or name the files with --out.",
  };
}

/** What a preset says of an option. */
export function presetValue(preset: keyof typeof archivePresets | undefined, option: string): unknown {
  const values: RawOptions = preset === undefined ? {} : (own(archivePresets, preset) ?? {});
  return values[option];
}
