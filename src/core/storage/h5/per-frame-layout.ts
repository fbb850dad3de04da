/**
 * Every frame as a dataset of its own, /images/frame_000000, its metadata as attributes, and its detections as a table,
 * /tracks/frame_000000, with the columns of the CSV. The number is the frame's.
 */
import type { Frame } from "../../memory/frame.js";
import { checksumOf } from "../../memory/pixel-checksum.js";
import { frameBytes, type StreamDescriptor } from "../../model/descriptor.js";
import { hdf5Filters } from "./filters.js";
import { checksumField, frameFields } from "./frame-columns.js";
import type { FrameLayout } from "./frame-layout.js";
import type { Hdf5Settings } from "./h5-options.js";
import { type H5Writer, pixelTypes } from "./h5-writer.js";
import { describeImages } from "./image-attributes.js";
import { fillColumn, isWholeColumn, trackColumnNames } from "./track-columns.js";

/** The dataset of a frame; longer numbers have more digits. */
export function frameName(frameNumber: number): string {
  return `frame_${String(frameNumber).padStart(6, "0")}`;
}

export function createPerFrameLayout(
  file: H5Writer,
  descriptor: StreamDescriptor,
  settings: Hdf5Settings,
): FrameLayout {
  const { height, width } = descriptor.shape;
  const pixelBytes = frameBytes(descriptor);
  const names = trackColumnNames(descriptor.detections?.columns.includes("flags") ?? false);
  const rowType = names.map((name) => [name, isWholeColumn(name) ? "<q" : "<d"] as const);

  function appendTable(frame: Frame): void {
    const rows = Math.max(0, frame.rowCount);
    const columns = new DataView(new ArrayBuffer(rows * names.length * 8));
    for (const [index, name] of names.entries()) fillColumn(columns, index * rows * 8, frame, name);
    const table = new BigUint64Array(rows * names.length);
    const values = new BigUint64Array(columns.buffer);
    for (let row = 0; row < rows; row++) {
      for (let index = 0; index < names.length; index++)
        table[row * names.length + index] = values[index * rows + row]!;
    }
    const path = `/tracks/${frameName(frame.header.frameNumber)}`;
    file.dataset(path, rowType, [rows], new Uint8Array(table.buffer));
  }

  let isPlain = false;
  return {
    skipFilter() {
      isPlain = true;
    },
    append(frame, keepsPixels) {
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
        for (const [name, read] of Object.entries(frameFields)) file.attribute(path, name, read(frame.header));
        file.attribute(path, checksumField, BigInt(checksumOf(frame)));
      }
      if (descriptor.detections) appendTable(frame);
    },
    committed() {
      isPlain = false;
    },
    failed() {
      isPlain = false;
    },
  };
}
