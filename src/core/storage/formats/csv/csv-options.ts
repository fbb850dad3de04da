/** The options of a table as text. */
import { columnChoice, flagsFaults } from "../../columns/column-choice.js";
import { type TrackColumnName, trackColumns } from "../../columns/track-table.js";
import { defineChoices } from "../format.js";

export interface CsvSettings {
  /** Null: all that there are. */
  readonly columns: readonly TrackColumnName[] | null;
}

export const csvChoices = defineChoices({
  key: "csv",
  heading: "CSV:",
  noun: "a .csv",
  options: {
    csvColumns: columnChoice(
      {
        doc: `Columns of .csv, in this order. Default: ${trackColumns.join(",")}, and flags where track has --flags.`,
      },
      ["frame", "x", "y"],
    ),
  },
  settings: ({ csvColumns }): CsvSettings => ({ columns: csvColumns ?? null }),
  faults: ({ csvColumns }, asked) => flagsFaults("csvColumns", csvColumns, asked.input, asked.isGiven),
});
