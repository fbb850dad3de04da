/**
 * A text table as the bytes of a Parquet file, piece by piece. The table is read twice: once for the types of its columns,
 * once for their values. Memory: one row group.
 */
import { trackTable } from "../../columns/track-table.js";
import { openBytePieces } from "../../table/byte-pieces.js";
import { changedMeanwhile, nextRow, openRows, readLayout, type TextLayout } from "../../table/text-table.js";
import { ColumnType, ColumnValues } from "./column-values.js";
import { type ColumnChunk, FooterBytes, magic, rowGroupEntry, trailer } from "./footer.js";
import { encodePage, type ParquetColumn } from "./page.js";

const groupRows = 100_000;
const comma = 44;
/** Of Mote's own columns, and of other programs' ids: whole even when no cell has one, as where nothing was linked; real even when all are whole. */
const usualTypes: ReadonlyMap<string, "int64" | "double"> = new Map([
  ...trackTable
    .filter(({ name }) => name !== "frame")
    .map(({ name, type }) => [name, type === "int64" ? "int64" : "double"] as const),
  ["particle", "int64"],
  ["TRACK_ID", "int64"],
]);

/**
 * Whole numbers become int64, other numbers float64, a column with any other cell UTF-8 text; empty cells, and words such
 * as NaN in a column of numbers, become null. Units that the table states are kept as mote.units, a JSON object by column.
 */
export async function* parquetOfText(where: string, path: string): AsyncGenerator<Uint8Array> {
  const pieces = openBytePieces(where, path);
  try {
    const { layout, units } = readLayout(where, pieces);
    const columns = typesOf(layout);
    const stated = Object.fromEntries(layout.columns.map((name, at) => [name, units[at]]).filter(([, unit]) => unit));
    const notes: Record<string, string> =
      Object.keys(stated).length > 0 ? { "mote.units": JSON.stringify(stated) } : {};
    yield magic;
    let position = magic.length;
    let rows = 0;
    const entries: Uint8Array[] = [];
    for (const group of groupsOf(layout, columns)) {
      const chunks: ColumnChunk[] = [];
      for (const values of group.columns) {
        const { bytes, uncompressedBytes } = encodePage(values.column, values.borrowPage(), "gzip");
        yield bytes;
        const at = position;
        position += bytes.length;
        chunks.push({ at, bytes: bytes.length, uncompressedBytes, codec: "gzip", range: null, absent: null });
      }
      entries.push(rowGroupEntry(columns, chunks, group.rows));
      rows += group.rows;
    }
    const footer = new FooterBytes(columns).borrow(rows, entries, notes);
    yield footer;
    yield trailer(footer.length);
  } finally {
    pieces.close();
  }
}

function typesOf(layout: TextLayout): readonly ParquetColumn[] {
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

function* groupsOf(layout: TextLayout, columns: readonly ParquetColumn[]) {
  const values = columns.map((column) => new ColumnValues(column, groupRows, layout.delimiter !== comma));
  const reader = openRows(layout);
  let rows = 0;
  while (nextRow(reader)) {
    for (const [cell, column] of values.entries()) column.add(reader, cell);
    if (++rows < groupRows) continue;
    yield { columns: values, rows };
    rows = 0;
  }
  if (rows > 0) yield { columns: values, rows };
}
