/**
 * What stands beside a link whose policy is `spill`: the queue in memory from the producer to the spool's thread, and the
 * few words the two tell each other.
 *
 * Order: the producer puts an entry into the link itself only while everything it ever queued here has left the spool
 * (`isSettled`); until then it queues. The spool's thread is the only one to put entries into the link meanwhile, so a link
 * has one producer at a time and needs no more locks than any other. Roles: the producer writes nothing but the queue; the
 * spool's thread takes from the queue and writes all words.
 */
import { Link, linkWords } from "./link.js";
import type { LinkShape } from "./link-shape.js";

const word = { settled: 0, frames: 1, queue: 8 } as const;

/** Words an overflow with this queue needs. */
export function overflowWords(queue: LinkShape): number {
  return word.queue + linkWords(queue);
}

export class Overflow {
  readonly queue: Link;
  readonly #words: Int32Array;

  constructor(words: Int32Array, queue: LinkShape) {
    this.#words = words;
    this.queue = new Link(words.subarray(word.queue), queue);
  }

  /** Producer: whether all of the `queued` entries it put into the queue have gone on, and everything it gave up was told. */
  isSettled(queued: number): boolean {
    return Atomics.load(this.#words, word.settled) === (queued | 0) && !this.queue.hasUntold;
  }

  /** Spool's thread: the first `taken` entries of the queue have gone on, in order. */
  settle(taken: number): void {
    Atomics.store(this.#words, word.settled, taken | 0);
  }

  /** Frames that wait in the spool, for the status view. */
  get frames(): number {
    return Atomics.load(this.#words, word.frames);
  }
  set frames(frames: number) {
    Atomics.store(this.#words, word.frames, frames);
  }
}
