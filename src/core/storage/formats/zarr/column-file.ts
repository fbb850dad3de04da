/** A column of a store that Mote wrote, read row by row straight from its chunks, rows included that its shape does not promise yet. */
import { closeSync, openSync, readSync } from "node:fs";
import { FormatProblem } from "../../../format-problem.js";
import { insideFolder } from "../../inside-folder.js";
import { bytesPerElement, type ZarrType } from "./array-metadata.js";
import { readNodeIn } from "./read-node.js";

export class ColumnFile {
  /** Rows that the array's shape promises. */
  readonly promised: number;
  readonly size: number;
  readonly #pathOf: (chunk: number) => string;
  readonly #chunkRows: number;
  #chunk = -1;
  #fd = -1;

  private constructor(promised: number, size: number, chunkRows: number, pathOf: (chunk: number) => string) {
    this.promised = promised;
    this.size = size;
    this.#chunkRows = chunkRows;
    this.#pathOf = pathOf;
  }

  /** The column of this name, as "images/frame_number". Undefined when there is no such column, or one in another form than Mote's: uncompressed, little-endian. */
  static open(store: string, name: string, dataType: ZarrType): ColumnFile | undefined {
    const node = readNodeIn(store, name);
    if (node?.kind !== "array" || node.dataType !== dataType || node.shape.length !== 1) return undefined;
    const [bytes, ...others] = node.codecs;
    if (bytes?.name !== "bytes" || bytes.configuration.endian === "big" || others.length > 0) return undefined;
    const pathOf = (chunk: number) => insideFolder(node.folder, node.chunkFile([chunk]));
    return new ColumnFile(node.shape[0]!, bytesPerElement[dataType], node.chunkShape[0]!, pathOf);
  }

  /** The same, where one whose metadata is damaged is as good as none. */
  static openIfWhole(store: string, name: string, dataType: ZarrType): ColumnFile | undefined {
    try {
      return ColumnFile.open(store, name, dataType);
    } catch (error) {
      if (error instanceof FormatProblem) return undefined;
      throw error;
    }
  }

  /** Fills `target` with rows from `row` on; false when there are not so many. */
  read(row: number, target: Uint8Array): boolean {
    for (let done = 0; done < target.length; ) {
      const at = row + done / this.size;
      const within = at % this.#chunkRows;
      const length = Math.min(target.length - done, (this.#chunkRows - within) * this.size);
      if (!this.#open(Math.floor(at / this.#chunkRows))) return false;
      for (let part = 0; part < length; ) {
        const count = readSync(this.#fd, target, done + part, length - part, within * this.size + part);
        if (count === 0) return false;
        part += count;
      }
      done += length;
    }
    return true;
  }

  close(): void {
    if (this.#fd >= 0) closeSync(this.#fd);
    this.#fd = -1;
    this.#chunk = -1;
  }

  #open(chunk: number): boolean {
    if (this.#chunk === chunk) return this.#fd >= 0;
    this.close();
    this.#chunk = chunk;
    try {
      this.#fd = openSync(this.#pathOf(chunk), "r");
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    }
    return this.#fd >= 0;
  }
}
