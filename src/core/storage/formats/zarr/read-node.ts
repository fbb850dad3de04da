/** Groups and arrays of a Zarr store as their metadata files describe them, version 3 (zarr.json) or 2 (.zarray, .zgroup). */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { mostTextBytes } from "../../../budget.js";
import { FormatProblem } from "../../../format-problem.js";
import { isJsonObject, type JsonObject, type JsonValue, parseJsonObject } from "../../../model/json.js";
import type { PixelFormat } from "../../../model/pixel-format.js";
import { readBounded } from "../../bounded-file.js";
import { insideFolder } from "../../inside-folder.js";

export interface ArrayNode {
  readonly kind: "array";
  readonly folder: string;
  readonly version: 2 | 3;
  readonly attributes: JsonObject;
  readonly shape: readonly number[];
  /** Extents of what one file holds. */
  readonly chunkShape: readonly number[];
  /** As the metadata names it: "uint16", "<u2". */
  readonly dataType: string;
  /** In the form of version 3. */
  readonly codecs: readonly Codec[];
  /** File of a chunk in the array's folder. */
  chunkFile(place: readonly number[]): string;
  readonly fillValue: JsonValue;
  readonly dimensionNames: readonly (string | null)[] | null;
}

export interface GroupNode {
  readonly kind: "group";
  readonly folder: string;
  readonly version: 2 | 3;
  readonly attributes: JsonObject;
}

export interface Codec {
  readonly name: string;
  readonly configuration: JsonObject;
}

/** The node in a folder of a store; undefined when there is none. Throws a FormatProblem for a name that leads out of the store. */
export function readNodeIn(store: string, name: string): ArrayNode | GroupNode | undefined {
  return readNode(insideFolder(store, name));
}

/** The node in a folder; undefined when there is none. */
export function readNode(folder: string): ArrayNode | GroupNode | undefined {
  if (existsSync(join(folder, "zarr.json"))) return readVersion3(folder, readJson(folder, "zarr.json"));
  const attributes = existsSync(join(folder, ".zattrs")) ? readJson(folder, ".zattrs") : {};
  if (existsSync(join(folder, ".zarray"))) return readVersion2(folder, readJson(folder, ".zarray"), attributes);
  if (existsSync(join(folder, ".zgroup"))) return { kind: "group", folder, version: 2, attributes };
  return undefined;
}

function readJson(folder: string, name: string): JsonObject {
  const bytes = readBounded(insideFolder(folder, name), mostTextBytes);
  // What Python's json writes for fill values beyond JSON.
  const value = parseJsonObject(bytes.toString("utf8").replace(/:\s*(-?Infinity|NaN)\b/g, ': "$1"'));
  if (value) return value;
  throw new FormatProblem("file-damaged", `has a ${name} that is no JSON object`);
}

function readVersion3(folder: string, json: JsonObject): ArrayNode | GroupNode {
  const attributes = isJsonObject(json.attributes) ? json.attributes : {};
  if (json.zarr_format !== 3)
    throw new FormatProblem("unsupported", `says zarr_format ${json.zarr_format} in a zarr.json`);
  if (json.node_type === "group") return { kind: "group", folder, version: 3, attributes };
  refuseExtensions(json);
  const grid = named(json.chunk_grid, "chunk grid");
  if (grid.name !== "regular")
    throw new FormatProblem("unsupported", `has a chunk grid "${grid.name}", which Mote cannot read`);
  const encoding = named(json.chunk_key_encoding, "chunk key encoding");
  if (encoding.name !== "default" && encoding.name !== "v2") {
    throw new FormatProblem("unsupported", `has chunk keys of kind "${encoding.name}", which Mote cannot read`);
  }
  const isPlain = encoding.name === "v2";
  const separator = separatorOf(encoding.configuration.separator ?? (isPlain ? "." : "/"));
  const codecs = Array.isArray(json.codecs) ? json.codecs.map((codec: JsonValue) => named(codec, "codec")) : [];
  const shape = extents(json.shape, "shape", 0);
  return {
    kind: "array",
    folder,
    version: 3,
    attributes,
    shape,
    chunkShape: extents(grid.configuration.chunk_shape, "chunk shape", 1, shape.length),
    dataType: typeof json.data_type === "string" ? json.data_type : JSON.stringify(json.data_type),
    codecs,
    chunkFile: (place) => [...(isPlain ? [] : ["c"]), ...place].join(separator),
    fillValue: json.fill_value ?? null,
    dimensionNames: namesOf(json.dimension_names, shape.length),
  };
}

