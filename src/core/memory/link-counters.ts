/**
 * What a link counts while the run goes on, in shared memory. What the producer writes and what its spool's thread writes are
 * fields of their own; a reader may see a value that is one frame old.
 */
import { isLoss } from "../model/run-report.js";

const field = { in: 0, dropped: 1, lost: 2, givenUp: 3, givenUpLost: 4 } as const;
export const linkCounterFloats = 8;

export class LinkCounters {
  readonly #values: Float64Array;

  constructor(buffer: ArrayBufferLike, byteOffset: number) {
    this.#values = new Float64Array(buffer, byteOffset, linkCounterFloats);
  }

  /** Frames that the stage in front of it passed on. */
  get in(): number {
    return this.#values[field.in]!;
  }
  /** Of these, frames that did not come out and will not. */
  get dropped(): number {
    return this.#values[field.dropped]! + this.#values[field.givenUp]!;
  }
  /** Of the dropped, those that are a loss. */
  get lost(): number {
    return this.#values[field.lost]! + this.#values[field.givenUpLost]!;
  }
  /** Frames that came out or still wait. */
  get out(): number {
    return this.in - this.dropped;
  }

  /** Producer. */
  countIn(): void {
    this.#values[field.in]!++;
  }
  /** Producer: frames that went in before, too. */
  countDropped(frames: number, reason: string): void {
    this.#values[field.dropped]! += frames;
    if (isLoss(reason)) this.#values[field.lost]! += frames;
  }
  /** The spool's thread. */
  countGivenUp(frames: number, reason: string): void {
    this.#values[field.givenUp]! += frames;
    if (isLoss(reason)) this.#values[field.givenUpLost]! += frames;
  }
}
