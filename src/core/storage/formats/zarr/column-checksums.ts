/**
 * CRC-32 of each column of a store that was closed in order, in its attributes (`mote.column_crc32`). Chunks of columns have
 * none: they are written in place row by row, and a checksum behind each would be wrong after every row that a kill cut off.
 */
import { crc32 } from "node:zlib";
import { isJsonObject, type JsonObject } from "../../../model/json.js";
import { bytesPerElement, type ZarrType } from "./array-metadata.js";
import { ColumnFile } from "./column-file.js";
import type { TableLayout } from "./column-table.js";

/** Rows read at once. */
const batchRows = 8192;

/** By "images/frame_number" and so on, of the rows that the store promises. */
export function columnChecksums(store: string, tables: readonly TableLayout[]): Readonly<Record<string, number>> {
  return Object.fromEntries(
    tables.flatMap(({ folder, columns }) =>
      columns.flatMap(({ name, dataType }) => {
        const sum = checksumOf(store, `${folder}/${name}`, dataType);
        return sum === undefined ? [] : [[`${folder}/${name}`, sum]];
      }),
    ),
  );
}

/** Columns that can be read and are not those of which the attributes have the checksum; undefined where these have none. */
export function changedColumns(
  store: string,
  { mote }: JsonObject,
  tables: readonly TableLayout[],
): readonly string[] | undefined {
  const told = isJsonObject(mote) ? mote.column_crc32 : undefined;
  if (!isJsonObject(told)) return undefined;
  return Object.entries(columnChecksums(store, tables)).flatMap(([name, sum]) => (told[name] === sum ? [] : [name]));
}

/** Undefined of a column that cannot be read: that is told for itself. */
function checksumOf(store: string, name: string, dataType: ZarrType): number | undefined {
  const file = ColumnFile.openIfWhole(store, name, dataType);
  if (!file) return undefined;
  const bytes = new Uint8Array(batchRows * bytesPerElement[dataType]);
  try {
    let sum = 0;
    for (let from = 0; from < file.promised; from += batchRows) {
      const part = bytes.subarray(0, Math.min(batchRows, file.promised - from) * bytesPerElement[dataType]);
      if (!file.read(from, part)) return undefined;
      sum = crc32(part, sum);
    }
    return sum;
  } finally {
    file.close();
  }
}
