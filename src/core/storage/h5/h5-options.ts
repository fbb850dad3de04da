/** The options of an HDF5 archive. */
import { type MoteError, refusal } from "../../errors.js";
import { type OptionSpec, type OptionsOf, option } from "../../option/option.js";
import { formatBytes, parseQuantity } from "../../units.js";
import { type Hdf5Filter, hdf5FilterNames } from "./filters.js";

export const hdf5Layouts = ["stack", "per-frame"] as const;

/** When the next file begins: before a file would grow over so many bytes, or after so many frames. */
export type Split = { readonly bytes: number } | { readonly frames: number };

export interface Hdf5Settings {
  readonly filter: Hdf5Filter;
  readonly layout: (typeof hdf5Layouts)[number];
  /** Null: one file. */
  readonly split: Split | null;
}

export const defaultHdf5: Hdf5Settings = { filter: "zstd", layout: "stack", split: null };

const split: OptionSpec<Split | undefined> = {
  ...option.text({
    doc: "Begin a new .h5 at this size or number of frames: run.h5 becomes run_000.h5, run_001.h5 and so on, each whole on its own; 'run_*.h5' replays them as one.",
    metavar: "limit",
  }),
  expected: "a size such as 4GB or a number of frames such as 10000frames",
  decode(raw) {
    const frames = /^([1-9]\d*) ?frames?$/.exec(String(raw));
    if (frames) return { value: { frames: Number(frames[1]) } };
    const bytes = typeof raw === "string" && /B$/.test(raw) ? parseQuantity(raw, "B") : undefined;
    return bytes !== undefined && bytes >= 1 ? { value: { bytes } } : { got: `got ${String(raw)}` };
  },
};

export const h5Options = {
  hdf5Filter: option.choice(hdf5FilterNames, {
    doc: "Compression of the frames in .h5: gzip and none open everywhere, the others where the HDF5 plugins are installed.",
    default: defaultHdf5.filter,
  }),
  hdf5Layout: option.choice(hdf5Layouts, {
    doc: "Frames in .h5: stack is one array, /images/frames, and columns in /tracks; per-frame is /images/frame_000000 and a table /tracks/frame_000000 for each.",
    default: defaultHdf5.layout,
  }),
  split,
};

export function h5Settings(o: OptionsOf<typeof h5Options>): Hdf5Settings {
  return { filter: o.hdf5Filter, layout: o.hdf5Layout, split: o.split ?? null };
}

/** What is wrong with splitting files of frames of so many bytes, if anything. */
export function splitRefusal(where: string, settings: Hdf5Settings, frameBytes: number): MoteError | undefined {
  if (settings.split === null || !("bytes" in settings.split)) return undefined;
  const least = frameBytes + leastFileBytes;
  if (settings.split.bytes >= least) return undefined;
  return refusal(
    where,
    `--split ${formatBytes(settings.split.bytes)} has no room for a frame, expected at least ${formatBytes(least)}`,
    "Give a larger size, or a number of frames such as --split 1000frames.",
  );
}

/** Room for all that is in a file beside its frames when it has few of them. */
export const leastFileBytes = 2_000_000;
