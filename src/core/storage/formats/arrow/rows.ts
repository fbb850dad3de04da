/** A frame as the columns of a batch, its values borrowed from the slot. */
import { crc32 } from "node:zlib";
import type { Data, Schema, Uint16 } from "apache-arrow";
import type { Frame } from "../../../memory/frame.js";
import type { StreamDescriptor } from "../../../model/descriptor.js";
import { column, type DetectionColumn } from "../../../model/detection.js";
import { borrowFrameValue, frameTable } from "../../columns/frame-table.js";
import { fillColumn, isOfFrame, trackTableOf } from "../../columns/track-table.js";
import type { Arrow } from "./library.js";
import { presenceOf } from "./presence.js";
import { type FrameNote, noteKeys } from "./schema.js";

export interface Rows {
  readonly count: number;
  readonly columns: readonly Data[];
  readonly notes: ReadonlyMap<string, string>;
}

/** What makes a batch of a frame; its values are good until the next call, and as long as the frame. */
export type RowsOf = (frame: Frame) => Rows;

export function rowsOf(arrow: Arrow, schema: Schema, descriptor: StreamDescriptor): RowsOf {
  return descriptor.detections ? detectionRows(arrow, schema, descriptor.detections.columns) : frameRows(arrow, schema);
}

function detectionRows(arrow: Arrow, schema: Schema, detections: readonly string[]): RowsOf {
  const known = trackTableOf(detections);
  return (frame) => {
    const rows = Math.max(0, frame.rowCount);
    let sum = 0;
    const columns = known.map(({ name, type, isNullable }, at) => {
      let data: BigInt64Array | Float64Array;
      if (type === "float64" && !isOfFrame(name)) {
        const first = column[name as DetectionColumn] * rows;
        data = frame.detections.subarray(first, first + rows);
      } else {
        data = type === "int64" ? new BigInt64Array(rows) : new Float64Array(rows);
        fillColumn(data, 0, frame, name);
      }
      sum = crc32(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), sum);
      const known = { type: schema.fields[at]!.type, length: rows, data };
      const presence = isNullable ? presenceOf(rows, (row) => data[row]! >= 0) : { nullCount: 0 };
      return arrow.makeData({ ...known, ...presence });
    });
    return { count: rows, columns, notes: notesOf(frame, sum) };
  };
}

function notesOf({ header }: Frame, sum: number): ReadonlyMap<string, string> {
  const note: FrameNote = { number: header.frameNumber, capturedAtNs: String(header.capturedAtNs), crc32: sum };
  return new Map([[noteKeys.frame, JSON.stringify(note)]]);
}

function frameRows(arrow: Arrow, schema: Schema): RowsOf {
  const pixelsAt = frameTable.length;
  const tensor = schema.fields[pixelsAt]!.type as InstanceType<Arrow["FixedSizeList"]>;
  const arrays = { int64: BigInt64Array, float64: Float64Array, uint32: Uint32Array };
  return (frame) => {
    let sum = 0;
    const values = frameTable.map((known, at) => {
      const bytes = borrowFrameValue(frame, known).slice();
      sum = crc32(bytes, sum);
      const data = new arrays[known.type](bytes.buffer);
      return arrow.makeData({ type: schema.fields[at]!.type, length: 1, nullCount: 0, data });
    });
    const data = frame.pixels.subarray(0, tensor.listSize);
    const child = arrow.makeData({
      type: tensor.children[0]!.type as Uint16,
      length: tensor.listSize,
      nullCount: 0,
      data: data as Uint16Array,
    });
    const pixels = arrow.makeData({ type: tensor, length: 1, nullCount: 0, child });
    return { count: 1, columns: [...values, pixels], notes: notesOf(frame, sum) };
  };
}
