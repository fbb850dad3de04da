/** A binary min-heap of (distance, number) pairs in two typed arrays; equal distances come out by the smaller number. */
import { growFloat64, growInt32 } from "./growing-array.js";

export class DistanceHeap {
  size = 0;
  #distance = new Float64Array(64);
  #number = new Int32Array(64);

  clear(): void {
    this.size = 0;
  }

  /** Distance of the pair that `pop` removes next; undefined behaviour when empty. */
  get topDistance(): number {
    return this.#distance[0]!;
  }

  push(distance: number, number: number): void {
    const last = this.size++;
    this.#distance = growFloat64(this.#distance, this.size);
    this.#number = growInt32(this.#number, this.size);
    const distances = this.#distance;
    const numbers = this.#number;
    let at = last;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      const above = distances[parent]!;
      if (above < distance || (above === distance && numbers[parent]! <= number)) break;
      distances[at] = above;
      numbers[at] = numbers[parent]!;
      at = parent;
    }
    distances[at] = distance;
    numbers[at] = number;
  }

  /** Removes the pair with the smallest distance and returns its number; -1 when empty. */
  pop(): number {
    if (this.size === 0) return -1;
    const distances = this.#distance;
    const numbers = this.#number;
    const top = numbers[0]!;
    const size = --this.size;
    const distance = distances[size]!;
    const number = numbers[size]!;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= size) break;
      const right = child + 1;
      if (right < size) {
        const difference = distances[right]! - distances[child]!;
        if (difference < 0 || (difference === 0 && numbers[right]! < numbers[child]!)) child = right;
      }
      const below = distances[child]!;
      if (below > distance || (below === distance && numbers[child]! >= number)) break;
      distances[at] = below;
      numbers[at] = numbers[child]!;
      at = child;
    }
    distances[at] = distance;
    numbers[at] = number;
    return top;
  }
}
