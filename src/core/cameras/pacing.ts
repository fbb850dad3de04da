/** Hands frames over at a rate: frame n not before n / rate after the first. */

import { later, type MonotonicMs, msBetween } from "../time.js";
import type { CameraClock } from "./frame-source.js";

/** Sleeps are cut into steps so that an interrupt is noticed soon even by a clock that nothing wakes. */
const longestSleepMs = 50;

export class Pacer {
  readonly #clock: CameraClock;
  readonly #isDraining: () => boolean;
  readonly #periodMs: number;
  #start: MonotonicMs | undefined;

  constructor(rateHz: number, clock: CameraClock, isDraining: () => boolean) {
    this.#periodMs = 1000 / rateHz;
    this.#clock = clock;
    this.#isDraining = isDraining;
  }

  /** Waits for the turn of frame `index` (from 0, ascending); at once when it is late. False when the run drains. */
  waitFor(index: number): boolean {
    this.#start ??= later(this.#clock.now(), -index * this.#periodMs);
    const due = later(this.#start, index * this.#periodMs);
    for (;;) {
      if (this.#isDraining()) return false;
      const left = msBetween(this.#clock.now(), due);
      if (left <= 0) return true;
      this.#clock.sleepMs(Math.min(left, longestSleepMs));
    }
  }
}
