/** One data page of a column: header, levels and values as Parquet lays them out. Pure, from values to bytes. */
import { crc32, gzipSync } from "node:zlib";
import { ThriftBytes } from "./thrift-bytes.js";

/** Numbers of parquet.thrift. */
export const parquetType = { int64: 2, double: 5, text: 6 } as const;
export const codecs = { none: 0, gzip: 2 } as const;
export type PageCodec = keyof typeof codecs;
export const encodings = { plain: 0, rle: 3 } as const;
const dataPage = 0;

export interface ParquetColumn {
  readonly name: string;
  readonly type: keyof typeof parquetType;
  /** A value may be absent. */
  readonly isNullable: boolean;
}

/** Values of a column in the PLAIN encoding, those that are there only. */
export interface PageValues {
  readonly rows: number;
  readonly plain: Uint8Array;
  /** 1 for each row that has a value, else 0; null where every row has one. */
  readonly isPresent: Uint8Array | null;
}

export interface Page {
  /** Header and body. */
  readonly bytes: Uint8Array;
  /** What they would have without compression. */
  readonly uncompressedBytes: number;
}

/** Most bytes of a header: its nine numbers of at most six bytes. */
export const mostHeaderBytes = 64;

const header = new ThriftBytes();

/**
 * A page of version 1, which every reader knows, with a CRC-32 of its body (parquet-format, README section "Data Pages").
 * Compressed with gzip's fastest level, which every reader knows too.
 */
export function encodePage(column: ParquetColumn, values: PageValues, codec: PageCodec): Page {
  const levels = column.isNullable ? definitionLevels(values) : null;
  const body = levels ? Buffer.concat([levels, values.plain]) : values.plain;
  const stored = codec === "gzip" ? gzipSync(body, { level: 1 }) : body;
  header.clear();
  header.i32(1, dataPage);
  header.i32(2, body.length);
  header.i32(3, stored.length);
  header.i32(4, crc32(stored) | 0);
  header.struct(5);
  header.i32(1, values.rows);
  header.i32(2, encodings.plain);
  header.i32(3, encodings.rle);
  header.i32(4, encodings.rle);
  header.endStruct();
  header.endStruct();
  const bytes = new Uint8Array(header.length + stored.length);
  bytes.set(header.borrow());
  bytes.set(stored, header.length);
  return { bytes, uncompressedBytes: header.length + body.length };
}

/** Most bytes that a page of one value a row in eight bytes can have: gzip may add five bytes to every 16 kB, and 18. */
export function mostPageBytes(rows: number, isNullable: boolean): number {
  const body = rows * 8 + (isNullable ? 8 + Math.ceil(rows / 8) : 0);
  return mostHeaderBytes + body + 5 * Math.ceil(body / 16_000) + 64;
}

/**
 * Which rows have a value, in the RLE / bit-packed hybrid with its length in front (parquet-format, Encodings.md): one run
 * of equal levels where all are, one packed run where they differ.
 */
function definitionLevels({ rows, isPresent }: PageValues): Uint8Array {
  const first = isPresent === null ? 1 : (isPresent[0] ?? 1);
  let isUniform = true;
  if (isPresent) for (let row = 1; row < rows && isUniform; row++) isUniform = isPresent[row] === first;
  const groups = Math.ceil(rows / 8);
  const bytes = new Uint8Array(4 + 5 + groups);
  let at = writeVarint(bytes, 4, isUniform ? rows * 2 : groups * 2 + 1);
  if (isUniform) bytes[at++] = first;
  else {
    for (let row = 0; row < rows; row++) bytes[at + (row >> 3)]! |= isPresent![row]! << (row & 7);
    at += groups;
  }
  new DataView(bytes.buffer).setUint32(0, at - 4, true);
  return bytes.subarray(0, at);
}

function writeVarint(bytes: Uint8Array, at: number, value: number): number {
  let place = at;
  let rest = value;
  for (; rest >= 128; rest >>>= 7) bytes[place++] = (rest & 127) | 128;
  bytes[place++] = rest;
  return place;
}
