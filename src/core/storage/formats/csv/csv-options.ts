/** The options of a table as text. */
import type { OptionsOf } from "../../../option/option.js";
import { columnChoice } from "../../columns/column-choice.js";
import type { TrackColumnName } from "../../columns/track-rows.js";

export interface CsvSettings {
  /** Null: all that there are. */
  readonly columns: readonly TrackColumnName[] | null;
}

export const csvOptions = {
  csvColumns: columnChoice(
    {
      doc: "Columns of .csv, in this order. Default: frame,particle_id,x,y,mass,ecc,size,signal,timestamp,raw_mass,ep, and flags where track has --flags.",
    },
    ["frame", "x", "y"],
  ),
};

export function csvSettings(o: OptionsOf<typeof csvOptions>): CsvSettings {
  return { columns: o.csvColumns ?? null };
}
