/**
 * Columns of numbers as 1-D arrays beside the frames. Chunks are not compressed, so that they have a fixed size and rows
 * are written into their places as they come; the arrays' shapes follow when `promise` is called: one small write in place
 * each, which needs no room on the disk.
 */
import { closeSync, ftruncateSync, openSync } from "node:fs";
import { join } from "node:path";
import type { HeldFolder } from "../../claim/held-folder.js";
import type { TableColumn } from "../../columns/table-column.js";
import { writeAll } from "../../write-all.js";
import { type ArrayLayout, bytesCodec, bytesPerElement, rowsPatch, type ZarrType } from "./array-metadata.js";
import type { Unsynced } from "./unsynced.js";

export interface Column {
  readonly name: string;
  readonly dataType: ZarrType;
}

/** A column of an archive's tables as an array. */
export function zarrColumn({ name, type }: TableColumn): Column {
  return { name, dataType: type };
}

/** A table as a store has it: a group with an array for each column. */
export interface TableLayout {
  /** Name of the group. */
  readonly folder: string;
  readonly columns: readonly Column[];
  readonly chunkRows: number;
  /** What a row is. */
  readonly dimension: string;
}

export function columnLayout({ chunkRows, dimension }: TableLayout, { dataType }: Column): ArrayLayout {
  const codecs = [bytesCodec(dataType)];
  return { dataType, rowShape: [], chunkRows, codecs, dimensionNames: [dimension], separator: "." };
}

export class ColumnTable {
  readonly layout: TableLayout;
  readonly #store: HeldFolder;
  readonly #unsynced: Unsynced | undefined;
  /** The chunk that is being filled, of each column. */
  readonly #chunks: { fd: number; index: number }[];
  /** The metadata of each column, open once a row was promised. */
  #metadata: number[] = [];
  #rows = 0;
  #promised = 0;

  constructor(store: HeldFolder, layout: TableLayout, unsynced?: Unsynced) {
    this.layout = layout;
    this.#unsynced = unsynced;
    this.#store = store;
    this.#chunks = layout.columns.map(() => ({ fd: -1, index: -1 }));
  }

  get rows(): number {
    return this.#rows;
  }

  /** Stores values of the rows behind those that count; column `position` of the table, little-endian. */
  put(position: number, bytes: Uint8Array): void {
    const column = this.layout.columns[position]!;
    const size = bytesPerElement[column.dataType];
    const chunk = this.#chunks[position]!;
    const rows = bytes.length / size;
    for (let done = 0; done < rows; ) {
      const row = this.#rows + done;
      const index = Math.floor(row / this.layout.chunkRows);
      if (chunk.index !== index) this.#openChunk(chunk, column, index, size);
      const within = row % this.layout.chunkRows;
      const count = Math.min(rows - done, this.layout.chunkRows - within);
      writeAll(chunk.fd, bytes.subarray(done * size, (done + count) * size), within * size);
      this.#unsynced?.wrote(join(this.layout.folder, column.name, `c.${index}`));
      done += count;
    }
  }

  /** So many rows that were put in every column count. */
  count(rows: number): void {
    this.#rows += rows;
  }

  /** Says that there are so many rows, which were put in every column; readers see them from here on. */
  promise(rows = this.#rows): void {
    if (rows === this.#promised) return;
    for (const [position, column] of this.layout.columns.entries()) {
      const { text, at } = rowsPatch(columnLayout(this.layout, column), rows);
      this.#metadata[position] ??= openSync(join(this.#folderOf(column), "zarr.json"), "r+");
      writeAll(this.#metadata[position], Buffer.from(text), at);
      this.#unsynced?.wrote(join(this.layout.folder, column.name, "zarr.json"));
    }
    this.#promised = rows;
  }

  close(): void {
    for (const fd of this.#metadata) closeSync(fd);
    this.#metadata = [];
    for (const chunk of this.#chunks) {
      if (chunk.fd >= 0) closeSync(chunk.fd);
      chunk.fd = -1;
      chunk.index = -1;
    }
  }

  #folderOf({ name }: Column): string {
    return join(this.#store.path, this.layout.folder, name);
  }

  #openChunk(chunk: { fd: number; index: number }, column: Column, index: number, size: number): void {
    // What a failed attempt left in the file is written over.
    const fd = openSync(join(this.#folderOf(column), `c.${index}`), index < chunk.index ? "r+" : "w");
    try {
      ftruncateSync(fd, this.layout.chunkRows * size);
    } catch (error) {
      closeSync(fd);
      throw error;
    }
    if (chunk.fd >= 0) closeSync(chunk.fd);
    chunk.fd = fd;
    chunk.index = index;
    const folder = join(this.layout.folder, column.name);
    this.#unsynced?.made(join(folder, `c.${index}`), folder);
  }
}
