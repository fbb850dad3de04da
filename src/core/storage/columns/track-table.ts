/**
 * The table of detections that every archive has, a row a detection: which columns, in which order, and their values out of
 * a slot. What there is to know of a detection stands in model/detection.ts.
 */
import type { Frame } from "../../memory/frame.js";
import {
  column,
  type DetectionColumn,
  type DetectionField,
  detectionColumns,
  detectionFields,
  extraColumns,
} from "../../model/detection.js";
import type { TableColumn } from "./table-column.js";

/** Columns that are the same in all rows of a frame. */
const ofFrame = {
  frame: { type: "int64", unit: null, meaning: "number of the frame", text: "whole" },
  timestamp: { type: "float64", unit: "s", meaning: "start of exposure, since the Unix epoch", text: "microseconds" },
} as const;

export type TrackColumnName = keyof typeof ofFrame | DetectionColumn;

export interface TrackColumn extends TableColumn {
  readonly name: TrackColumnName;
  readonly type: "int64" | "float64";
  /** How it is written where a table is text. */
  readonly text: DetectionField["text"] | "microseconds";
  /** A row may have no value in it; NaN is a value. */
  readonly isNullable: boolean;
}

/** The order of the tables that labs have; what is not named here follows in the order of the wire. */
const leading = ["frame", "particle_id", "x", "y", "mass", "ecc", "size", "signal", "timestamp"] as const;
const names: readonly TrackColumnName[] = [
  ...leading,
  ...[...detectionColumns, ...extraColumns].filter((name) => !(leading as readonly string[]).includes(name)),
];

/** Whether a column is the same in all rows of a frame. */
export function isOfFrame(name: TrackColumnName): name is keyof typeof ofFrame {
  return name in ofFrame;
}

const declared: Readonly<Record<TrackColumnName, Omit<TrackColumn, "name" | "isNullable">>> = {
  ...ofFrame,
  ...detectionFields,
};

/** All columns that a table can have. */
export const trackTable: readonly TrackColumn[] = names.map((name) => {
  const { type, unit, meaning, text } = declared[name];
  return { name, type, unit, meaning, text, isNullable: name === "particle_id" };
});

/** Names of the columns that every table has unless it is told otherwise. */
export const trackColumns: readonly TrackColumnName[] = names.filter(
  (name) => isOfFrame(name) || detectionColumns.some((always) => always === name),
);

/** The columns of the table of a stream whose detections have these. */
export function trackTableOf(detections: readonly string[] = detectionColumns): readonly TrackColumn[] {
  return trackTable.filter(({ name }) => isOfFrame(name) || detections.includes(name));
}

/** Columns of that table by their names, in this order. */
export function trackColumnsNamed(chosen: readonly TrackColumnName[]): readonly TrackColumn[] {
  return chosen.map((name) => trackTable.find((known) => known.name === name)!);
}

/**
 * Puts a column's values of all rows of a frame into `target` from place `at` on, an array of the column's type; returns how
 * many. Whole numbers are -1 where nothing is known.
 */
export function fillColumn(
  target: BigInt64Array | Float64Array,
  at: number,
  { detections, header, rowCount }: Frame,
  name: TrackColumnName,
): number {
  const rows = Math.max(0, rowCount);
  if (target instanceof BigInt64Array) {
    if (isOfFrame(name)) target.fill(BigInt(header.frameNumber), at, at + rows);
    else {
      const first = column[name] * rows;
      for (let row = 0; row < rows; row++) {
        const value = detections[first + row]!;
        target[at + row] = value >= 0 ? BigInt(Math.trunc(value)) : -1n;
      }
    }
  } else if (isOfFrame(name)) target.fill(timestampSeconds(header.capturedAtNs), at, at + rows);
  else target.set(detections.subarray(column[name] * rows, (column[name] + 1) * rows), at);
  return rows;
}

/** Columns of a frame's rows as the bytes that files have, eight a value, little-endian. */
export class TrackBytes {
  #integers = new BigInt64Array(0);
  #reals = new Float64Array(0);

  /** Valid until the next call, and as long as the frame; a measurement's bytes are those of the slot. */
  borrow(frame: Frame, name: TrackColumnName): Uint8Array {
    const { type } = declared[name];
    const rows = Math.max(0, frame.rowCount);
    const { detections } = frame;
    if (type === "float64" && !isOfFrame(name)) {
      return new Uint8Array(detections.buffer, detections.byteOffset + column[name] * rows * 8, rows * 8);
    }
    if (rows > this.#integers.length) {
      this.#integers = new BigInt64Array(Math.ceil(rows * 1.25));
      this.#reals = new Float64Array(this.#integers.buffer);
    }
    fillColumn(type === "int64" ? this.#integers : this.#reals, 0, frame, name);
    return new Uint8Array(this.#integers.buffer, 0, rows * 8);
  }
}

/** Seconds since the Unix epoch as a number, rounded down to the microsecond as in the text (a float64 has 0.24 us there); NaN for 0. */
export function timestampSeconds(atNs: bigint): number {
  return atNs <= 0n ? Number.NaN : Number(atNs / 1000n) / 1e6;
}
