/**
 * Tables in Parquet, read with hyparquet, one row group at a time. Only
 * this module and `parquet-pages.ts` know the library; it is loaded when a Parquet table is.
 */
import type { ColumnChunk, FileMetaData, ParquetReadOptions, SchemaElement } from "hyparquet";
import { mostGroupRows } from "../../../budget.js";
import { codeOf, MoteError, reason, refusal } from "../../../errors.js";
import { isOutOfMemory } from "../../../out-of-memory.js";
import { type BytePieces, readRange } from "../../table/byte-pieces.js";
import { instantParsers } from "../../table/cell-text.js";
import { type ColumnGroups, tableOfGroups } from "../../table/column-groups.js";
import type { Table } from "../../table/open-table.js";
import type { ParquetChunk } from "./parquet-pages.js";

/** The library does not read the file, or something in it; the library has words only (exit code 2). */
export class ParquetUnreadable extends MoteError {
  /** Its complaint alone, for who says in words of his own what he read. */
  readonly complaint: string;

  constructor(where: string, cause: unknown) {
    const complaint = reason(cause);
    const code = codeOf(cause, "file-damaged");
    const problem = { code, where, what: `cannot be read as Parquet: ${complaint}`, hint: "Was the file cut?" };
    super(problem, { exitCode: 2, cause });
    this.complaint = complaint;
  }
}

export interface ParquetSource extends ColumnGroups {
  /** Key-value metadata of the file. */
  readonly notes: ReadonlyMap<string, string>;
  /** Where the columns of each row group lie. */
  readonly groupChunks: readonly (readonly ParquetChunk[])[];
  /** Rows that the footer counts over all row groups. */
  readonly statedRows: number;
}

export async function openParquetTable(where: string, pieces: BytePieces): Promise<Table> {
  const source = await openParquetSource(where, pieces);
  return tableOfGroups(source, () => pieces.close());
}

/** The columns of a table by row group; refuses what is no Parquet. */
export async function openParquetSource(where: string, pieces: BytePieces): Promise<ParquetSource> {
  const [{ parquetMetadataAsync, parquetRead, parquetSchema }, { compressors }] = await Promise.all([
    import("hyparquet"),
    import("hyparquet-compressors"),
  ]);
  const file = {
    byteLength: pieces.byteLength,
    slice: (start: number, end = pieces.byteLength) => readRange(where, pieces, start, end).buffer,
  };
  const parsers = instantParsers;
  /** The library complains of damage in its own words; ours say which file. */
  const guarded = async <Value>(work: Promise<Value>): Promise<Value> => {
    try {
      return await work;
    } catch (error) {
      if (error instanceof MoteError || isOutOfMemory(error)) throw error;
      throw new ParquetUnreadable(where, error);
    }
  };
  const metadata: FileMetaData = await guarded(parquetMetadataAsync(file));
  const elements = parquetSchema(metadata).children.map((child) => child.element);
  const unnamed = elements.findIndex(({ name }) => typeof name !== "string");
  if (unnamed >= 0) throw new ParquetUnreadable(where, new Error(`column ${unnamed + 1} has no name`));
  for (const [at, { num_rows }] of metadata.row_groups.entries()) {
    if (num_rows >= 0 && num_rows <= mostGroupRows) continue;
    const what = `row group ${at + 1} claims ${num_rows} rows, expected at most ${mostGroupRows.toLocaleString("en-US")}`;
    throw refusal("too-large", where, what, "Was it damaged? If not, write it again with smaller row groups.");
  }
  return {
    where,
    columns: elements.map((element) => element.name),
    notes: new Map(metadata.key_value_metadata?.map(({ key, value }) => [key, value ?? ""])),
    float32: new Set(elements.filter((element) => element.type === "FLOAT").map((element) => element.name)),
    groupRows: metadata.row_groups.map((group) => Number(group.num_rows)),
    groupChunks: metadata.row_groups.map((group) => group.columns.map((entry) => chunkOf(entry, elements))),
    statedRows: Number(metadata.num_rows),
    async read(columns, start, rows) {
      const group = new Map<string, unknown[]>(columns.map((name) => [name, new Array<unknown>(rows)]));
      const options: ParquetReadOptions = {
        ...{ file, metadata, compressors, parsers, columns: [...columns], rowStart: start, rowEnd: start + rows },
        onChunk({ columnName, columnData, rowStart }) {
          const values = group.get(columnName)!;
          const first = Math.max(0, start - rowStart);
          const last = Math.min(columnData.length, start + rows - rowStart);
          for (let i = first; i < last; i++) values[rowStart + i - start] = columnData[i];
        },
      };
      await guarded(parquetRead(options));
      return group;
    },
  };
}

function chunkOf({ meta_data: known }: ColumnChunk, elements: readonly SchemaElement[]): ParquetChunk {
  const path = known?.path_in_schema ?? [];
  const element = elements.find(({ name }) => name === path[0]);
  const at = Number(known?.dictionary_page_offset || known?.data_page_offset || 0);
  return {
    ...{ column: path.join("."), at, bytes: Number(known?.total_compressed_size ?? 0) },
    values: Number(known?.num_values ?? 0),
    isFlat: path.length === 1 && element?.repetition_type !== "REPEATED",
  };
}
