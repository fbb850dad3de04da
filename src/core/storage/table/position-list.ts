/** Positions as they are read: columns of float64 that grow, 24 bytes a row. */
import type { Positions } from "./open-table.js";

export class PositionList {
  #rows = 0;
  #frame = new Float64Array(1 << 14);
  #y = new Float64Array(1 << 14);
  #x = new Float64Array(1 << 14);

  add(frame: number, y: number, x: number): void {
    if (this.#rows === this.#frame.length) {
      this.#frame = doubled(this.#frame);
      this.#y = doubled(this.#y);
      this.#x = doubled(this.#x);
    }
    this.#frame[this.#rows] = frame;
    this.#y[this.#rows] = y;
    this.#x[this.#rows++] = x;
  }

  /** The rows so far, as views. */
  finish(): Positions {
    const rows = this.#rows;
    return {
      rows,
      frame: this.#frame.subarray(0, rows),
      y: this.#y.subarray(0, rows),
      x: this.#x.subarray(0, rows),
    };
  }
}

function doubled(values: Float64Array<ArrayBuffer>): Float64Array<ArrayBuffer> {
  const grown = new Float64Array(2 * values.length);
  grown.set(values);
  return grown;
}