function namesOf(value: JsonValue | undefined, rank: number): readonly (string | null)[] | null {
  if (!Array.isArray(value)) return null;
  const isValid = value.length === rank && value.every((name) => name === null || typeof name === "string");
  if (!isValid) throw new FormatProblem("file-damaged", "has no valid dimension names");
  return value as readonly (string | null)[];
}

/** Between the numbers of a chunk's key; the specifications know two. */
function separatorOf(value: JsonValue): string {
  if (value === "." || value === "/") return value;
  throw new FormatProblem(
    "file-damaged",
    `separates the keys of its chunks by ${JSON.stringify(value)}, expected "." or "/"`,
  );
}

const knownMembers = new Set([
  ...["zarr_format", "node_type", "shape", "data_type", "chunk_grid", "chunk_key_encoding", "fill_value", "codecs"],
  ...["attributes", "dimension_names", "storage_transformers", "consolidated_metadata"],
]);

/** What the specification says must be understood or refused (Zarr v3, "Extensions"). */
function refuseExtensions(json: JsonObject): void {
  for (const [name, value] of Object.entries(json)) {
    if (knownMembers.has(name) || (isJsonObject(value) && value.must_understand === false)) continue;
    throw new FormatProblem("unsupported", `has "${name}" in its metadata, which Mote does not know`);
  }
  const transformers = json.storage_transformers;
  if (Array.isArray(transformers) && transformers.length > 0)
    throw new FormatProblem("unsupported", "has storage transformers");
}

/** Either a name alone or a name with its configuration. */
export function named(value: JsonValue | undefined, what: string): Codec {
  if (typeof value === "string") return { name: value, configuration: {} };
  if (!isJsonObject(value) || typeof value.name !== "string")
    throw new FormatProblem("file-damaged", `has no valid ${what}`);
  return { name: value.name, configuration: isJsonObject(value.configuration) ? value.configuration : {} };
}

export function extents(value: JsonValue | undefined, what: string, least: number, rank?: number): readonly number[] {
  const isValid = Array.isArray(value) && value.every((n) => Number.isSafeInteger(n) && (n as number) >= least);
  if (isValid && (rank === undefined || value.length === rank)) return value as readonly number[];
  throw new FormatProblem("file-damaged", `has no valid ${what}`);
}

function readVersion2(folder: string, json: JsonObject, attributes: JsonObject): ArrayNode {
  if (json.zarr_format !== 2)
    throw new FormatProblem("unsupported", `says zarr_format ${json.zarr_format} in a .zarray`);
  const shape = extents(json.shape, "shape", 0);
  if (json.order !== "C" && shape.length > 1)
    throw new FormatProblem("unsupported", "stores columns before rows (order F)");
  if (Array.isArray(json.filters) && json.filters.length > 0) {
    throw new FormatProblem("unsupported", `uses filters, which Mote cannot undo (${JSON.stringify(json.filters)})`);
  }
  const dataType = String(json.dtype);
  const { compressor } = json;
  const separator = separatorOf(json.dimension_separator ?? ".");
  const bytes: Codec = { name: "bytes", configuration: { endian: dataType.startsWith(">") ? "big" : "little" } };
  return {
    kind: "array",
    folder,
    version: 2,
    attributes,
    shape,
    chunkShape: extents(json.chunks, "chunk shape", 1, shape.length),
    dataType,
    codecs: isJsonObject(compressor) ? [bytes, { name: String(compressor.id), configuration: compressor }] : [bytes],
    chunkFile: (place) => (place.length === 0 ? "0" : place.join(separator)),
    fillValue: json.fill_value ?? null,
    dimensionNames: null,
  };
}

const pixelTypes: Readonly<Record<string, PixelFormat>> = {
  uint8: "uint8",
  uint16: "uint16",
  float32: "float32",
  "|u1": "uint8",
  "<u1": "uint8",
  ">u1": "uint8",
  "<u2": "uint16",
  ">u2": "uint16",
  "<f4": "float32",
  ">f4": "float32",
};

/** The pixel type of an array; refuses those that Mote has none for. */
export function pixelFormatOf({ dataType }: ArrayNode): PixelFormat {
  const format = pixelTypes[dataType];
  if (format) return format;
  throw new FormatProblem(
    "unsupported",
    `holds ${dataType} pixels, expected uint8, uint16 or float32`,
    undefined,
    "Convert it in Python first, with the range you mean.",
  );
}
