/** Hands frames over at a rate: frame n not before n / rate after the first. */
import type { CameraClock } from "./frame-source.js";

/** Sleeps are cut into steps so that an interrupt is noticed soon even by a clock that nothing wakes. */
const longestSleepMs = 50;

export class Pacer {
  readonly #clock: CameraClock;
  readonly #isDraining: () => boolean;
  readonly #periodMs: number;
  #startMs = Number.NaN;

  constructor(rateHz: number, clock: CameraClock, isDraining: () => boolean) {
    this.#periodMs = 1000 / rateHz;
    this.#clock = clock;
    this.#isDraining = isDraining;
  }

  /** Waits for the turn of frame `index` (from 0, ascending); at once when it is late. False when the run drains. */
  waitFor(index: number): boolean {
    if (Number.isNaN(this.#startMs)) this.#startMs = this.#clock.nowMs() - index * this.#periodMs;
    const due = this.#startMs + index * this.#periodMs;
    for (;;) {
      if (this.#isDraining()) return false;
      const left = due - this.#clock.nowMs();
      if (left <= 0) return true;
      this.#clock.sleepMs(Math.min(left, longestSleepMs));
    }
  }
}
