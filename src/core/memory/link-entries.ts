/** The places of a link's ring, and what an entry in one of them says. Positions count on and on; the ring is a power of two long. */
import { fromMemory, type MonotonicMs, toMemory } from "../time.js";
import type { LinkShape } from "./link-shape.js";

/**
 * frameNumber (-1 for an event), droppedFirst and pushedAt are float64, two words each, at even places. toldEnd: where in the lane that
 * ends which is told before the entry.
 */
const entry = {
  slot: 0,
  state: 1,
  frameNumber: 2,
  droppedCount: 4,
  toldEnd: 5,
  droppedFirst: 6,
  pushedAt: 8,
  words: 10,
} as const;

/** Entries: the next power of two, so that positions wrap evenly; at least one more than is ever taken in. */
export function ringEntries(shape: LinkShape): number {
  return 2 ** Math.ceil(Math.log2(shape.capacity + shape.window + 1));
}

/** Words of all entries. */
export function entryWords(shape: LinkShape): number {
  return ringEntries(shape) * entry.words;
}

/** "unmapped": goes on as it came, since the mappers have failed. */
export const entryState = { waiting: 0, ready: 1, unmapped: 2 } as const;

/** No method locks: who calls has the link's lock, or the entry is its own. */
export class LinkEntries {
  readonly #words: Int32Array;
  readonly #floats: Float64Array;
  readonly #mask: number;

  constructor(words: Int32Array, shape: LinkShape) {
    this.#words = words;
    this.#floats = new Float64Array(words.buffer, words.byteOffset, words.length >> 1);
    this.#mask = ringEntries(shape) - 1;
  }

  put(position: number, slot: number, frameNumber: number, isReady: boolean, pushedAt: MonotonicMs): void {
    const at = this.#at(position);
    this.#words[at + entry.slot] = slot;
    this.#words[at + entry.state] = isReady ? entryState.ready : entryState.waiting;
    this.#floats[(at + entry.frameNumber) >> 1] = frameNumber;
    this.#floats[(at + entry.pushedAt) >> 1] = toMemory(pushedAt);
  }

  copy(to: number, from: number): void {
    const at = this.#at(from);
    this.#words.copyWithin(this.#at(to), at, at + entry.words);
  }

  slot(position: number): number {
    return this.#words[this.#at(position) + entry.slot]!;
  }

  setSlot(position: number, slot: number): void {
    this.#words[this.#at(position) + entry.slot] = slot;
  }

  state(position: number): number {
    return this.#words[this.#at(position) + entry.state]!;
  }

  setState(position: number, state: number): void {
    this.#words[this.#at(position) + entry.state] = state;
  }

  /** -1 for an event. */
  frameNumber(position: number): number {
    return this.#floats[(this.#at(position) + entry.frameNumber) >> 1]!;
  }

  pushedAt(position: number): MonotonicMs {
    return fromMemory(this.#floats[(this.#at(position) + entry.pushedAt) >> 1]!);
  }

  /** Frames given up in front of it. */
  droppedCount(position: number): number {
    return this.#words[this.#at(position) + entry.droppedCount]!;
  }

  droppedFirst(position: number): number {
    return this.#floats[(this.#at(position) + entry.droppedFirst) >> 1]!;
  }

  setDropped(position: number, first: number, count: number): void {
    const at = this.#at(position);
    this.#words[at + entry.droppedCount] = count;
    this.#floats[(at + entry.droppedFirst) >> 1] = first;
  }

  toldEnd(position: number): number {
    return this.#words[this.#at(position) + entry.toldEnd]!;
  }

  setToldEnd(position: number, end: number): void {
    this.#words[this.#at(position) + entry.toldEnd] = end;
  }

  #at(position: number): number {
    return (position & this.#mask) * entry.words;
  }
}
