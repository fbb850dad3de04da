/**
 * Cuts the bytes of a delimited text table (RFC 4180, any one-byte delimiter) into rows and cells without making strings.
 * Knows nothing of what a cell means.
 */
import { mostLineBytes } from "../../budget.js";
import { failure } from "../../errors.js";
import { type BytePieces, readPiece } from "./byte-pieces.js";

const newline = 10;
const carriageReturn = 13;
const quote = 34;
const hash = 35;

export class RowReader {
  /** Holds the current row; replaced and refilled by `next`. */
  bytes = Buffer.allocUnsafe(1 << 20);
  rowStart = 0;
  /** Behind the row's last cell, before its line ending. */
  rowEnd = 0;
  /** Behind the row's line ending. */
  nextStart = 0;
  /** Cells of the row; 0 for a blank line and for a comment, a line that begins with #. */
  cells = 0;
  /** Cell i covers bytes cellStart[i] up to cellStart[i + 1] - 1, quotes included. */
  cellStart = new Int32Array(64);
  /** Number of the row's first line in the file, from 1. */
  line = 0;
  #nextLine = 1;
  #filled = 0;
  #position: number;
  #isAtEnd = false;
  readonly #where: string;
  readonly #pieces: BytePieces;
  readonly #delimiter: number;

  /** Reads from byte `start` of the table on. */
  constructor(where: string, pieces: BytePieces, delimiter: number, start = 0) {
    this.#where = where;
    this.#pieces = pieces;
    this.#delimiter = delimiter;
    this.#position = start;
  }

  /** Goes to the next row; false at the end. Quotes count only where they begin a cell. */
  next(): boolean {
    const delimiter = this.#delimiter;
    this.rowStart = this.nextStart;
    this.line = this.#nextLine;
    this.cells = 0;
    this.#startCell(this.rowStart);
    let at = this.rowStart;
    let isQuoted = false;
    for (;;) {
      if (at >= this.#filled) {
        const length = at - this.rowStart;
        const hasMore = this.#refill();
        at = this.rowStart + length;
        if (!hasMore) break;
      }
      const byte = this.bytes[at]!;
      if (byte === newline) {
        this.#nextLine++;
        if (!isQuoted) return this.#endRow(at, at + 1);
      } else if (byte === quote) {
        if (isQuoted || at === this.cellStart[this.cells]) isQuoted = !isQuoted;
      } else if (byte === delimiter && !isQuoted) {
        this.cells++;
        this.#startCell(at + 1);
      }
      at++;
    }
    if (isQuoted) {
      const what = "a quoted cell begins here and never ends";
      throw failure("file-damaged", `${this.#where}, line ${this.line}`, what, "Was the file cut?");
    }
    return at > this.rowStart && this.#endRow(at, at);
  }

  /** The bytes of cell `index` as text, without its quotes. */
  text(index: number): string {
    const text = new TextDecoder().decode(this.bytes.subarray(this.cellStart[index]!, this.cellStart[index + 1]! - 1));
    return text.length > 1 && text.startsWith('"') && text.endsWith('"')
      ? text.slice(1, -1).replaceAll('""', '"')
      : text.trim();
  }

  #startCell(at: number): void {
    if (this.cells + 1 >= this.cellStart.length) {
      const grown = new Int32Array(2 * this.cellStart.length);
      grown.set(this.cellStart);
      this.cellStart = grown;
    }
    this.cellStart[this.cells] = at;
  }

  #endRow(end: number, next: number): true {
    const isCarriage = next > end && end > this.rowStart && this.bytes[end - 1] === carriageReturn;
    this.rowEnd = isCarriage ? end - 1 : end;
    this.nextStart = next;
    this.cellStart[++this.cells] = this.rowEnd + 1;
    if (this.rowEnd === this.rowStart || this.bytes[this.rowStart] === hash) this.cells = 0;
    return true;
  }

  /** Moves the row begun to the front and reads behind it; false at the end of the table. */
  #refill(): boolean {
    if (this.#isAtEnd) return false;
    const begun = this.#filled - this.rowStart;
    if (begun > mostLineBytes) {
      const what = `is longer than ${mostLineBytes >> 20} MiB`;
      throw failure(
        "wrong-format",
        `${this.#where}, line ${this.line}`,
        what,
        "Is it a table? A quote that is never closed does this.",
      );
    }
    const from = this.bytes;
    if (2 * begun > from.length) this.bytes = Buffer.allocUnsafe(2 * from.length);
    this.bytes.set(from.subarray(this.rowStart, this.#filled));
    for (let cell = 0; cell <= this.cells; cell++) this.cellStart[cell]! -= this.rowStart;
    this.nextStart = 0;
    this.rowStart = 0;
    this.#filled = begun;
    const got = readPiece(this.#where, this.#pieces, this.bytes.subarray(begun), this.#position);
    this.#isAtEnd = got === 0;
    this.#position += got;
    this.#filled += got;
    return got > 0;
  }
}
