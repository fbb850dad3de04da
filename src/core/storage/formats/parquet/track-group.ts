/** The rows of the row group that is being filled, as columns in memory of a fixed size. Touches no file. */
import type { Frame } from "../../../memory/frame.js";
import { column, type DetectionColumn } from "../../../model/detection.js";
import { timestampSeconds, trackColumns } from "../../columns/track-rows.js";
import type { ColumnChunk } from "./footer.js";
import type { PageValues, ParquetColumn } from "./page.js";

const isWhole = new Set<string>(["frame", "particle_id", "flags"]);

/**
 * The columns of the tracks CSV: frame, particle_id and flags int64, the others float64; particle_id has no value where
 * nothing was linked. timestamp is in seconds since the Unix epoch, as in the CSV, NaN where the capture time is unknown.
 */
export function trackSchema(hasFlags: boolean): readonly ParquetColumn[] {
  const names = hasFlags ? [...trackColumns, "flags"] : trackColumns;
  return names.map((name) => ({
    name,
    type: isWhole.has(name) ? "int64" : "double",
    isNullable: name === "particle_id",
  }));
}

type Values = BigInt64Array | Float64Array;

export class TrackGroup {
  readonly columns: readonly ParquetColumn[];
  readonly #values: readonly Values[];
  /** Of particle_id: 1 where there is one. */
  readonly #isLinked: Uint8Array;
  rows = 0;

  /** `mostRows`: rows there is room for. */
  constructor(columns: readonly ParquetColumn[], mostRows: number) {
    this.columns = columns;
    this.#values = columns.map(({ type }) =>
      type === "int64" ? new BigInt64Array(mostRows) : new Float64Array(mostRows),
    );
    this.#isLinked = new Uint8Array(mostRows);
  }

  /** Takes a frame's rows behind those that are there. */
  add(frame: Frame): void {
    const rows = Math.max(0, frame.rowCount);
    const start = this.rows;
    const { detections, header } = frame;
    for (const [index, { name }] of this.columns.entries()) {
      const into = this.#values[index]!;
      if (name === "frame") (into as BigInt64Array).fill(BigInt(header.frameNumber), start, start + rows);
      else if (name === "timestamp") {
        (into as Float64Array).fill(timestampSeconds(header.capturedAtNs), start, start + rows);
      } else {
        const first = column[name as DetectionColumn] * rows;
        if (into instanceof Float64Array) into.set(detections.subarray(first, first + rows), start);
        else for (let row = 0; row < rows; row++) into[start + row] = BigInt(Math.trunc(detections[first + row]!));
        if (name === "particle_id") {
          for (let row = 0; row < rows; row++) this.#isLinked[start + row] = detections[first + row]! >= 0 ? 1 : 0;
        }
      }
    }
    this.rows += rows;
  }

  /** Rows `from` up to the last of a column; borrowed until rows are added or taken away. */
  borrowValues(index: number, from: number): PageValues {
    const values = this.#values[index]!.subarray(from, this.rows);
    const rows = this.rows - from;
    if (!this.columns[index]!.isNullable) return { rows, plain: bytesOf(values), isPresent: null };
    const isPresent = this.#isLinked.subarray(from, this.rows);
    return { rows, plain: bytesOf((values as BigInt64Array).filter((_, row) => isPresent[row] === 1)), isPresent };
  }

  /** Statistics over all rows of a column, for readers that skip row groups. */
  range(index: number): Pick<ColumnChunk, "range" | "absent"> {
    const values = this.#values[index]!;
    const isNullable = this.columns[index]!.isNullable;
    let least: bigint | number | undefined;
    let most: bigint | number | undefined;
    let present = 0;
    for (let row = 0; row < this.rows; row++) {
      if (isNullable && this.#isLinked[row] === 0) continue;
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
