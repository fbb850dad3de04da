/**
 * Tables in Parquet, read with hyparquet, one row group at a time: positions first, then every column again as text. Only
 * this module and `parquet-pages.ts` know the library; it is loaded when a Parquet table is.
 */
import type { ColumnChunk, FileMetaData, ParquetReadOptions, SchemaElement } from "hyparquet";
import { mostGroupRows } from "../../../budget.js";
import { codeOf, MoteError, reason, refusal } from "../../../errors.js";
import { isOutOfMemory } from "../../../out-of-memory.js";
import { linkFlag } from "../../../tracking/link/linker.js";
import { type BytePieces, readRange } from "../../table/byte-pieces.js";
import { cellText, float32Text, instantParsers } from "../../table/cell-text.js";
import type { UsedColumns } from "../../table/choose-columns.js";
import type { Positions, RowLabels, Table } from "../../table/open-table.js";
import { PositionList } from "../../table/position-list.js";
import type { ParquetChunk } from "./parquet-pages.js";

/** The values of some columns of one row group, by column name. */
type Group = ReadonlyMap<string, ArrayLike<unknown>>;

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

export interface ParquetSource {
  readonly where: string;
  readonly columns: readonly string[];
  /** Key-value metadata of the file. */
  readonly notes: ReadonlyMap<string, string>;
  /** Columns of float32, whose values arrive widened. */
  readonly float32: ReadonlySet<string>;
  readonly groupRows: readonly number[];
  /** Where the columns of each row group lie. */
  readonly groupChunks: readonly (readonly ParquetChunk[])[];
  /** Rows that the footer counts over all row groups. */
  readonly statedRows: number;
  read(columns: readonly string[], start: number, rows: number): Promise<Group>;
}

const linkBits = linkFlag.gap | linkFlag.subnetDegraded;
/** Rows turned into text at once. */
const blockRows = 8192;

export async function openParquetTable(where: string, pieces: BytePieces): Promise<Table> {
  const source = await openParquetSource(where, pieces);
  return {
    format: "parquet",
    columns: source.columns,
    statedUnits: source.columns.map(() => ""),
    positions: (used) => readPositions(source, used),
    labelled: (used, labels, delimiter) => writeRows(source, used, labels, delimiter),
    close: () => pieces.close(),
  };
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

async function readPositions(source: ParquetSource, used: UsedColumns): Promise<Positions> {
  const names = [used.frame, used.y, used.x].map((at) => source.columns[at]!);
  const list = new PositionList();
  let start = 0;
  for (const rows of source.groupRows) {
    const group = await source.read(names, start, rows);
    const [frames, ys, xs] = names.map((name) => group.get(name)!);
    for (let i = 0; i < rows; i++) {
      const frame = toNumber(frames![i]);
      const [y, x] = [toNumber(ys![i]), toNumber(xs![i])];
      if (frame === undefined || !Number.isSafeInteger(frame)) {
        throw wrongCell(source, start + i, names[0]!, "a whole frame number", frames![i]);
      }
      if (y === undefined) throw wrongCell(source, start + i, names[1]!, "a number", ys![i]);
      if (x === undefined) throw wrongCell(source, start + i, names[2]!, "a number", xs![i]);
      list.add(frame, y, x);
    }
    start += rows;
  }
  return list.finish();
}

/** NaN where there is no value, undefined where it is no number. */
function toNumber(value: unknown): number | undefined {
  if (typeof value === "number") return value;
  if (typeof value === "bigint") return Number(value);
  return value === null || value === undefined ? Number.NaN : undefined;
}

function wrongCell({ where }: ParquetSource, row: number, column: string, expected: string, got: unknown): MoteError {
  const text = cellText(got, ",") || "nothing";
  const what = `expected ${expected} in column ${column}, got ${text}`;
  return refusal(
    "file-damaged",
    `${where}, row ${row + 1}`,
    what,
    "Name the right column with --columns, or correct the table.",
  );
}

async function* writeRows(
  source: ParquetSource,
  used: UsedColumns,
  labels: RowLabels,
  delimiter: string,
): AsyncGenerator<Uint8Array> {
  const encoder = new TextEncoder();
  const { columns } = source;
  const flags = labels.flags;
  const names = [...columns, ...(used.particle < 0 ? [used.particleName] : [])];
  if (flags && used.flags < 0) names.push("flags");
  yield encoder.encode(`${names.map((name) => cellText(name, delimiter)).join(delimiter)}\n`);
  const particleAt = used.particle < 0 ? columns.length : used.particle;
  const flagsAt = flags === null ? -1 : used.flags < 0 ? names.length - 1 : used.flags;

  let start = 0;
  for (const rows of source.groupRows) {
    const group = await source.read(columns, start, rows);
    const values = names.map((name) => group.get(name));
    const toText = names.map((name) => (source.float32.has(name) ? float32Text : cellText));
    for (let first = 0; first < rows; first += blockRows) {
      let text = "";
      for (let i = first; i < Math.min(rows, first + blockRows); i++) {
        for (let at = 0; at < names.length; at++) {
          if (at > 0) text += delimiter;
          if (at === particleAt) {
            const particle = labels.particle[start + i]!;
            if (particle >= 0) text += particle;
          } else if (at === flagsAt) {
            text += ((toNumber(values[at]?.[i]) ?? 0) & ~linkBits) | flags![start + i]!;
          } else text += toText[at]!(values[at]![i], delimiter);
        }
        text += "\n";
      }
      yield encoder.encode(text);
    }
    start += rows;
  }
}
