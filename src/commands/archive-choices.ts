/** Which options mean nothing beside the files that the archive writes. */
import type { Problem } from "../core/errors.js";
import type { StreamDescriptor } from "../core/model/descriptor.js";
import { kebab } from "../core/option/names.js";
import type { OptionsOf } from "../core/option/option.js";
import { csvOptions } from "../core/storage/csv/csv-options.js";
import { extensionOf, isTiffFolder } from "../core/storage/frame-store.js";
import { h5Options } from "../core/storage/h5/h5-options.js";
import { tiffOptions } from "../core/storage/tiff/tiff-options.js";

const judged = { ...h5Options, ...tiffOptions, ...csvOptions };
type Judged = OptionsOf<typeof judged> & { readonly out: readonly string[] };

/** What was asked of containers that are not written, or of columns that do not come. */
export function choiceProblems(o: Judged, input: StreamDescriptor): Problem[] {
  const isGiven = (name: keyof typeof judged) =>
    o[name] !== undefined && JSON.stringify(o[name]) !== JSON.stringify(judged[name].default);
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
