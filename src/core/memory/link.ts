/**
 * The link between two stages: a bounded queue of pool slots with one declared policy for when it is full, and with room in
 * the middle for mappers that work in parallel while the order is kept.
 *
 * Three positions move through the ring under one lock: `head` (the producer puts entries in), `claim` (mappers take the
 * next unclaimed entry, any number of mappers) and `tail` (the consumer takes entries in order, once mapped). Without
 * mappers an entry is ready as soon as it is put in. Roles: one producer, one consumer, any number of mappers.
 */

import type { FrameRun } from "../model/frame-run.js";
import { type MonotonicMs, msBetween, never, now } from "../time.js";
import { Lane, laneWords } from "./lane.js";
import { entryState, entryWords, LinkEntries, ringEntries } from "./link-entries.js";
import type { LinkShape } from "./link-shape.js";
import { lock, ring, unlock, waitForRing } from "./mutex.js";
import type { RunControl } from "./run-control.js";
import type { Taken } from "./taken.js";

const word = {
  mutex: 0,
  filledBell: 1,
  readyBell: 2,
  spaceBell: 3,
  head: 4,
  claim: 5,
  tail: 6,
  isClosed: 7,
  most: 8,
  isPaused: 9,
  entries: 16,
} as const;
const nothingTold: readonly Uint8Array[] = [];

/** Positions stay below this, far from the sign bit. */
const mostPositions = 1 << 28;

export function linkWords(shape: LinkShape): number {
  return word.entries + entryWords(shape) + (shape.hasLane ? laneWords : 0);
}

export class Link {
  readonly #words: Int32Array;
  readonly #entries: LinkEntries;
  readonly #shape: LinkShape;
  /** Positions count modulo this multiple of the ring's entries and of the products. */
  readonly #positions: number;
  readonly #dropsOldest: boolean;
  readonly #lane: Lane | undefined;
  #displaced: FrameRun | undefined;
  #pendingCount = 0;
  #pendingFirst = 0;

  constructor(words: Int32Array, shape: LinkShape) {
    this.#words = words;
    this.#entries = new LinkEntries(words.subarray(word.entries), shape);
    this.#shape = shape;
    const lap = ringEntries(shape) * Math.max(1, shape.products ?? 0);
    this.#positions = lap * Math.floor(mostPositions / lap);
    this.#dropsOldest = shape.policy === "drop-oldest" || shape.policy === "latest";
    const lane = words.subarray(word.entries + entryWords(shape));
    this.#lane = shape.hasLane ? new Lane(lane) : undefined;
  }

