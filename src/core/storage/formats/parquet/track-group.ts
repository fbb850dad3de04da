/** The rows of the row group that is being filled, as columns in memory of a fixed size. Touches no file. */
import type { Frame } from "../../../memory/frame.js";
import { fillColumn, type TrackColumn, trackTableOf } from "../../columns/track-table.js";
import type { ColumnChunk } from "./footer.js";
import type { PageValues, ParquetColumn } from "./page.js";

/** A column of the table of detections as a file has it; particle_id has no value where nothing was linked. */
export type TrackSchemaColumn = ParquetColumn & Pick<TrackColumn, "name">;

export function trackSchema(detections: readonly string[] | undefined): readonly TrackSchemaColumn[] {
  return trackTableOf(detections).map(({ name, type, isNullable }) => ({
    name,
    type: type === "int64" ? "int64" : "double",
    isNullable,
  }));
}

type Values = BigInt64Array | Float64Array;

export class TrackGroup {
  readonly columns: readonly TrackSchemaColumn[];
  readonly #values: readonly Values[];
  /** Of a column that has not always a value: 1 where there is one. */
  readonly #isPresent: readonly Uint8Array[];
  rows = 0;

  /** `mostRows`: rows there is room for. */
  constructor(columns: readonly TrackSchemaColumn[], mostRows: number) {
    this.columns = columns;
    this.#values = columns.map(({ type }) =>
      type === "int64" ? new BigInt64Array(mostRows) : new Float64Array(mostRows),
    );
    this.#isPresent = columns.map(({ isNullable }) => new Uint8Array(isNullable ? mostRows : 0));
  }

  /** Takes a frame's rows behind those that are there. */
  add(frame: Frame): void {
    const start = this.rows;
    const rows = Math.max(0, frame.rowCount);
    for (const [index, column] of this.columns.entries()) {
      const into = this.#values[index]!;
      fillColumn(into, start, frame, column.name);
      if (!column.isNullable) continue;
      for (let row = start; row < start + rows; row++) this.#isPresent[index]![row] = into[row]! >= 0 ? 1 : 0;
    }
    this.rows += rows;
  }

  /** Rows `from` up to the last of a column; borrowed until rows are added or taken away. */
  borrowValues(index: number, from: number): PageValues {
    const values = this.#values[index]!.subarray(from, this.rows);
    const rows = this.rows - from;
    if (!this.columns[index]!.isNullable) return { rows, plain: bytesOf(values), isPresent: null };
    const isPresent = this.#isPresent[index]!.subarray(from, this.rows);
    return { rows, plain: bytesOf((values as BigInt64Array).filter((_, row) => isPresent[row] === 1)), isPresent };
  }

  /** Statistics over all rows of a column, for readers that skip row groups. */
  range(index: number): Pick<ColumnChunk, "range" | "absent"> {
    const values = this.#values[index]!;
    const isNullable = this.columns[index]!.isNullable;
    const isPresent = this.#isPresent[index]!;
    let least: bigint | number | undefined;
    let most: bigint | number | undefined;
    let present = 0;
    for (let row = 0; row < this.rows; row++) {
      if (isNullable && isPresent[row] === 0) continue;
      present++;
      const value = values[row]!;
      if (Number.isNaN(value)) continue;
      if (least === undefined || value < least) least = value;
      if (most === undefined || value > most) most = value;
    }
    const absent = this.rows - present;
    if (least === undefined || most === undefined) return { range: null, absent };
    // The format wants -0 as the least and 0 as the most of the two zeros, since readers compare them by their bits.
    if (least === 0) least = -0;
    if (most === 0) most = 0;
    return { range: { least: plainValue(least), most: plainValue(most) }, absent };
  }
}

function bytesOf(values: Values): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}

function plainValue(value: bigint | number): Uint8Array {
  return bytesOf(typeof value === "bigint" ? BigInt64Array.of(value) : Float64Array.of(value));
}
