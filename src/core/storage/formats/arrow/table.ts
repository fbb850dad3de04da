/** A table of Arrow as `link` reads it, one batch at a time. */
import type { RecordBatch } from "apache-arrow";
import { mostGroupRows } from "../../../budget.js";
import { refusal } from "../../../errors.js";
import { FormatProblem } from "../../../format-problem.js";
import type { ByteSource } from "../../../imaging/byte-source.js";
import { requireBytes } from "../../../imaging/byte-source.js";
import { type BytePieces, readRange } from "../../table/byte-pieces.js";
import { type ColumnGroups, tableOfGroups } from "../../table/column-groups.js";
import type { Table } from "../../table/open-table.js";
import { type Arrow, loadArrow } from "./library.js";
import { readContent } from "./messages.js";

export async function openArrowTable(where: string, pieces: BytePieces): Promise<Table> {
  const source = await openArrowSource(where, pieces);
  return tableOfGroups(source, source.close, source.units);
}

export interface ArrowSource extends ColumnGroups {
  /** What each column states of its unit, "" where it states none. */
  readonly units: readonly string[];
  close(): void;
}

/** The columns of a table by batch; refuses what is no table of Arrow. */
export async function openArrowSource(where: string, pieces: BytePieces): Promise<ArrowSource> {
  const arrow = await loadArrow();
  const source: ByteSource = {
    name: where,
    sizeBytes: pieces.byteLength,
    readInto(target, offset) {
      requireBytes(pieces.byteLength, offset, target.length);
      target.set(readRange(where, pieces, offset, offset + target.length));
    },
  };
  const { schema, schemaAt, schemaEnd, batches, ending } = contentOf(arrow, source, where);
  if (typeof ending === "object")
    throw refusal("file-damaged", where, `a message at byte ${ending.byte} ${ending.fault}`);
  const lying = batches.find(({ rows }) => rows > mostGroupRows);
  if (lying)
    throw refusal(
      "file-damaged",
      where,
      `a message at byte ${lying.at} claims ${lying.rows} rows, more than it may have`,
    );
  const filled = batches.filter(({ rows }) => rows > 0);
  const starts = new Map<number, number>();
  let start = 0;
  for (const [at, { rows }] of filled.entries()) {
    starts.set(start, at);
    start += rows;
  }
  const schemaBytes = readRange(where, pieces, schemaAt, schemaEnd);
  let held: { start: number; batch: RecordBatch } | undefined;

  /** The library's own reader, given the schema and one batch. */
  function batchFrom(first: number): RecordBatch {
    if (held?.start === first) return held.batch;
    const { at, nextAt } = filled[starts.get(first)!]!;
    const [batch] = arrow.RecordBatchReader.from([schemaBytes, readRange(where, pieces, at, nextAt)]);
    held = { start: first, batch: batch! };
    return batch!;
  }

  return {
    where,
    units: schema.fields.map(({ metadata }) => metadata.get("unit") ?? ""),
    columns: schema.names.map(String),
    float32: new Set(schema.fields.flatMap(({ type, name }) => (String(type) === "Float32" ? [name] : []))),
    groupRows: filled.map(({ rows }) => rows),
    async read(columns, first, rows) {
      const batch = batchFrom(first);
      const values = new Map<string, ArrayLike<unknown>>();
      for (const name of columns) {
        const vector = batch.getChild(name);
        values.set(
          name,
          Array.from({ length: rows }, (_, row) => vector?.get(row)),
        );
      }
      return values;
    },
    close: () => pieces.close(),
  };
}

function contentOf(arrow: Arrow, source: ByteSource, where: string) {
  try {
    return readContent(arrow, source);
  } catch (error) {
    if (!(error instanceof FormatProblem)) throw error;
    throw refusal(error.code, where, error.message, error.hint, error);
  }
}
