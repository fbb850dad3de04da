/** The few words every thread of a run looks at: shall we drain, shall we abort. Only the main thread and failing threads write them. */

export const runControlWords = 8;

export class RunControl {
  readonly #words: Int32Array;

  constructor(words: Int32Array) {
    this.#words = words;
  }

  /** The source ends, everything in flight is finished (first interrupt, or the reader of our output went away). */
  drain(): void {
    Atomics.store(this.#words, 0, 1);
    this.#wake();
  }

  /** The source ends at once. */
  stop(): void {
    Atomics.store(this.#words, 3, 1);
    this.drain();
  }

  /** The same, because nobody reads our output any more: what waits somewhere need not come. */
  leave(): void {
    Atomics.store(this.#words, 5, 1);
    this.stop();
  }

  /** Nothing needs to be finished. */
  abort(): void {
    Atomics.store(this.#words, 1, 1);
    this.stop();
  }

  get isDraining(): boolean {
    return Atomics.load(this.#words, 0) === 1;
  }

  get isStopped(): boolean {
    return Atomics.load(this.#words, 3) === 1;
  }

  get isLeft(): boolean {
    return Atomics.load(this.#words, 5) === 1;
  }

  get isAborted(): boolean {
    return Atomics.load(this.#words, 1) === 1;
  }

  /** Sleeps this thread; a drain or an abort wakes it. */
  sleepMs(ms: number): void {
    const seen = Atomics.load(this.#words, 2);
    if (!this.isDraining && ms > 0) Atomics.wait(this.#words, 2, seen, ms);
  }

  /** Calls `hear` when the run begins to drain, stops or is aborted, each time, until `over` is settled. Blocks no thread. */
  async whenever(hear: () => void, over: Promise<unknown>): Promise<void> {
    let isOver = false;
    const end = () => {
      isOver = true;
      this.#wake();
    };
    over.then(end, end);
    let seen = Atomics.load(this.#words, 2);
    if (this.isDraining) hear();
    for (;;) {
      const change = Atomics.waitAsync(this.#words, 2, seen);
      if (change.async) await change.value;
      if (isOver) return;
      seen = Atomics.load(this.#words, 2);
      hear();
    }
  }

  /** Lets the threads go, once all of them have opened. */
  go(): void {
    Atomics.store(this.#words, 4, 1);
    Atomics.notify(this.#words, 4);
  }

  /** Waits for go; false when the run was aborted instead. */
  waitForGo(): boolean {
    while (Atomics.load(this.#words, 4) === 0 && !this.isAborted) Atomics.wait(this.#words, 4, 0, 50);
    return !this.isAborted;
  }

  #wake(): void {
    Atomics.add(this.#words, 2, 1);
    Atomics.notify(this.#words, 2);
  }
}
