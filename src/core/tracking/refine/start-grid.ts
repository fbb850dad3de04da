/** Which other features of the frame lie near one: their starting positions, in cells. Holds one frame at a time. */

import type { FrameShape } from "../locate/parameters.js";

/** Two starts nearer than this, in pixels, are one feature found twice: neither gives up pixels to the other. */
const sameFeature = 1;

/** Keeps its arrays from frame to frame; they grow to the most features that a frame has had. */
export class StartGrid {
  y = new Float64Array(256);
  x = new Float64Array(256);
  /** Features near the one last asked about. */
  readonly near: Int32Array;
  readonly #reach: number;
  readonly #down: number;
  readonly #across: number;
  readonly #heads: Int32Array;
  #next = new Int32Array(256);

  /** `reach` is the distance on either axis from which features no longer matter, pixels. */
  constructor(shape: FrameShape, reach: number, nearCapacity = 64) {
    this.#reach = reach;
    this.#down = Math.ceil(shape.height / reach) + 1;
    this.#across = Math.ceil(shape.width / reach) + 1;
    this.#heads = new Int32Array(this.#down * this.#across);
    this.near = new Int32Array(nearCapacity);
  }

  fill(count: number, values: Float64Array, yAt: number, xAt: number): void {
    if (this.y.length < count) {
      this.y = new Float64Array(2 * count);
      this.x = new Float64Array(2 * count);
      this.#next = new Int32Array(2 * count);
    }
    this.#heads.fill(-1);
    for (let feature = 0; feature < count; feature++) {
      this.y[feature] = values[yAt + feature]!;
      this.x[feature] = values[xAt + feature]!;
      const cell = this.#cell(this.#row(this.y[feature]!), this.#column(this.x[feature]!));
      // A start that is not a number is in no cell.
      if (!(cell >= 0)) continue;
      this.#next[feature] = this.#heads[cell]!;
      this.#heads[cell] = feature;
    }
  }

  /** Puts the features within reach of one on both axes, not itself, in `near` and returns how many; no more than fit. */
  findNear(feature: number): number {
    const y = this.y[feature]!;
    const x = this.x[feature]!;
    let count = 0;
    for (let row = this.#row(y) - 1; row <= this.#row(y) + 1; row++) {
      for (let column = this.#column(x) - 1; column <= this.#column(x) + 1; column++) {
        if (row < 0 || column < 0 || row >= this.#down || column >= this.#across) continue;
        for (let other = this.#heads[this.#cell(row, column)]!; other >= 0; other = this.#next[other]!) {
          const dy = Math.abs(this.y[other]! - y);
          const dx = Math.abs(this.x[other]! - x);
          if (dy >= this.#reach || dx >= this.#reach || (dy < sameFeature && dx < sameFeature)) continue;
          if (count < this.near.length) this.near[count++] = other;
        }
      }
    }
    return count;
  }

  #row(y: number): number {
    return Math.min(Math.max(Math.floor(y / this.#reach), 0), this.#down - 1);
  }

  #column(x: number): number {
    return Math.min(Math.max(Math.floor(x / this.#reach), 0), this.#across - 1);
  }

  #cell(row: number, column: number): number {
    return row * this.#across + column;
  }
}
