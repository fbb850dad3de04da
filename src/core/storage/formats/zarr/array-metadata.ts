/** The zarr.json of arrays and groups (Zarr core specification 3.1, sections "Array metadata" and "Group metadata"). */
import type { JsonObject, JsonValue } from "../../../model/json.js";

/** Data types of Zarr v3 that Mote writes. */
export type ZarrType = "uint8" | "uint16" | "uint32" | "int64" | "float32" | "float64";

export const bytesPerElement: Readonly<Record<ZarrType, number>> = {
  uint8: 1,
  uint16: 2,
  uint32: 4,
  int64: 8,
  float32: 4,
  float64: 8,
};

export interface ArrayLayout {
  readonly dataType: ZarrType;
  /** Extents behind the first axis, which grows. */
  readonly rowShape: readonly number[];
  /** Rows of a chunk along the first axis; a file holds one chunk. */
  readonly chunkRows: number;
  /** Codecs of a chunk, the array-to-bytes codec first. */
  readonly codecs: readonly JsonValue[];
  readonly dimensionNames: readonly string[];
  /** "/" puts chunks in folders, "c/0/0/0", as OME-Zarr wants images; "." beside the metadata, "c.0". */
  readonly separator: "/" | ".";
  readonly attributes?: JsonObject;
}

/** Little-endian bytes; single bytes have no order (Zarr v3 codec "bytes"). */
export function bytesCodec(dataType: ZarrType): JsonObject {
  if (bytesPerElement[dataType] === 1) return { name: "bytes" };
  return { name: "bytes", configuration: { endian: "little" } };
}

/**
 * Metadata of an array of `rows` rows. A chunk that is not there reads as 0.
 */
export function arrayJson(layout: ArrayLayout, rows: number): string {
  return JSON.stringify({
    zarr_format: 3,
    node_type: "array",
    shape: [rows, ...layout.rowShape],
    data_type: layout.dataType,
    chunk_grid: { name: "regular", configuration: { chunk_shape: [layout.chunkRows, ...layout.rowShape] } },
    chunk_key_encoding: { name: "default", configuration: { separator: layout.separator } },
    fill_value: 0,
    codecs: layout.codecs,
    dimension_names: layout.dimensionNames,
    attributes: layout.attributes ?? {},
  });
}

const shapeBegins = '"shape":[';
/** Digits of 2^53, the most rows that a number of JavaScript counts. */
const rowsDigits = 16;

/** The metadata of an array whose number of rows is overwritten in place: it stands in a field of fixed width. */
export function growingArrayJson(layout: ArrayLayout, rows: number): string {
  return arrayJson(layout, rows).replace(`${shapeBegins}${rows}`, `${shapeBegins}${rowsField(rows)}`);
}

/** What to write over the field, and where it begins in the file. */
export function rowsPatch(layout: ArrayLayout, rows: number): { readonly text: string; readonly at: number } {
  return { text: rowsField(rows), at: arrayJson(layout, rows).indexOf(shapeBegins) + shapeBegins.length };
}

function rowsField(rows: number): string {
  return String(rows).padStart(rowsDigits);
}

export function groupJson(attributes: object): string {
  return JSON.stringify({ zarr_format: 3, node_type: "group", attributes }, null, 1);
}

/** The codec "sharding_indexed" of chunks of one row each, its index with a checksum at the end of the shard. */
export function shardingCodec(rowShape: readonly number[], codecs: readonly JsonValue[]): JsonObject {
  return {
    name: "sharding_indexed",
    configuration: {
      chunk_shape: [1, ...rowShape],
      codecs,
      index_codecs: [{ name: "bytes", configuration: { endian: "little" } }, { name: "crc32c" }],
      index_location: "end",
    },
  };
}
