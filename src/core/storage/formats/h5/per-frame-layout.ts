/**
 * Every frame as a dataset of its own, /images/frame_000000, its metadata as attributes, and its detections as a table,
 * /tracks/frame_000000, with the columns of the CSV or those that were chosen. The number is the frame's.
 */
import type { Frame } from "../../../memory/frame.js";
import { checksumOf } from "../../../memory/pixel-checksum.js";
import { frameBytes, type StreamDescriptor } from "../../../model/descriptor.js";
import { frameFields } from "../../../model/frame-header.js";
import { checksumColumn } from "../../columns/frame-table.js";
import { TrackBytes, type TrackColumn, trackColumnsNamed, trackTableOf } from "../../columns/track-table.js";
import { hdf5Filters } from "./filters.js";
import type { FrameLayout } from "./frame-layout.js";
import type { Hdf5Settings } from "./h5-options.js";
import { type H5Type, type H5Writer, numberTypes, pixelTypes } from "./h5-writer.js";
import { describeImages } from "./image-attributes.js";

/** The dataset of a frame; longer numbers have more digits. */
export function frameName(frameNumber: number): string {
  return `frame_${String(frameNumber).padStart(6, "0")}`;
}

/** A float32 counts seconds since 1970 in steps of two minutes, so the timestamp is none. */
function memberType({ name, type }: TrackColumn, real: Hdf5Settings["trackType"]): H5Type {
  return type === "float64" && real === "float32" && name !== "timestamp" ? "<f" : numberTypes[type];
}

const memberBytes = (type: H5Type): number => (type === "<f" ? 4 : 8);

export function createPerFrameLayout(
  file: H5Writer,
  descriptor: StreamDescriptor,
  settings: Hdf5Settings,
): FrameLayout {
  const { height, width } = descriptor.shape;
  const pixelBytes = frameBytes(descriptor);
  const columns = settings.trackColumns
    ? trackColumnsNamed(settings.trackColumns)
    : trackTableOf(descriptor.detections?.columns);
  const rowType = columns.map((column) => [column.name, memberType(column, settings.trackType)] as const);
  const trackBytes = new TrackBytes();
  const rowBytes = rowType.reduce((bytes, [, type]) => bytes + memberBytes(type), 0);

  function appendTable(frame: Frame): void {
    const rows = Math.max(0, frame.rowCount);
    const table = new DataView(new ArrayBuffer(rows * rowBytes));
    let place = 0;
    for (const [name, type] of rowType) {
      const bytes = trackBytes.borrow(frame, name);
      const column = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
      for (let row = 0; row < rows; row++) {
        const at = row * rowBytes + place;
        if (type === "<f") table.setFloat32(at, column.getFloat64(row * 8, true), true);
        else table.setBigUint64(at, column.getBigUint64(row * 8, true), true);
      }
      place += memberBytes(type);
    }
    const path = `/tracks/${frameName(frame.header.frameNumber)}`;
    file.dataset(path, rowType, [rows], new Uint8Array(table.buffer));
  }

  let isPlain = false;

  function appendOne(frame: Frame, keepsPixels: boolean): void {
    if (descriptor.hasFrames && keepsPixels) {
      const path = `/images/${frameName(frame.header.frameNumber)}`;
      const { buffer, byteOffset } = frame.pixels;
      file.dataset(
        path,
        pixelTypes[descriptor.pixelFormat],
        [height, width],
        new Uint8Array(buffer, byteOffset, pixelBytes),
        hdf5Filters[isPlain ? "none" : settings.filter],
      );
      describeImages(file, path, descriptor);
      for (const field of frameFields) file.attribute(path, field.name, field.get(frame.header));
      file.attribute(path, checksumColumn.name, BigInt(checksumOf(frame)));
    }
    if (descriptor.detections) appendTable(frame);
  }

  return {
    skipFilter() {
      isPlain = true;
    },
    append(frames, keepsPixels) {
      for (const frame of frames) appendOne(frame, keepsPixels);
    },
    committed() {
      isPlain = false;
    },
    failed() {
      isPlain = false;
    },
  };
}
