/**
 * A text table as the bytes of a Parquet file, piece by piece. The table is read twice: once for the types of its columns,
 * once for their values. Memory: one row group.
 */
import { trackColumns } from "../../columns/track-rows.js";
import { openBytePieces } from "../../table/byte-pieces.js";
import { changedMeanwhile, nextRow, openRows, readLayout, type TextLayout } from "../../table/text-table.js";
import { ColumnType, ColumnValues } from "./column-values.js";
import { type ColumnChunk, FooterBytes, magic, rowGroupEntry, trailer } from "./footer.js";
import { encodePage, type ParquetColumn } from "./page.js";

const groupRows = 100_000;
const comma = 44;
/** Whole numbers even when no cell has one: a table in which nothing was linked. */
const wholeNames = new Set(["particle_id", "particle", "TRACK_ID", "flags"]);
/** Columns of the tracks table that are float64 even when all their numbers are whole, as raw_mass often is. */
const realNames = new Set<string>(trackColumns.filter((name) => name !== "frame" && name !== "particle_id"));

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
    return type.column(name, wholeNames.has(name) ? "int64" : realNames.has(name) ? "double" : undefined);
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
