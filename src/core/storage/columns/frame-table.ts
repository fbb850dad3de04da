/** The table of frames that archives keep beside the pixels, a row a frame: the fields of model/frame-header.ts, and the checksum. */
import type { Frame } from "../../memory/frame.js";
import { checksumOf } from "../../memory/pixel-checksum.js";
import { type FrameField, type FrameHeader, frameFields } from "../../model/frame-header.js";
import { type TableColumn, typeBytes } from "./table-column.js";

/** CRC-32 (zlib's) of the frame's pixels: the rows tightly packed, little-endian. */
export const checksumColumn = {
  name: "pixels_crc32",
  type: "uint32",
  unit: null,
  meaning: "CRC-32 of the pixels, rows tightly packed, little-endian",
} as const satisfies TableColumn;

export type FrameColumn = FrameField | typeof checksumColumn;

export const frameTable: readonly FrameColumn[] = [...frameFields, checksumColumn];

const cell = new Uint8Array(8);
const view = new DataView(cell.buffer);

/** The bytes of a frame's value, little-endian; valid until the next call. */
export function borrowFrameValue(frame: Frame, column: FrameColumn): Uint8Array {
  if (column.type === "uint32") view.setUint32(0, checksumOf(frame), true);
  else {
    const value = column.get(frame.header);
    if (typeof value === "bigint") view.setBigInt64(0, value, true);
    else view.setFloat64(0, value, true);
  }
  return cell.subarray(0, typeBytes[column.type]);
}

/** Puts a value that was read back into the header, by its column's name; a name that is none of the fields is passed over. */
export function setFrameField(header: FrameHeader, name: string, value: number | bigint): void {
  byName.get(name)?.set(header, value);
}

const byName: ReadonlyMap<string, FrameField> = new Map(frameFields.map((field) => [field.name, field]));