  /**
   * Producer: puts an entry in. Returns -1 when it was taken in, or the slot that was given up for it (its own with
   * drop-newest, the oldest unclaimed frame's with drop-oldest and latest), -2 when the run was aborted, -3 when the policy is `fail`
   * and the link is full, -4 when it is `spill`. `isLossless` entries (events) wait with every policy but `spill`; of a tap
   * they are given back like a frame that finds no frame to replace, and beside a lane there are none (`tell`).
   */
  push(
    slot: number,
    frameNumber: number,
    isReady: boolean,
    isLossless: boolean,
    now: MonotonicMs,
    control: RunControl,
  ): number {
    for (;;) {
      lock(this.#words, word.mutex);
      const head = this.#words[word.head]!;
      if (this.hasRoom) {
        this.#put(head, slot, frameNumber, isReady, now);
        unlock(this.#words, word.mutex);
        this.#announce(isReady);
        return -1;
      }
      if (!isLossless && this.#shape.policy === "drop-newest") {
        if (!this.#lane) this.#notePending(frameNumber);
        unlock(this.#words, word.mutex);
        return slot;
      }
      if (!isLossless && this.#dropsOldest) {
        const given = this.#replaceOldest(slot, frameNumber, isReady, now);
        if (given >= 0) {
          unlock(this.#words, word.mutex);
          this.#announce(isReady);
          return given;
        }
      }
      if (this.#shape.isTap) {
        unlock(this.#words, word.mutex);
        return slot;
      }
      const seen = this.spaceBell;
      const hasFailed = !isLossless && this.#shape.policy === "fail";
      if (hasFailed) this.#notePending(frameNumber);
      unlock(this.#words, word.mutex);
      if (this.#shape.policy === "spill") return -4;
      if (hasFailed) return -3;
      if (control.isAborted) return -2;
      waitForRing(this.#words, word.spaceBell, seen, 100);
    }
  }

  /** Producer, beside a lane: told before the next entry. False when the lane has no room for it now. */
  tell(record: Uint8Array): boolean {
    return this.#lane!.write(record);
  }

  /**
   * Producer, beside a lane: frames given up longer ago than those that the entries tell of, which the last push has left to the
   * producer to tell; undefined mostly.
   */
  takeDisplaced(): FrameRun | undefined {
    const displaced = this.#displaced;
    this.#displaced = undefined;
    return displaced;
  }

  /** Producer, of a tap or beside a lane: the entry after which none comes, for which there is always a place. */
  pushLast(slot: number, now: MonotonicMs): void {
    lock(this.#words, word.mutex);
    this.#put(this.#words[word.head]!, slot, -1, true, now);
    unlock(this.#words, word.mutex);
    this.#announce(true);
  }

  /**
   * Producer: takes its newest entry back, when it is a frame that nobody has begun with; the next entry tells it as given
   * up. Returns its slot, or -1 when there is none.
   */
  takeBack(): number {
    lock(this.#words, word.mutex);
    const head = this.#words[word.head]!;
    const last = (head - 1 + this.#positions) % this.#positions;
    const frameNumber = this.#entries.frameNumber(last);
    const isWaiting = this.#words[word.claim] !== head && frameNumber >= 0;
    if (isWaiting) {
      const earlier = this.#entries.droppedCount(last);
      this.#pendingCount += 1 + earlier;
      this.#pendingFirst = earlier > 0 ? this.#entries.droppedFirst(last) : frameNumber;
      this.#words[word.head] = last;
    }
    unlock(this.#words, word.mutex);
    return isWaiting ? this.#entries.slot(last) : -1;
  }

  /** Whether an entry fits; the producer's own answer stays true until it pushes, since the others only make room. */
  get hasRoom(): boolean {
    const head = Atomics.load(this.#words, word.head);
    const waiting = this.#distance(Atomics.load(this.#words, word.claim), head);
    const inRing = this.#distance(Atomics.load(this.#words, word.tail), head);
    return waiting < this.#shape.capacity && inRing < this.#shape.capacity + this.#shape.window;
  }

  /** Producer: whether frames were given up that no entry has told yet. */
  get hasUntold(): boolean {
    return this.#pendingCount > 0;
  }

  /** Count of the bell that rings when there is room; read it before `hasRoom`, then wait for it to change. */
  get spaceBell(): number {
    return Atomics.load(this.#words, word.spaceBell);
  }

  /** Sleeps until the bell's count differs from `seen`, or a tenth of a second. */
  waitForSpace(seen: number): void {
    waitForRing(this.#words, word.spaceBell, seen, 100);
  }

  /** Wakes whoever waits for space, to look at something else. */
  nudge(): void {
    ring(this.#words, word.spaceBell);
  }

  /** Producer: nothing more will come. */
  close(): void {
    lock(this.#words, word.mutex);
    this.#words[word.isClosed] = 1;
    unlock(this.#words, word.mutex);
    ring(this.#words, word.filledBell);
    ring(this.#words, word.readyBell);
  }

  /** Nothing comes out until it is resumed, but while the run drains; what waits meanwhile is the policy's. Any thread. */
  pause(): void {
    Atomics.store(this.#words, word.isPaused, 1);
  }

  resume(): void {
    Atomics.store(this.#words, word.isPaused, 0);
    ring(this.#words, word.readyBell);
  }

  get isPaused(): boolean {
    return Atomics.load(this.#words, word.isPaused) === 1;
  }

  /** Mapper: claims up to `most` waiting entries; positions go to `out`. Returns how many; 0 at the end of the run. */
  claim(out: Int32Array, most: number, control: RunControl): number {
    for (;;) {
      lock(this.#words, word.mutex);
      const head = this.#words[word.head]!;
      let claim = this.#words[word.claim]!;
      let count = 0;
      while (claim !== head && count < most && this.#hasProduct(claim)) {
        if (this.#entries.state(claim) === entryState.waiting) out[count++] = claim;
        claim = (claim + 1) % this.#positions;
      }
      const moved = claim !== this.#words[word.claim];
      this.#words[word.claim] = claim;
      const isEnd = this.#words[word.isClosed] === 1 && claim === head;
      const seen = Atomics.load(this.#words, word.filledBell);
      unlock(this.#words, word.mutex);
      if (moved) ring(this.#words, word.spaceBell);
      if (count > 0) return count;
      if (isEnd || control.isAborted) return 0;
      if (!moved) waitForRing(this.#words, word.filledBell, seen, 100);
    }
  }

  /** Mapper: the slot of a claimed position. */
  slotAt(position: number): number {
    return this.#entries.slot(position);
  }

  /** Mapper: the frame of a claimed position goes on in another slot. */
  replaceSlot(position: number, slot: number): void {
    this.#entries.setSlot(position, slot);
  }

  /** Mapper: a claimed entry is mapped. */
  markMapped(position: number): void {
    this.#hand(position, entryState.ready);
  }

  /** Mapper: a claimed entry goes on as it came, since the mappers have failed. */
  passUnmapped(position: number): void {
    this.#hand(position, entryState.unmapped);
  }

  /** Consumer: the next entry in order. False at the end of the link or of the run. */
  take(into: Taken, control: RunControl): boolean {
    return this.takeBefore(into, control, never) === "taken";
  }

  /** The same, waiting until `due` at most: "due" when nothing has come by then. */
  takeBefore(into: Taken, control: RunControl, due: MonotonicMs): "taken" | "end" | "due" {
    for (;;) {
      if (control.isAborted) return "end";
      const seen = Atomics.load(this.#words, word.readyBell);
      const outcome = this.isPaused && !control.isDraining ? "none" : this.takeNow(into);
      if (outcome !== "none") return outcome;
      const leftMs = due === never ? 100 : msBetween(now(), due);
      if (leftMs <= 0) return "due";
      waitForRing(this.#words, word.readyBell, seen, Math.min(100, leftMs));
    }
  }

  /** The same without waiting: "none" when nothing is ready, "end" when nothing more will come. */
  takeNow(into: Taken): "taken" | "none" | "end" {
    return this.#take(into, () => true);
  }

  /** Takes the next entry when it is there and is a frame in front of which nothing was given up. */
  takeFrameNow(into: Taken): boolean {
    const isPlain = (position: number) =>
      this.#entries.droppedCount(position) === 0 &&
      !this.#lane?.hasUpTo(this.#entries.toldEnd(position)) &&
      this.#entries.frameNumber(position) >= 0;
    return !this.isPaused && this.#take(into, isPlain) === "taken";
  }

  #take(into: Taken, isWanted: (position: number) => boolean): "taken" | "none" | "end" {
    lock(this.#words, word.mutex);
    const tail = this.#words[word.tail]!;
    const isEmpty = tail === this.#words[word.head];
    if (isEmpty || this.#entries.state(tail) === entryState.waiting || !isWanted(tail)) {
      const isEnd = isEmpty && this.#words[word.isClosed] === 1;
      unlock(this.#words, word.mutex);
      return isEnd ? "end" : "none";
    }
    into.slot = this.#entries.slot(tail);
    into.position = tail;
    into.told = this.#lane?.takeUpTo(this.#entries.toldEnd(tail)) ?? nothingTold;
    into.droppedCount = this.#entries.droppedCount(tail);
    into.droppedFirst = this.#entries.droppedFirst(tail);
    into.isUnmapped = this.#entries.state(tail) === entryState.unmapped;
    into.pushedAt = this.#entries.pushedAt(tail);
    const next = (tail + 1) % this.#positions;
    this.#words[word.tail] = next;
    if (this.#words[word.claim] === tail) this.#words[word.claim] = next;
    unlock(this.#words, word.mutex);
    ring(this.#words, word.spaceBell);
    // Whoever waits to claim the entry whose buffer has become free.
    if (this.#shape.products) ring(this.#words, word.filledBell);
    return "taken";
  }

  /** Entries in the link now and at most so far; may be stale by an entry. */
  get depth(): { readonly now: number; readonly most: number } {
    return {
      now: this.#distance(Atomics.load(this.#words, word.tail), Atomics.load(this.#words, word.head)),
      most: Atomics.load(this.#words, word.most),
    };
  }

  #hand(position: number, as: number): void {
    lock(this.#words, word.mutex);
    this.#entries.setState(position, as);
    const isNext = position === this.#words[word.tail];
    unlock(this.#words, word.mutex);
    if (isNext) ring(this.#words, word.readyBell);
  }

  #put(head: number, slot: number, frameNumber: number, isReady: boolean, now: MonotonicMs): void {
    this.#entries.put(head, slot, frameNumber, isReady, now);
    this.#entries.setDropped(head, this.#pendingFirst, this.#pendingCount);
    if (this.#lane) this.#entries.setToldEnd(head, this.#lane.end);
    this.#pendingCount = 0;
    this.#words[word.head] = (head + 1) % this.#positions;
    const depth = this.#distance(this.#words[word.tail]!, head) + 1;
    if (depth > this.#words[word.most]!) Atomics.store(this.#words, word.most, depth);
  }

  #notePending(frameNumber: number): void {
    if (this.#pendingCount === 0) this.#pendingFirst = frameNumber;
    this.#pendingCount++;
  }

  /**
   * Takes the oldest unclaimed frame out, moves the younger entries up and appends the new one; events are never given up.
   * Returns the slot given up, or -1 when only events wait.
   */
  #replaceOldest(slot: number, frameNumber: number, isReady: boolean, now: MonotonicMs): number {
    const head = this.#words[word.head]!;
    let oldest = this.#words[word.claim]!;
    while (oldest !== head && this.#entries.frameNumber(oldest) < 0) {
      oldest = (oldest + 1) % this.#positions;
    }
    if (oldest === head) return -1;
    const given = this.#entries.slot(oldest);
    const number = this.#entries.frameNumber(oldest);
    let earlier = this.#entries.droppedCount(oldest);
    let first = earlier > 0 ? this.#entries.droppedFirst(oldest) : number;
    if (this.#lane && earlier > 0 && first + earlier !== number) {
      this.#displaced = { firstFrame: first, count: earlier };
      [first, earlier] = [number, 0];
    }
    for (
      let position = oldest;
      (position + 1) % this.#positions !== head;
      position = (position + 1) % this.#positions
    ) {
      this.#entries.copy(position, (position + 1) % this.#positions);
    }
    const last = (head - 1 + this.#positions) % this.#positions;
    this.#put(last, slot, frameNumber, isReady, now);
    if (this.#shape.isTap) return given;
    this.#entries.setDropped(oldest, first, earlier + 1);
    return given;
  }

  #announce(isReady: boolean): void {
    if (this.#shape.window > 0) ring(this.#words, word.filledBell);
    if (isReady) ring(this.#words, word.readyBell);
  }

  /** Whether nobody uses the buffer of this entry: those before it, back to the one in the consumer's hands, have others. */
  #hasProduct(position: number): boolean {
    const { products = 0 } = this.#shape;
    return products === 0 || this.#distance(this.#words[word.tail]!, position) < products - 1;
  }

  #distance(from: number, to: number): number {
    return (to - from + this.#positions) % this.#positions;
  }
}
