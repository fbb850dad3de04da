/**
 * Tables as delimited text: comma, semicolon or tab, quoted cells, any line ending, a byte order mark, # comments. Read
 * twice in pieces, so that only numbers are held; what is not a label goes from input to output byte for byte.
 */
import { failure, refusal } from "../../errors.js";
import { type BytePieces, readRange } from "./byte-pieces.js";
import { isMissing, parseCell } from "./cell-number.js";
import type { UsedColumns } from "./choose-columns.js";
import { writeLabels } from "./label-rows.js";
import type { Positions, Table } from "./open-table.js";
import { PositionList } from "./position-list.js";
import { RowReader } from "./row-reader.js";

/** What has been found out about the text before its rows are read. */
export interface TextLayout {
  readonly where: string;
  readonly pieces: BytePieces;
  readonly delimiter: number;
  /** Bytes of the byte order mark, 0 or 3. */
  readonly markBytes: number;
  readonly columns: readonly string[];
  /** Lines of names and units behind the first: 3 in TrackMate's exports since version 7, else 0. */
  readonly extraHeaderRows: number;
  readonly isQuoted: boolean;
}

const comma = 44;
const mostExtraHeaderRows = 3;

export function openTextTable(where: string, pieces: BytePieces): Table {
  const { layout, units } = readLayout(where, pieces);
  return {
    format: "text",
    columns: layout.columns,
    statedUnits: units,
    positions: async (used) => readPositions(layout, used),
    labelled: (used, labels) => writeLabels(layout, used, labels),
    close: () => pieces.close(),
  };
}

/** Reads the header; `units` has what it states for each column, "" where nothing. Refuses what is no table. */
export function readLayout(where: string, pieces: BytePieces): { layout: TextLayout; units: string[] } {
  const isMarked = readRange(where, pieces, 0, 3).join() === "239,187,191";
  const markBytes = isMarked ? 3 : 0;
  const delimiter = findDelimiter(where, pieces, markBytes);
  const reader = new RowReader(where, pieces, delimiter, markBytes);
  if (!nextRow(reader)) throw refusal("nothing-in-it", where, "expected a table, got no line but comments and blanks");
  const columns = Array.from({ length: reader.cells }, (_, cell) => reader.text(cell));
  if (columns.every((name) => name === "" || Number.isFinite(Number(name)))) {
    const what = `expected the names of the columns, got ${columns.slice(0, 4).join(", ")}`;
    throw refusal(
      "wrong-format",
      `${where}, line ${reader.line}`,
      what,
      "Put a line such as frame,y,x above the numbers.",
    );
  }
  const isQuoted = reader.bytes[reader.rowStart] === 34;
  const { rows: extraHeaderRows, units } = readExtraHeader(reader, columns);
  return { layout: { where, pieces, delimiter, markBytes, columns, extraHeaderRows, isQuoted }, units };
}

/** Goes to the next row that is neither blank nor a comment. */
export function nextRow(reader: RowReader): boolean {
  while (reader.next()) if (reader.cells > 0) return true;
  return false;
}

/** The delimiter that the header has most of, outside quotes. */
function findDelimiter(where: string, pieces: BytePieces, markBytes: number): number {
  let best = comma;
  let most = 0;
  for (const delimiter of [comma, 9, 59]) {
    const reader = new RowReader(where, pieces, delimiter, markBytes);
    if (!nextRow(reader) || reader.cells <= most) continue;
    most = reader.cells;
    best = delimiter;
  }
  return best;
}

/** TrackMate's lines of names, short names and units below the first; `units` has one entry a column. */
function readExtraHeader(reader: RowReader, columns: readonly string[]): { rows: number; units: string[] } {
  const frame = columns.indexOf("FRAME");
  let rows = 0;
  let units = columns.map(() => "");
  if (frame < 0 || !columns.includes("POSITION_X")) return { rows, units };
  while (rows < mostExtraHeaderRows && nextRow(reader)) {
    const texts = columns.map((_, cell) => (cell < reader.cells ? reader.text(cell) : ""));
    if (Number.isFinite(Number(texts[frame])) && texts[frame] !== "") break;
    const isUnits = texts.some((text) => /^\(.*\)$/.test(text));
    if (!isUnits && texts[frame] === "") break;
    if (isUnits) units = texts;
    rows++;
  }
  return { rows, units };
}

/** A reader before the first row of data. */
export function openRows(layout: TextLayout): RowReader {
  const reader = new RowReader(layout.where, layout.pieces, layout.delimiter, layout.markBytes);
  for (let row = 0; row <= layout.extraHeaderRows; row++) nextRow(reader);
  return reader;
}

function readPositions(layout: TextLayout, used: UsedColumns): Positions {
  const { where, columns } = layout;
  const reader = openRows(layout);
  const list = new PositionList();
  const hasDecimalComma = layout.delimiter !== comma;
  const cell = (at: number): number =>
    parseCell(reader.bytes, reader.cellStart[at]!, reader.cellStart[at + 1]! - 1, hasDecimalComma);
  const coordinate = (at: number): number => {
    const value = cell(at);
    if (!Number.isNaN(value) || isMissing(reader.text(at))) return value;
    const what = `expected a number in column ${columns[at]}, got ${reader.text(at)}`;
    throw refusal(
      "file-damaged",
      `${where}, line ${reader.line}`,
      what,
      "Leave a cell empty where a position is not known.",
    );
  };
  while (nextRow(reader)) {
    if (reader.cells !== columns.length) checkCells(layout, reader);
    const frame = cell(used.frame);
    if (!Number.isSafeInteger(frame)) {
      const what = `expected a whole frame number in column ${columns[used.frame]}, got ${reader.text(used.frame) || "nothing"}`;
      throw refusal(
        "file-damaged",
        `${where}, line ${reader.line}`,
        what,
        "Name the column that counts frames: --columns frame=NAME.",
      );
    }
    list.add(frame, coordinate(used.y), coordinate(used.x));
  }
  return list.finish();
}

function checkCells({ where, columns }: TextLayout, reader: RowReader): never {
  const { line, cells } = reader;
  const what = `expected ${columns.length} cells as in the header, got ${cells}`;
  const isLast = !nextRow(reader);
  const hint = isLast
    ? "It is the last line: the file was cut. Remove the line to go on."
    : "Correct the line, or remove it.";
  throw refusal("file-damaged", `${where}, line ${line}`, what, hint);
}

/** The table is read twice; between the two somebody may have written to it. */
export function changedMeanwhile(where: string): Error {
  return failure("file-changed", where, "was changed while it was read", "Link it again when it is complete.");
}
