/**
 * A text table as the bytes of a Parquet file, piece by piece. The table is read twice: once for the types of its columns,
 * once for their values. Memory: one row group.
 */
import { openBytePieces } from "../../table/byte-pieces.js";
import { readLayout } from "../../table/text-table.js";
import { type ColumnValues, groupsOf, typesOf } from "../../table/typed-columns.js";
import { type ColumnChunk, FooterBytes, magic, rowGroupEntry, trailer } from "./footer.js";
import { encodePage, type PageValues } from "./page.js";

const groupRows = 100_000;
/** Absent values are null. Units that the table states are kept as mote.units, a JSON object by column. */
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
    for (const group of groupsOf(layout, columns, groupRows)) {
      const chunks: ColumnChunk[] = [];
      for (const values of group.columns) {
        const { bytes, uncompressedBytes } = encodePage(values.column, pageOf(values), "gzip");
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

/** The values of a group that are there, as a page has them. */
function pageOf({ column, numbers, texts, isPresent }: ColumnValues): PageValues {
  const plain =
    column.type === "text"
      ? Buffer.concat(texts.flatMap((text) => [lengthOf(text), text]))
      : new Uint8Array(numbers.buffer, 0, numbers.byteLength);
  return { rows: isPresent.length, plain, isPresent };
}

function lengthOf(text: Uint8Array): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32LE(text.length);
  return length;
}
