/** The options of an HDF5 archive. */
import type { ParameterFault } from "../../../errors.js";
import { frameBytes, type StreamDescriptor } from "../../../model/descriptor.js";
import { type OptionSpec, option } from "../../../option/option.js";
import { formatBytes, parseQuantity } from "../../../units.js";
import { columnChoice, flagsFaults } from "../../columns/column-choice.js";
import type { TrackColumnName } from "../../columns/track-table.js";
import { defineChoices } from "../format.js";
import { type Hdf5Filter, hdf5FilterNames } from "./filters.js";

export const hdf5Layouts = ["stack", "per-frame"] as const;
export const trackTypes = ["float64", "float32"] as const;

/** When the next file begins: before a file would grow over so many bytes, or after so many frames. */
export type Split = { readonly bytes: number } | { readonly frames: number };

export interface Hdf5Settings {
  readonly filter: Hdf5Filter;
  readonly layout: (typeof hdf5Layouts)[number];
  /** Null: one file. */
  readonly split: Split | null;
  /** Of the table of a frame in the layout per-frame; null: all that there are. */
  readonly trackColumns: readonly TrackColumnName[] | null;
  /** How real numbers are stored there; the timestamp is always a float64. */
  readonly trackType: (typeof trackTypes)[number];
}

export const defaultHdf5: Hdf5Settings = {
  filter: "zstd",
  layout: "stack",
  split: null,
  trackColumns: null,
  trackType: "float64",
};

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

const onlyTables = "Choose --hdf5-layout per-frame; or leave it out, and with it a preset that has it.";

export const h5Choices = defineChoices({
  key: "hdf5",
  heading: "HDF5:",
  noun: "an .h5",
  options: {
    hdf5Filter: option.choice(hdf5FilterNames, {
      doc: "Compression of the frames in .h5: gzip and none open everywhere, the others where the HDF5 plugins are installed.",
      default: defaultHdf5.filter,
    }),
    hdf5Layout: option.choice(hdf5Layouts, {
      doc: "Frames in .h5: stack is one array, /images/frames, and columns in /tracks; per-frame is /images/frame_000000 and a table /tracks/frame_000000 for each.",
      default: defaultHdf5.layout,
    }),
    hdf5TrackColumns: columnChoice(
      {
        doc: "Columns of the tables /tracks/frame_000000, in this order. Default: those of the .csv.",
        only: { hdf5Layout: "per-frame" },
        instead: onlyTables,
      },
      ["x", "y"],
    ),
    hdf5TrackType: option.choice(trackTypes, {
      doc: "Type of the real numbers in the tables /tracks/frame_000000: float32 keeps seven digits, x and y to 1e-4 px at 2048; frame, particle_id, flags are int64 and timestamp float64 either way.",
      default: defaultHdf5.trackType,
      only: { hdf5Layout: "per-frame" },
      instead: onlyTables,
    }),
    split,
  },
  settings: (o): Hdf5Settings => ({
    filter: o.hdf5Filter,
    layout: o.hdf5Layout,
    split: o.split ?? null,
    trackColumns: o.hdf5TrackColumns ?? null,
    trackType: o.hdf5TrackType,
  }),
  faults: (o, { input, isGiven }) => [
    ...splitFaults(o.split, input),
    ...["hdf5TrackColumns", "hdf5TrackType"]
      .filter((field) => input.detections === null && isGiven(field))
      .map(
        (field): ParameterFault => ({
          field,
          code: "stages-do-not-fit",
          what: "this stream has no detections",
          hint: "Put `track` before it.",
        }),
      ),
    ...flagsFaults("hdf5TrackColumns", o.hdf5TrackColumns, input, isGiven),
  ],
});

function splitFaults(split: Split | undefined, input: StreamDescriptor): ParameterFault[] {
  if (split === undefined || !("bytes" in split)) return [];
  const least = (input.hasFrames ? frameBytes(input) : 0) + leastFileBytes;
  if (split.bytes >= least) return [];
  const what = `has no room for a frame, expected at least ${formatBytes(least)}`;
  const hint = "Give a larger size, or a number of frames such as 1000frames.";
  return [{ field: "split", given: formatBytes(split.bytes), what, hint }];
}

/** Room for all that is in a file beside its frames when it has few of them. */
export const leastFileBytes = 2_000_000;
