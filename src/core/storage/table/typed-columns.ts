/** Cells of a text table as values with types, for formats whose columns have one: first which type all cells of a column are, then the values of a group of rows. */
import { trackTable } from "../columns/track-table.js";
import { isMissing, parseCell } from "./cell-number.js";
import type { RowReader } from "./row-reader.js";
import { changedMeanwhile, nextRow, openRows, type TextLayout } from "./text-table.js";

export interface TypedColumn {
  readonly name: string;
  readonly type: "int64" | "double" | "text";
  /** A value may be absent. */
  readonly isNullable: boolean;
}

const comma = 44;
/** Of Mote's own columns, and of other programs' ids: whole even when no cell has one, as where nothing was linked; real even when all are whole. */
const usualTypes: ReadonlyMap<string, "int64" | "double"> = new Map([
  ...trackTable
    .filter(({ name }) => name !== "frame")
    .map(({ name, type }) => [name, type === "int64" ? "int64" : "double"] as const),
  ["particle", "int64"],
  ["TRACK_ID", "int64"],
]);
/** Whole numbers of at most 18 digits are int64; a leading zero ("007") makes a name of a number. */
const wholeNumber = /^[+-]?(0|[1-9]\d{0,17})$/;
const infinities: Readonly<Record<string, number>> = {
  inf: Number.POSITIVE_INFINITY,
  "+inf": Number.POSITIVE_INFINITY,
  "-inf": Number.NEGATIVE_INFINITY,
};

/**
 * Whole numbers are int64, other numbers float64, a column with any other cell UTF-8 text; empty cells, and words such as NaN
 * in a column of numbers, are absent.
 */
export function typesOf(layout: TextLayout): readonly TypedColumn[] {
  const types = layout.columns.map(() => new ColumnType());
  const reader = openRows(layout);
  while (nextRow(reader)) {
    if (reader.cells !== types.length) throw changedMeanwhile(layout.where);
    for (const [cell, type] of types.entries()) type.look(reader, cell, layout.delimiter !== comma);
  }
  return types.map((type, at) => {
    const name = layout.columns[at]!;
    return type.column(name, usualTypes.get(name));
  });
}

/** The values of all columns, `mostRows` rows at a time: filled again when the next are asked for. */
export function* groupsOf(
  layout: TextLayout,
  columns: readonly TypedColumn[],
  mostRows: number,
): Generator<{ readonly columns: readonly ColumnValues[]; readonly rows: number }> {
  const values = columns.map((column) => new ColumnValues(column, mostRows, layout.delimiter !== comma));
  const reader = openRows(layout);
  let rows = 0;
  while (nextRow(reader)) {
    for (const [cell, column] of values.entries()) column.add(reader, cell);
    if (++rows < mostRows) continue;
    yield { columns: values, rows };
    for (const column of values) column.clear();
    rows = 0;
  }
  if (rows > 0) yield { columns: values, rows };
}

/** The number of a cell; undefined where it holds none, NaN where it is empty or says so. */
function numberOf(reader: RowReader, cell: number, hasDecimalComma: boolean): number | undefined {
  const value = parseCell(reader.bytes, reader.cellStart[cell]!, reader.cellStart[cell + 1]! - 1, hasDecimalComma);
  if (!Number.isNaN(value)) return value;
  const text = reader.text(cell);
  return infinities[text.toLowerCase()] ?? (isMissing(text) ? Number.NaN : undefined);
}

/** What is common to all cells of a column, as far as they have been looked at. */
class ColumnType {
  #type: TypedColumn["type"] = "int64";
  #isNullable = false;
  #hasValue = false;

  look(reader: RowReader, cell: number, hasDecimalComma: boolean): void {
    if (this.#type === "text") {
      // An empty text is a text; whether there is a null has been seen when all were numbers.
      this.#isNullable ||= reader.text(cell) === "";
      return;
    }
    const value = numberOf(reader, cell, hasDecimalComma);
    if (value !== undefined && Number.isNaN(value)) {
      this.#isNullable = true;
      return;
    }
    this.#hasValue = true;
    if (value === undefined) this.#type = "text";
    else if (this.#type === "int64" && !wholeNumber.test(reader.text(cell))) {
      this.#type = /^[+-]?0\d/.test(reader.text(cell)) ? "text" : "double";
    }
  }

  /** `usual`: what a column of this name has when its cells do not say otherwise; without it one without values is of float64. */
  column(name: string, usual?: "int64" | "double"): TypedColumn {
    const isOpen = !this.#hasValue || (this.#type === "int64" && usual === "double");
    return { name, type: isOpen ? (usual ?? "double") : this.#type, isNullable: this.#isNullable };
  }
}

/** The values of one column in a group of rows that is being filled. Borrowed values are good until `add` or `clear`. */
export class ColumnValues {
  readonly column: TypedColumn;
  readonly #hasDecimalComma: boolean;
  readonly #numbers: BigInt64Array | Float64Array;
  readonly #isPresent: Uint8Array;
  #texts: Buffer[] = [];
  #rows = 0;
  #present = 0;

  constructor(column: TypedColumn, mostRows: number, hasDecimalComma: boolean) {
    this.column = column;
    this.#hasDecimalComma = hasDecimalComma;
    if (column.type === "int64") this.#numbers = new BigInt64Array(mostRows);
    else this.#numbers = new Float64Array(column.type === "double" ? mostRows : 0);
    this.#isPresent = new Uint8Array(mostRows);
  }

  add(reader: RowReader, cell: number): void {
    const row = this.#rows++;
    if (this.column.type === "text") {
      const text = reader.text(cell);
      this.#isPresent[row] = text === "" && this.column.isNullable ? 0 : 1;
      if (this.#isPresent[row] === 1) this.#texts.push(Buffer.from(text));
      return;
    }
    const value = numberOf(reader, cell, this.#hasDecimalComma) ?? Number.NaN;
    this.#isPresent[row] = Number.isNaN(value) ? 0 : 1;
    if (this.#isPresent[row] === 0) return;
    if (this.#numbers instanceof Float64Array) this.#numbers[this.#present++] = value;
    else {
      // Above 2^53 only the digits are exact.
      const whole = Number.isSafeInteger(value) ? BigInt(value) : BigInt(reader.text(cell).replace("+", ""));
      this.#numbers[this.#present++] = whole;
    }
  }

  /** 1 for each row that has a value, else 0. */
  get isPresent(): Uint8Array {
    return this.#isPresent.subarray(0, this.#rows);
  }

  /** Of a column of numbers: those that are there. */
  get numbers(): BigInt64Array | Float64Array {
    return this.#numbers.subarray(0, this.#present);
  }

  /** Of a column of text: those that are there, as UTF-8. */
  get texts(): readonly Buffer[] {
    return this.#texts;
  }

  clear(): void {
    this.#texts = [];
    this.#rows = 0;
    this.#present = 0;
  }
}
