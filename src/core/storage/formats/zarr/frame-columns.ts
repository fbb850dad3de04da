/** What is kept of every frame besides its pixels: images/frame_number and so on, one value a frame, named as in HDF5. */
import type { Frame } from "../../../memory/frame.js";
import { checksumOf } from "../../../memory/pixel-checksum.js";
import type { FrameHeader } from "../../../model/frame-header.js";
import type { ColumnTable, TableLayout } from "./column-table.js";

/** Reading and writing one field of a header; integers as bigint, since nanoseconds need 64 bits. */
interface Field {
  readonly dataType: "int64" | "float64";
  get(header: FrameHeader): bigint | number;
  set(header: FrameHeader, value: bigint | number): void;
}

type IntegerName = {
  [Name in keyof FrameHeader]: FrameHeader[Name] extends number ? Name : never;
}[keyof FrameHeader];

/** Fields that can be set. */
type Writable = { -readonly [Name in IntegerName]: number };

function integer(name: IntegerName): Field {
  return {
    dataType: "int64",
    get: (header) => BigInt(header[name]),
    set: (header, value) => {
      (header as Writable)[name] = Number(value);
    },
  };
}

function real(name: IntegerName): Field {
  return { ...integer(name), dataType: "float64", get: (header) => header[name] };
}

function time(name: "capturedAtNs" | "receivedAtNs"): Field {
  return {
    dataType: "int64",
    get: (header) => header[name],
    set: (header, value) => {
      header[name] = BigInt(value);
    },
  };
}

/** The columns of images/ but for the checksum: everything a frame's header holds that is not the same for all of them. */
export const frameFields: Readonly<Record<string, Field>> = {
  frame_number: integer("frameNumber"),
  device_frame_number: integer("deviceFrameNumber"),
  captured_at_ns: time("capturedAtNs"),
  received_at_ns: time("receivedAtNs"),
  source_index: integer("sourceIndex"),
  channel_index: integer("channelIndex"),
  z_index: integer("zIndex"),
  position_index: integer("positionIndex"),
  exposure_ms: real("exposureMs"),
  temperature_c: real("temperatureC"),
  stage_x_um: real("stageXUm"),
  stage_y_um: real("stageYUm"),
  stage_z_um: real("stageZUm"),
  roi_x: integer("roiX"),
  roi_y: integer("roiY"),
  binning_x: integer("binningX"),
  binning_y: integer("binningY"),
};

/** CRC-32 (ISO-HDLC, as in zlib) of the frame's pixels, uncompressed, little-endian. */
export const checksumColumn = "pixels_crc32";

/** Chunks of 32 KiB. */
export const framesTable: TableLayout = {
  folder: "images",
  columns: [
    ...Object.entries(frameFields).map(([name, { dataType }]) => ({ name, dataType })),
    { name: checksumColumn, dataType: "uint32" },
  ],
  chunkRows: 4096,
  dimension: "t",
};

const fields = Object.values(frameFields);
const cell = new Uint8Array(8);
const view = new DataView(cell.buffer);

/** Puts the row of a frame. */
export function putFrameRow(table: ColumnTable, frame: Frame): void {
  for (const [position, { get }] of fields.entries()) {
    const value = get(frame.header);
    if (typeof value === "bigint") view.setBigInt64(0, value, true);
    else view.setFloat64(0, value, true);
    table.put(position, cell);
  }
  view.setUint32(0, checksumOf(frame), true);
  table.put(fields.length, cell.subarray(0, 4));
}
