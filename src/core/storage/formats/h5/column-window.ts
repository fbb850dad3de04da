/** A column of an HDF5 file read in pieces: any row in turn, a few thousand of them in memory. */
import type { H5Reader } from "./h5-reader.js";

const windowRows = 8192;
type Values = BigInt64Array | Float64Array | Uint32Array;

export class ColumnWindow {
  readonly length: number;
  readonly #file: H5Reader;
  readonly #path: string;
  #from = 0;
  #values: Values = new Float64Array(0);

  constructor(file: H5Reader, path: string) {
    this.#file = file;
    this.#path = path;
    this.length = file.dataset(path)?.shape[0] ?? 0;
  }

  /** The value of a row below `length`; throws when the file cannot be read there. */
  value(row: number): number | bigint {
    if (row < this.#from || row >= this.#from + this.#values.length) {
      const from = row - (row % windowRows);
      this.#values = this.#file.rows(this.#path, from, Math.min(this.length, from + windowRows)) as Values;
      this.#from = from;
    }
    return this.#values[row - this.#from]!;
  }
}
