/**
 * The columns of an Arrow table: those of every archive (columns/), with unit and meaning in each field's metadata. A stream
 * with detections is a row a detection; one of frames alone is a row a frame, its pixels a fixed-shape tensor.
 */
import type { DataType, Field, Schema } from "apache-arrow";
import type { StreamDescriptor } from "../../../model/descriptor.js";
import type { PixelFormat } from "../../../model/pixel-format.js";
import { frameTable } from "../../columns/frame-table.js";
import type { TableColumn } from "../../columns/table-column.js";
import { trackTableOf } from "../../columns/track-table.js";
import type { Arrow } from "./library.js";

export const pixelsField = "pixels";
/** Of the canonical extension type (Arrow columnar format, "Fixed shape tensor"). */
export const extensionName = "ARROW:extension:name";
export const extensionMetadata = "ARROW:extension:metadata";
export const tensorName = "arrow.fixed_shape_tensor";

/** Keys of metadata, all of them JSON: of the schema, and of batches. */
export const noteKeys = {
  descriptor: "mote.descriptor",
  /** Which frame a batch is of, and the CRC-32 of its columns' values, one after the other, pixels aside. */
  frame: "mote.frame",
  /** Of a batch without rows: what happened between two frames, and how the run ended. */
  event: "mote.event",
  end: "mote.end",
} as const;

export interface FrameNote {
  readonly number: number;
  /** Nanoseconds since the Unix epoch as text; "0" when unknown. */
  readonly capturedAtNs: string;
  readonly crc32: number;
}

export function schemaOf(arrow: Arrow, descriptor: StreamDescriptor): Schema {
  const notes = new Map([[noteKeys.descriptor as string, JSON.stringify(descriptor)]]);
  const fields = descriptor.detections
    ? trackTableOf(descriptor.detections.columns).map((column) => fieldOf(arrow, column, column.isNullable))
    : [...frameTable.map((column) => fieldOf(arrow, column, false)), tensorField(arrow, descriptor)];
  return new arrow.Schema(fields, notes);
}

function fieldOf(arrow: Arrow, { name, type, unit, meaning }: TableColumn, isNullable: boolean): Field {
  const types: Readonly<Record<TableColumn["type"], () => DataType>> = {
    int64: () => new arrow.Int64(),
    float64: () => new arrow.Float64(),
    uint32: () => new arrow.Uint32(),
    uint8: () => new arrow.Uint8(),
  };
  const notes = new Map([["meaning", meaning]]);
  if (unit !== null) notes.set("unit", unit);
  return new arrow.Field(name, types[type](), isNullable, notes);
}

function tensorField(arrow: Arrow, { pixelFormat, shape, bitDepth, pixelSizeUm }: StreamDescriptor): Field {
  const types: Readonly<Record<PixelFormat, () => DataType>> = {
    uint8: () => new arrow.Uint8(),
    uint16: () => new arrow.Uint16(),
    float32: () => new arrow.Float32(),
  };
  const value = new arrow.Field("pixel", types[pixelFormat](), false);
  const tensor = { shape: [shape.height, shape.width], dim_names: ["y", "x"] };
  const notes = new Map([
    [extensionName, tensorName],
    [extensionMetadata, JSON.stringify(tensor)],
    ["unit", "grey levels"],
    ["bit_depth", String(bitDepth)],
  ]);
  if (pixelSizeUm !== null) notes.set("pixel_size_um", String(pixelSizeUm));
  return new arrow.Field(pixelsField, new arrow.FixedSizeList(shape.height * shape.width, value), false, notes);
}
