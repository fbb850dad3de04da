/** What a store that Mote wrote keeps of its frames beside the pixels. */
import { frameBytes, type StreamDescriptor } from "../../../model/descriptor.js";
import { FrameHeader, frameHeaderBytes } from "../../../model/frame-header.js";
import { checksumColumn, setFrameField } from "../../columns/frame-table.js";
import { ColumnFile } from "./column-file.js";
import { framesTable } from "./frame-columns.js";

export interface RecordedFrame {
  /** Valid until the next is read. */
  readonly header: FrameHeader;
  /** CRC-32 of the pixels; null when the column is not there. */
  readonly crc32: number | null;
}

export interface RecordedFrames {
  /** The row of a frame; undefined when no file has it. Rows that the arrays' shapes do not promise yet are there too. */
  read(index: number): RecordedFrame | undefined;
  close(): void;
}

export function openRecordedFrames(store: string, descriptor: StreamDescriptor): RecordedFrames {
  const columns = framesTable.columns.flatMap(({ name, dataType }) => {
    const file = ColumnFile.open(store, `${framesTable.folder}/${name}`, dataType);
    return file ? [{ name, isWhole: dataType === "int64", file }] : [];
  });
  const { pixelFormat, shape, bitDepth } = descriptor;
  const strideBytes = frameBytes({ pixelFormat, shape: { ...shape, height: 1 } });
  const header = new FrameHeader(new ArrayBuffer(frameHeaderBytes), 0);
  const cell = new Uint8Array(8);
  const view = new DataView(cell.buffer);
  return {
    read(index) {
      header.reset(pixelFormat, shape.height, shape.width, strideBytes, bitDepth);
      let crc32: number | null = null;
      let found = 0;
      for (const { name, isWhole, file } of columns) {
        if (!file.read(index, cell.subarray(0, file.size))) continue;
        found++;
        if (name === checksumColumn.name) crc32 = view.getUint32(0, true);
        else setFrameField(header, name, isWhole ? view.getBigInt64(0, true) : view.getFloat64(0, true));
      }
      return found > 0 ? { header, crc32 } : undefined;
    },
    close() {
      for (const { file } of columns) file.close();
    },
  };
}
