/** Points hashed by the square cell they are in: finds all points near a place in memory that grows with points alone. */
import { growFloat64, growInt32 } from "./growing-array.js";

/**
 * 2^32 over the golden ratio, odd: rows of cells are spread over the buckets, neighbours in a row stay side by side.
 * Neither it nor its double is within 2 of a multiple of any power of two from 64 up, so that the nine cells around a
 * place are in nine different buckets: searching these finds no point twice.
 */
const rowStride = 0x9e3779b1 | 0;

/**
 * A uniform grid of which only the occupied cells exist. Cells are buckets of a table of at least twice as many entries
 * as points; far cells may share a bucket, so that whoever searches must measure distances. The fields are open
 * because the search over them is the innermost loop of linking (see candidate-graph.ts).
 */
export class NeighborGrid {
  /** Edge of a cell, in the units of the coordinates. */
  cell = 1;
  /** Number of buckets less one; buckets are a power of two. */
  mask = 0;
  /** First entry of every bucket, and one more at the end. */
  bucketStart = new Int32Array(2);
  /** Per entry, in bucket order: the point's number and position. */
  point = new Int32Array(0);
  y = new Float64Array(0);
  x = new Float64Array(0);
  #bucketOf = new Int32Array(0);

  /** Replaces the contents by `count` finite points. Coordinates may be of any size: no array depends on them. */
  fill(count: number, y: Float64Array, x: Float64Array, cell: number): void {
    let buckets = 64;
    while (buckets < 2 * count) buckets *= 2;
    this.cell = cell;
    this.mask = buckets - 1;
    this.bucketStart = growInt32(this.bucketStart, buckets + 1);
    this.#bucketOf = growInt32(this.#bucketOf, count);
    this.point = growInt32(this.point, count);
    this.y = growFloat64(this.y, count);
    this.x = growFloat64(this.x, count);
    const { bucketStart, mask } = this;
    const bucketOf = this.#bucketOf;

    bucketStart.fill(0, 0, buckets + 1);
    for (let i = 0; i < count; i++) {
      const bucket = bucketOfCell(Math.floor(y[i]! / cell), Math.floor(x[i]! / cell), mask);
      bucketOf[i] = bucket;
      bucketStart[bucket + 1]!++;
    }
    for (let bucket = 0; bucket < buckets; bucket++) bucketStart[bucket + 1]! += bucketStart[bucket]!;
    // Filling from the last point backwards leaves every bucket in the order of the points and its start in place.
    for (let i = count - 1; i >= 0; i--) {
      const entry = --bucketStart[bucketOf[i]! + 1]!;
      this.point[entry] = i;
      this.y[entry] = y[i]!;
      this.x[entry] = x[i]!;
    }
    // Now bucketStart[b + 1] is where bucket b starts: move the starts back by one.
    bucketStart.copyWithin(0, 1, buckets + 1);
    bucketStart[buckets] = count;
  }
}

/** The bucket of a cell. Cell numbers are whole but may exceed 32 bits: only their low bits matter to a hash. */
export function bucketOfCell(cellY: number, cellX: number, mask: number): number {
  return (Math.imul(cellY | 0, rowStride) + (cellX | 0)) & mask;
}
