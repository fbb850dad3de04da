/**
 * A text table as the bytes of an Arrow file or stream, piece by piece. The table is read twice: once for the types of its
 * columns, once for their values. Memory: one batch.
 */
import type { Data } from "apache-arrow";
import { openBytePieces } from "../../table/byte-pieces.js";
import { readLayout } from "../../table/text-table.js";
import { type ColumnValues, groupsOf, type TypedColumn, typesOf } from "../../table/typed-columns.js";
import { createBatchWriter } from "./batch-writer.js";
import { type Arrow, loadArrow } from "./library.js";
import { type Presence, presenceOf } from "./presence.js";

const batchRows = 100_000;

/** Absent values are null; the units that the table states go into each field's metadata. */
export const arrowOfText = (isFile: boolean) =>
  async function* (where: string, path: string): AsyncGenerator<Uint8Array> {
    const arrow = await loadArrow();
    const pieces = openBytePieces(where, path);
    try {
      const { layout, units } = readLayout(where, pieces);
      const columns = typesOf(layout);
      const fields = columns.map((column, at) => fieldOf(arrow, column, units[at] ?? ""));
      const writer = createBatchWriter(arrow, new arrow.Schema(fields), isFile);
      yield* writer.begin();
      for (const { rows, columns: values } of groupsOf(layout, columns, batchRows)) {
        const data = values.map((column) => dataOf(arrow, column));
        yield* writer.batch(rows, data, new Map(), "batch");
      }
      yield* writer.end();
    } finally {
      pieces.close();
    }
  };

function fieldOf(arrow: Arrow, { name, type, isNullable }: TypedColumn, unit: string) {
  const types = { int64: () => new arrow.Int64(), double: () => new arrow.Float64(), text: () => new arrow.Utf8() };
  return new arrow.Field(name, types[type](), isNullable, new Map(unit === "" ? [] : [["unit", unit]]));
}

/** A value for every row, those that are absent as zero. */
function dataOf(arrow: Arrow, values: ColumnValues): Data {
  const { column, isPresent } = values;
  const length = isPresent.length;
  const presence = presenceOf(length, (row) => isPresent[row] === 1);
  if (column.type === "text") return textsOf(arrow, values, presence);
  const given = values.numbers;
  if (presence.nullCount === 0) return numbersOf(arrow, given, presence);
  const spread = given instanceof Float64Array ? new Float64Array(length) : new BigInt64Array(length);
  let at = 0;
  for (const [row, is] of isPresent.entries()) if (is === 1) spread[row] = given[at++]!;
  return numbersOf(arrow, spread, presence);
}

function numbersOf(arrow: Arrow, data: BigInt64Array | Float64Array, presence: Presence): Data {
  return data instanceof Float64Array
    ? arrow.makeData({ type: new arrow.Float64(), length: data.length, data, ...presence })
    : arrow.makeData({ type: new arrow.Int64(), length: data.length, data, ...presence });
}

function textsOf(arrow: Arrow, { isPresent, texts }: ColumnValues, presence: Presence): Data {
  const valueOffsets = new Int32Array(isPresent.length + 1);
  let at = 0;
  for (const [row, is] of isPresent.entries()) {
    valueOffsets[row + 1] = valueOffsets[row]! + (is === 1 ? texts[at++]!.length : 0);
  }
  const data = Buffer.concat(texts);
  return arrow.makeData({ type: new arrow.Utf8(), length: isPresent.length, valueOffsets, data, ...presence });
}
