/** Cells of a text table as values of a Parquet column: first which type they all are, then the values of a row group. */
import { isMissing, parseCell } from "../../table/cell-number.js";
import type { RowReader } from "../../table/row-reader.js";
import type { PageValues, ParquetColumn } from "./page.js";

/** Whole numbers of at most 18 digits are int64; a leading zero ("007") makes a name of a number. */
const wholeNumber = /^[+-]?(0|[1-9]\d{0,17})$/;
const infinities: Readonly<Record<string, number>> = {
  inf: Number.POSITIVE_INFINITY,
  "+inf": Number.POSITIVE_INFINITY,
  "-inf": Number.NEGATIVE_INFINITY,
};

/** The number of a cell; undefined where it holds none, NaN where it is empty or says so. */
function numberOf(reader: RowReader, cell: number, hasDecimalComma: boolean): number | undefined {
  const value = parseCell(reader.bytes, reader.cellStart[cell]!, reader.cellStart[cell + 1]! - 1, hasDecimalComma);
  if (!Number.isNaN(value)) return value;
  const text = reader.text(cell);
  return infinities[text.toLowerCase()] ?? (isMissing(text) ? Number.NaN : undefined);
}

/** What is common to all cells of a column, as far as they have been looked at. */
export class ColumnType {
  #type: ParquetColumn["type"] = "int64";
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
  column(name: string, usual?: "int64" | "double"): ParquetColumn {
    const isOpen = !this.#hasValue || (this.#type === "int64" && usual === "double");
    return { name, type: isOpen ? (usual ?? "double") : this.#type, isNullable: this.#isNullable };
  }
}

/** The values of one column in a row group that is being filled. */
export class ColumnValues {
  readonly column: ParquetColumn;
  readonly #hasDecimalComma: boolean;
  readonly #numbers: BigInt64Array | Float64Array;
  readonly #isPresent: Uint8Array;
  #texts: Buffer[] = [];
  #rows = 0;
  #present = 0;

  constructor(column: ParquetColumn, mostRows: number, hasDecimalComma: boolean) {
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
      if (this.#isPresent[row] === 0) return;
      const bytes = Buffer.from(text);
      const length = Buffer.alloc(4);
      length.writeUInt32LE(bytes.length);
      this.#texts.push(length, bytes);
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

  /** The values since the last call, as a page has them; borrowed until `add`. */
  borrowPage(): PageValues {
    const rows = this.#rows;
    const { buffer } = this.#numbers;
    const plain =
      this.column.type === "text" ? Buffer.concat(this.#texts) : new Uint8Array(buffer, 0, 8 * this.#present);
    this.#texts = [];
    this.#rows = 0;
    this.#present = 0;
    return { rows, plain, isPresent: this.#isPresent.subarray(0, rows) };
  }
}
