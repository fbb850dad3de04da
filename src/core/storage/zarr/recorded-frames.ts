/** What a store that Mote wrote keeps of its frames beside the pixels: columns read row by row, straight from their files. */
import { closeSync, openSync, readSync } from "node:fs";
import { join } from "node:path";
import type { StreamDescriptor } from "../../model/descriptor.js";
import { frameBytes } from "../../model/descriptor.js";
import { FrameHeader, frameHeaderBytes } from "../../model/frame-header.js";
import { bytesPerElement } from "./array-metadata.js";
import { checksumColumn, frameFields, framesTable } from "./frame-columns.js";
import { readNode } from "./read-node.js";

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

interface OpenColumn {
  readonly name: string;
  pathOf(chunk: number): string;
  readonly chunkRows: number;
  readonly size: number;
  chunk: number;
  fd: number;
}

/** Columns that are there in the form Mote writes them: uncompressed, of the types it gives them. */
export function openRecordedFrames(store: string, descriptor: StreamDescriptor): RecordedFrames {
  const columns = framesTable.columns.flatMap(({ name, dataType }): OpenColumn[] => {
    const folder = join(store, framesTable.folder, name);
    const node = readNode(folder);
    const isOurs =
      node?.kind === "array" &&
      node.dataType === dataType &&
      node.shape.length === 1 &&
      node.codecs.length === 1 &&
      node.codecs[0]!.name === "bytes" &&
      node.codecs[0]!.configuration.endian !== "big";
    if (!isOurs) return [];
    return [
      {
        name,
        pathOf: (chunk) => join(folder, node.chunkFile([chunk])),
        chunkRows: node.chunkShape[0]!,
        size: bytesPerElement[dataType],
        chunk: -1,
        fd: -1,
      },
    ];
  });
  const { pixelFormat, shape, bitDepth } = descriptor;
  const header = new FrameHeader(new ArrayBuffer(frameHeaderBytes), 0);
  const cell = new Uint8Array(8);
  const view = new DataView(cell.buffer);

  function readCell(column: OpenColumn, row: number): boolean {
    const chunk = Math.floor(row / column.chunkRows);
    if (column.chunk !== chunk) {
      if (column.fd >= 0) closeSync(column.fd);
      column.fd = -1;
      column.chunk = chunk;
      try {
        column.fd = openSync(column.pathOf(chunk), "r");
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
      }
    }
    if (column.fd < 0) return false;
    return readSync(column.fd, cell, 0, column.size, (row % column.chunkRows) * column.size) === column.size;
  }

  return {
    read(index) {
      header.reset(
        pixelFormat,
        shape.height,
        shape.width,
        frameBytes({ pixelFormat, shape: { ...shape, height: 1 } }),
        bitDepth,
      );
      let crc32: number | null = null;
      let found = 0;
      for (const column of columns) {
        if (!readCell(column, index)) continue;
        found++;
        const field = frameFields[column.name];
        if (column.name === checksumColumn) crc32 = view.getUint32(0, true);
        else if (field?.dataType === "int64") field.set(header, view.getBigInt64(0, true));
        else field?.set(header, view.getFloat64(0, true));
      }
      return found > 0 ? { header, crc32 } : undefined;
    },
    close() {
      for (const column of columns) {
        if (column.fd >= 0) closeSync(column.fd);
        column.fd = -1;
        column.chunk = -1;
      }
    },
  };
}
