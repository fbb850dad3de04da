/** The footer of a Parquet file (parquet.thrift, FileMetaData): what its columns are and where their pages lie. Pure. */
import { codecs, encodings, type PageCodec, type ParquetColumn, parquetType } from "./page.js";
import { ThriftBytes, thriftType } from "./thrift-bytes.js";

export const magic = new TextEncoder().encode("PAR1");

/** The pages of one column in one row group: they follow one another from `at` on. */
export interface ColumnChunk {
  readonly at: number;
  /** Bytes of its pages with their headers, as stored and as they would be without compression. */
  readonly bytes: number;
  readonly uncompressedBytes: number;
  readonly codec: PageCodec;
  /** Smallest and largest value in the PLAIN encoding, NaN left out; null when not counted or when there is none. */
  readonly range: { readonly least: Uint8Array; readonly most: Uint8Array } | null;
  /** Rows without a value; null when not counted. */
  readonly absent: number | null;
}

/** Most bytes that a row group takes in a footer, names of columns included. */
export function mostEntryBytes(columns: readonly ParquetColumn[]): number {
  return columns.reduce((sum, { name }) => sum + 160 + 3 * name.length, 64);
}

/** A row group as an entry of the footer's list; `chunks` are in the order of `columns`. */
export function rowGroupEntry(
  columns: readonly ParquetColumn[],
  chunks: readonly ColumnChunk[],
  rows: number,
): Uint8Array {
  const out = new ThriftBytes();
  out.list(1, thriftType.struct, columns.length);
  for (const [index, column] of columns.entries()) chunkEntry(out, column, chunks[index]!, rows);
  out.i64(
    2,
    chunks.reduce((sum, chunk) => sum + chunk.uncompressedBytes, 0),
  );
  out.i64(3, rows);
  out.i64(5, chunks[0]!.at);
  out.i64(
    6,
    chunks.reduce((sum, chunk) => sum + chunk.bytes, 0),
  );
  out.endStruct();
  return out.borrow().slice();
}

function chunkEntry(out: ThriftBytes, column: ParquetColumn, chunk: ColumnChunk, rows: number): void {
  out.beginElement();
  out.i64(2, chunk.at);
  out.struct(3);
  out.i32(1, parquetType[column.type]);
  out.list(2, thriftType.i32, 2);
  out.zigzag(encodings.plain);
  out.zigzag(encodings.rle);
  out.list(3, thriftType.binary, 1);
  out.element(column.name);
  out.i32(4, codecs[chunk.codec]);
  out.i64(5, rows);
  out.i64(6, chunk.uncompressedBytes);
  out.i64(7, chunk.bytes);
  out.i64(9, chunk.at);
  if (chunk.range !== null || chunk.absent !== null) {
    out.struct(12);
    if (chunk.absent !== null) out.i64(3, chunk.absent);
    if (chunk.range) {
      out.binary(5, chunk.range.most);
      out.binary(6, chunk.range.least);
    }
    out.endStruct();
  }
  out.endStruct();
  out.endStruct();
}

/** The footer; `entries` are the row groups in their order, `notes` the file's key-value metadata. Borrowed until the next call. */
export class FooterBytes {
  readonly #out = new ThriftBytes();
  readonly #columns: readonly ParquetColumn[];

  constructor(columns: readonly ParquetColumn[]) {
    this.#columns = columns;
  }

  borrow(rows: number, entries: readonly Uint8Array[], notes: Readonly<Record<string, string>>): Uint8Array {
    const out = this.#out;
    out.clear();
    out.i32(1, 2);
    out.list(2, thriftType.struct, this.#columns.length + 1);
    out.beginElement();
    out.text(4, "schema");
    out.i32(5, this.#columns.length);
    out.endStruct();
    for (const column of this.#columns) {
      out.beginElement();
      out.i32(1, parquetType[column.type]);
      out.i32(3, column.isNullable ? 1 : 0);
      out.text(4, column.name);
      // The older and the newer way to say UTF-8.
      if (column.type === "text") {
        out.i32(6, 0);
        out.struct(10);
        out.struct(1);
        out.endStruct();
        out.endStruct();
      }
      out.endStruct();
    }
    out.i64(3, rows);
    out.list(4, thriftType.struct, entries.length);
    for (const entry of entries) out.raw(entry);
    const pairs = Object.entries(notes);
    out.list(5, thriftType.struct, pairs.length);
    for (const [key, value] of pairs) {
      out.beginElement();
      out.text(1, key);
      out.text(2, value);
      out.endStruct();
    }
    out.text(6, "mote");
    // Without an order of the columns readers leave the ranges alone: TypeDefinedOrder for each.
    out.list(7, thriftType.struct, this.#columns.length);
    for (let column = 0; column < this.#columns.length; column++) {
      out.beginElement();
      out.struct(1);
      out.endStruct();
      out.endStruct();
    }
    out.endStruct();
    return out.borrow();
  }
}

/** What stands at a file's end: the footer's length and the magic. */
export function trailer(footerBytes: number): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setUint32(0, footerBytes, true);
  bytes.set(magic, 4);
  return bytes;
}
