/** Where within its pixel each detection lay: a histogram for each axis, and how many places they came from. */

/** Bins from a pixel's centre to its edge: 0.004 px each. */
export const binCount = 128;

/** Bits of the sketch of visited pixels: good to 1 % up to a million pixels. */
const sketchBits = 1 << 18;

export const axes = ["y", "x"] as const;
export type Axis = (typeof axes)[number];

/**
 * Counts distances from the nearest pixel centre, 0 to 0.5 px, on each axis. The two halves of a pixel are counted as one:
 * a bias that comes from the pixel grid is odd about the pixel's centre for a symmetric feature.
 *
 * 34 KiB, whatever the length of the run. The order of detections does not matter.
 */
export class FractionHistogram {
  readonly bins: Readonly<Record<Axis, Float64Array>> = {
    y: new Float64Array(binCount),
    x: new Float64Array(binCount),
  };
  #count = 0;
  readonly #visited = new Int32Array(sketchBits / 32);
  #visitedBits = 0;

  /** Positions with finite coordinates so far. */
  get count(): number {
    return this.#count;
  }

  /**
   * How many of the detections say something new about the grid: a bead that sits still says the same in every frame. At
   * most one for each pixel that was visited, from a sketch of the visited pixels (linear counting: Whang, Vander-Zanden
   * and Taylor, ACM Trans. Database Syst. 15, 208, 1990).
   */
  get independentCount(): number {
    const free = Math.max(1, sketchBits - this.#visitedBits);
    return Math.min(this.#count, Math.round(sketchBits * Math.log(sketchBits / free)));
  }

  /** Adds the positions y at values[yAt ...], x at values[xAt ...], in pixels. Such that are not finite are passed over. */
  add(count: number, values: Float64Array, yAt: number, xAt: number): void {
    for (let i = 0; i < count; i++) {
      const y = values[yAt + i]!;
      const x = values[xAt + i]!;
      if (!Number.isFinite(y) || !Number.isFinite(x)) continue;
      const row = Math.round(y);
      const column = Math.round(x);
      this.bins.y[binOf(Math.abs(y - row))]!++;
      this.bins.x[binOf(Math.abs(x - column))]!++;
      this.#count++;
      this.#visit(row, column);
    }
  }

  #visit(row: number, column: number): void {
    // Two rounds of multiply and shift spread neighbouring pixels over all bits.
    let hash = Math.imul(row, 0x9e3779b1) ^ Math.imul(column, 0x85ebca6b);
    hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
    hash = (hash ^ (hash >>> 13)) & (sketchBits - 1);
    const bit = 1 << (hash & 31);
    const word = this.#visited[hash >>> 5]!;
    if ((word & bit) !== 0) return;
    this.#visited[hash >>> 5] = word | bit;
    this.#visitedBits++;
  }
}

function binOf(distance: number): number {
  return Math.min(binCount - 1, Math.floor(distance * 2 * binCount));
}
