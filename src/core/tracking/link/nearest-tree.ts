/** A k-d tree over points of a plane (Bentley 1975): the few nearest of any place, however crowded the points are. */
import { growFloat64, growInt32 } from "./growing-array.js";

/** Points below which a branch is searched one by one. */
const leafSize = 8;

/**
 * The tree is implicit: the points of a branch are a stretch of the arrays, its root is in the middle, and smaller
 * coordinates on the root's axis come before it. Built in O(n log n); a query visits O(log n + k) points.
 */
export class NearestTree {
  /** Points found by the last query, nearest first, and their squared distances. */
  foundPoint = new Int32Array(16);
  foundSquare = new Float64Array(16);
  #count = 0;
  #y = new Float64Array(0);
  #x = new Float64Array(0);
  #point = new Int32Array(0);
  /** Per root: 1 when its branch is split on y, 0 on x. */
  #splitsY = new Int32Array(0);
  #found = 0;
  #wanted = 0;
  #worst = 0;

  /** Replaces the contents by `count` finite points. */
  fill(count: number, y: Float64Array, x: Float64Array): void {
    this.#count = count;
    this.#y = growFloat64(this.#y, count);
    this.#x = growFloat64(this.#x, count);
    this.#point = growInt32(this.#point, count);
    this.#splitsY = growInt32(this.#splitsY, count);
    this.#y.set(y.subarray(0, count));
    this.#x.set(x.subarray(0, count));
    for (let i = 0; i < count; i++) this.#point[i] = i;
    this.#split(0, count);
  }

  /**
   * Finds up to `wanted` points nearest to (y, x) whose squared distance is below `limitSquare`, and returns how many;
   * they are in `foundPoint` and `foundSquare` until the next query. Which of several coincident points are found is fixed, but unspecified.
   */
  query(y: number, x: number, wanted: number, limitSquare: number): number {
    this.foundPoint = growInt32(this.foundPoint, wanted);
    this.foundSquare = growFloat64(this.foundSquare, wanted);
    this.#found = 0;
    this.#wanted = wanted;
    this.#worst = limitSquare;
    this.#visit(0, this.#count, y, x);
    return this.#found;
  }

  #split(low: number, high: number): void {
    if (high - low <= leafSize) return;
    const ys = this.#y;
    const xs = this.#x;
    let minY = Number.POSITIVE_INFINITY;
    let maxY = Number.NEGATIVE_INFINITY;
    let minX = Number.POSITIVE_INFINITY;
    let maxX = Number.NEGATIVE_INFINITY;
    for (let i = low; i < high; i++) {
      const y = ys[i]!;
      const x = xs[i]!;
      if (y < minY) minY = y;
      if (y > maxY) maxY = y;
      if (x < minX) minX = x;
      if (x > maxX) maxX = x;
    }
    const splitsY = maxY - minY > maxX - minX;
    const middle = (low + high) >> 1;
    this.#select(low, high - 1, middle, splitsY ? ys : xs);
    this.#splitsY[middle] = splitsY ? 1 : 0;
    this.#split(low, middle);
    this.#split(middle + 1, high);
  }

  /** Hoare's selection: brings to `nth` the point that sorting on `keys` would, smaller before it and larger after. */
  #select(first: number, last: number, nth: number, keys: Float64Array): void {
    let low = first;
    let high = last;
    while (low < high) {
      const pivot = keys[(low + high) >> 1]!;
      let i = low;
      let j = high;
      while (i <= j) {
        while (keys[i]! < pivot) i++;
        while (keys[j]! > pivot) j--;
        if (i <= j) this.#swap(i++, j--);
      }
      if (nth <= j) high = j;
      else if (nth >= i) low = i;
      else return;
    }
  }

  #swap(i: number, j: number): void {
    const y = this.#y[i]!;
    const x = this.#x[i]!;
    const point = this.#point[i]!;
    this.#y[i] = this.#y[j]!;
    this.#x[i] = this.#x[j]!;
    this.#point[i] = this.#point[j]!;
    this.#y[j] = y;
    this.#x[j] = x;
    this.#point[j] = point;
  }

  #visit(low: number, high: number, y: number, x: number): void {
    if (high - low <= leafSize) {
      for (let i = low; i < high; i++) this.#consider(i, y, x);
      return;
    }
    const middle = (low + high) >> 1;
    const offset = this.#splitsY[middle] === 1 ? y - this.#y[middle]! : x - this.#x[middle]!;
    if (offset <= 0) this.#visit(low, middle, y, x);
    else this.#visit(middle + 1, high, y, x);
    this.#consider(middle, y, x);
    if (offset * offset > this.#worst) return;
    // Nothing is nearer than coincident; without this a pile of coincident points would be searched whole every time.
    if (this.#found === this.#wanted && this.#worst === 0) return;
    if (offset <= 0) this.#visit(middle + 1, high, y, x);
    else this.#visit(low, middle, y, x);
  }

  #consider(entry: number, y: number, x: number): void {
    const dy = this.#y[entry]! - y;
    const dx = this.#x[entry]! - x;
    const square = dy * dy + dx * dx;
    const isFull = this.#found === this.#wanted;
    if (isFull ? square > this.#worst : square >= this.#worst) return;
    const point = this.#point[entry]!;
    const points = this.foundPoint;
    const squares = this.foundSquare;
    if (isFull && square === this.#worst && point > points[this.#found - 1]!) return;
    let at = isFull ? this.#found - 1 : this.#found++;
    for (; at > 0; at--) {
      const before = squares[at - 1]!;
      if (before < square || (before === square && points[at - 1]! < point)) break;
      squares[at] = before;
      points[at] = points[at - 1]!;
    }
    squares[at] = square;
    points[at] = point;
    if (this.#found === this.#wanted) this.#worst = squares[this.#found - 1]!;
  }
}
