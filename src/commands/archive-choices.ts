/** Named sets of values of the archive's options, and which options mean nothing beside the files that are written. */
import type { Problem } from "../core/errors.js";
import type { StreamDescriptor } from "../core/model/descriptor.js";
import { own } from "../core/model/own.js";
import type { RawOptions } from "../core/option/decode-options.js";
import { kebab } from "../core/option/names.js";
import { type OptionsOf, option } from "../core/option/option.js";
import { isTiffFolder } from "../core/storage/container-for.js";
import { extensionOf } from "../core/storage/extension.js";
import { csvOptions } from "../core/storage/formats/csv/csv-options.js";
import { h5Options } from "../core/storage/formats/h5/h5-options.js";
import { tiffOptions } from "../core/storage/formats/tiff/tiff-options.js";
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

const judged = { ...presetOption, ...h5Options, ...tiffOptions, ...csvOptions };
type Judged = OptionsOf<typeof judged> & { readonly out: readonly string[]; readonly root?: string | undefined };

/** A preset's kinds of files without a folder whose convention names them. */
export function presetProblem({ preset, root, out }: Judged): Problem | undefined {
  if (preset === undefined || root !== undefined || !out.some(isKind)) return undefined;
  return {
    where: `archive, --preset ${preset}`,
    what: "its files are named by --root, and there is none",
    hint: "Add --root FOLDER, or name the files with --out.",
  };
}

/** What was asked of containers that are not written, or of columns that do not come; values of the preset may find nothing. */
export function choiceProblems(o: Judged, input: StreamDescriptor): Problem[] {
  const preset: RawOptions = o.preset === undefined ? {} : (own(archivePresets, o.preset) ?? {});
  const isGiven = (name: keyof typeof judged) =>
    o[name] !== undefined && JSON.stringify(o[name]) !== JSON.stringify(preset[name] ?? judged[name].default);
  const hasOut = (isIt: (path: string) => boolean) => o.out.some(isIt);
  const isTiff = (path: string) => isTiffFolder(path) || /\.tiff?$/.test(extensionOf(path));
  const problems: Problem[] = [];
  function needs(name: keyof typeof judged, isThere: boolean, what: string, hint: string): void {
    if (!isThere && isGiven(name)) problems.push({ where: `archive, --${kebab(name)}`, what, hint });
  }
  const hasCsv = hasOut((path) => extensionOf(path) === ".csv");
  const hasH5 = hasOut((path) => extensionOf(path) === ".h5");
  needs("csvColumns", hasCsv, "no --out is a .csv", "Add one, or leave --csv-columns out.");
  needs("tiffDateTime", hasOut(isTiff), "no --out is a TIFF", "Add one, or leave --tiff-date-time out.");
  for (const name of ["hdf5TrackColumns", "hdf5TrackType"] as const) {
    needs(name, hasH5, "no --out is an .h5", `Add one, or leave --${kebab(name)} out.`);
    if (hasH5) needs(name, input.detections !== null, "this stream has no detections", "Put `track` before it.");
  }
  const hasFlags = input.detections === null || input.detections.columns.includes("flags");
  for (const name of ["csvColumns", "hdf5TrackColumns"] as const) {
    const isWanted = o[name]?.includes("flags") ?? false;
    if (isWanted) needs(name, hasFlags, "this stream has no column flags", "Add --flags to `track`, or leave it out.");
  }
  return problems;
}
