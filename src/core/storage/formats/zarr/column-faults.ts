/** Columns that every store of Mote's has, against those that are in one: gone, short, or of another form. */
import { FormatProblem } from "../../../format-problem.js";
import { ColumnFile } from "./column-file.js";
import type { TableLayout } from "./column-table.js";

export interface ColumnFault {
  readonly name: string;
  /** A clause: "is not there". */
  readonly what: string;
  /** Whether rows of it can be had. */
  readonly isReadable: boolean;
}

/** `rows`: how many each should have; null where only its being there is known, as in a store that was not closed. */
export function columnFaults(store: string, table: TableLayout, rows: number | null): readonly ColumnFault[] {
  return table.columns.flatMap(({ name, dataType }): ColumnFault[] => {
    let file: ColumnFile | undefined;
    try {
      file = ColumnFile.open(store, `${table.folder}/${name}`, dataType);
    } catch (error) {
      if (!(error instanceof FormatProblem)) throw error;
      return [{ name, what: error.message, isReadable: false }];
    }
    if (!file) return [{ name, what: "is not there", isReadable: false }];
    try {
      const have = rows === null ? null : rowsThere(file, rows, table.chunkRows);
      return have === rows ? [] : [{ name, what: `has ${have} of ${rows} rows`, isReadable: true }];
    } finally {
      file.close();
    }
  });
}

/** Rows that the shape promises and the chunks have; of a chunk that was cut none count. */
function rowsThere(file: ColumnFile, rows: number, chunkRows: number): number {
  const promised = Math.min(rows, file.promised);
  const cell = new Uint8Array(file.size);
  for (let from = 0; from < promised; from += chunkRows) {
    if (!file.read(Math.min(promised, from + chunkRows) - 1, cell)) return from;
  }
  return promised;
}
