/** The pages of a Parquet row group: whether they fill the place the footer gives them, each against its checksum. */
import { crc32 } from "node:zlib";
import { type BytePieces, readRange } from "../../table/byte-pieces.js";
import type { ParquetSource } from "./parquet-table.js";

/** Pages of one column that follow one another in a row group. */
export interface ParquetChunk {
  /** Names of a nested column are joined by points. */
  readonly column: string;
  readonly at: number;
  readonly bytes: number;
  /** Values that the footer promises, absent ones included. */
  readonly values: number;
  /** Has one value a row: neither a list nor a part of one. */
  readonly isFlat: boolean;
}

export interface GroupState {
  readonly pages: number;
  /** Pages that have a checksum, as the format leaves it to the writer. */
  readonly checksums: number;
  readonly faults: readonly PageFault[];
}

export interface PageFault {
  readonly check: "structure" | "checksums" | "ledger";
  readonly what: string;
  readonly byte: number;
}

/** Reads every page header and body of row group `group`; complains of what is wrong, throws only when the disk fails. */
export async function checkPages(source: ParquetSource, pieces: BytePieces, group: number): Promise<GroupState> {
  const { parquetHeader } = await import("hyparquet/src/column.js");
  const rows = source.groupRows[group]!;
  const faults: PageFault[] = [];
  let pages = 0;
  let checksums = 0;
  for (const { column, at, bytes, values, isFlat } of source.groupChunks[group]!) {
    const name = `row group ${group + 1}, column ${column}`;
    const fault = (check: PageFault["check"], what: string, byte = at) =>
      faults.push({ check, what: `${name}: ${what}`, byte });
    if (!(at >= 4 && bytes >= 0 && at + bytes <= pieces.byteLength - 8)) {
      fault("structure", "the footer puts it outside of the file");
      continue;
    }
    const chunk = readRange(source.where, pieces, at, at + bytes);
    const reader = { view: new DataView(chunk.buffer, 0, chunk.length), offset: 0 };
    let found = 0;
    for (let page = 1; reader.offset < chunk.length; page++) {
      const pageAt = reader.offset;
      const header = headerAt(reader, parquetHeader);
      const body = header && chunk.subarray(reader.offset, reader.offset + header.compressed_page_size);
      if (!body || !(header.compressed_page_size >= 0) || body.length < header.compressed_page_size) {
        fault("structure", `page ${page} has no header that could be read`, at + pageAt);
        break;
      }
      pages++;
      reader.offset += body.length;
      found += header.data_page_header?.num_values ?? header.data_page_header_v2?.num_values ?? 0;
      if (header.crc === undefined) continue;
      checksums++;
      if ((crc32(body) | 0) !== (header.crc | 0)) {
        fault("checksums", `page ${page} does not match its checksum`, at + pageAt);
      }
    }
    const isWhole = !faults.some(({ byte }) => byte >= at && byte < at + bytes);
    const expected = isFlat ? rows : values;
    if (isWhole && (found !== expected || values !== expected)) {
      const told = values === expected ? "" : `, its entry in the footer ${values.toLocaleString("en-US")}`;
      const inRows = expected.toLocaleString("en-US");
      fault("ledger", `expected ${inRows} values, its pages have ${found.toLocaleString("en-US")}${told}`);
    }
  }
  return { pages, checksums, faults };
}

type ReadHeader = typeof import("hyparquet/src/column.js").parquetHeader;

function headerAt(reader: Parameters<ReadHeader>[0], read: ReadHeader): ReturnType<ReadHeader> | undefined {
  try {
    return read(reader);
  } catch {
    return undefined;
  }
}
