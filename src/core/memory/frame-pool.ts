/**
 * Fixed slots in one shared WebAssembly memory, on loan: `acquire` lends one, `retain` adds a holder, `release` ends one
 * loan; a slot nobody holds is free. The last slots are spares, lent only when the rest is out: that is counted, so a run
 * that was sized too small degrades and says so instead of standing still.
 */
import { Frame } from "./frame.js";
import { lock, ring, unlock, waitForRing } from "./mutex.js";
import type { RunControl } from "./run-control.js";
import { type SlotGeometry, slotLayout, slotMeta } from "./slot-layout.js";

const word = { mutex: 0, bell: 1, free: 2, lent: 3, spareLent: 4, stack: 8 } as const;

export interface PoolShape {
  readonly geometry: SlotGeometry;
  /** Byte offset of the first slot, a multiple of 64. */
  readonly base: number;
  /** Slots the run needs. */
  readonly slots: number;
  /** Slots beyond that; their pages stay untouched until lent. */
  readonly spareSlots: number;
  /** A slot is filled with a pattern when its last loan returns, so that who reads it afterwards is found out. For tests. */
  readonly isPoisoning?: boolean;
}

/** What is in a slot that nobody holds, where the pool is poisoning. */
export const poison = 0xa5;
/** Bytes of a slot that are kept for its loans. */
const poisonFrom = 64;

/** Words of shared bookkeeping a pool of `slots` needs. */
export function poolWords(shape: Pick<PoolShape, "slots" | "spareSlots">): number {
  return word.stack + shape.slots + shape.spareSlots;
}

export class FramePool {
  readonly #words: Int32Array;
  readonly #shape: PoolShape;
  readonly #buffer: ArrayBufferLike;
  readonly #block: number | null;
  readonly #slotBytes: number;
  readonly #frames: (Frame | undefined)[];
  readonly #metas: (Int32Array | undefined)[];

  /** `block`: whose detections the thread's frames show; null: nobody's. */
  constructor(words: Int32Array, buffer: ArrayBufferLike, shape: PoolShape, block: number | null = 0) {
    this.#block = block;
    this.#words = words;
    this.#shape = shape;
    this.#buffer = buffer;
    this.#slotBytes = slotLayout(shape.geometry).slotBytes;
    const all = shape.slots + shape.spareSlots;
    this.#frames = new Array<Frame | undefined>(all).fill(undefined);
    this.#metas = new Array<Int32Array | undefined>(all).fill(undefined);
  }

  /** Marks every slot free; once, before any thread uses the pool. Spares lie at the bottom of the stack. */
  initialize(): void {
    const all = this.#shape.slots + this.#shape.spareSlots;
    for (let i = 0; i < all; i++) this.#words[word.stack + i] = all - 1 - i;
    this.#words[word.free] = all;
  }

  /** The slot as this thread sees it; the same object every time. */
  frame(slot: number): Frame {
    let frame = this.#frames[slot];
    if (!frame) {
      frame = new Frame(this.#buffer, this.#shape.base, slot, this.#shape.geometry, this.#block);
      this.#frames[slot] = frame;
    }
    return frame;
  }

  /** Lends a slot holding a frame without detections; waits for one if all are out. Undefined when the run was aborted. */
  acquire(control: RunControl): Frame | undefined {
    for (;;) {
      const slot = this.#pop();
      if (slot >= 0) {
        Atomics.store(this.#meta(slot), slotMeta.loans, 1);
        const frame = this.frame(slot);
        frame.begin();
        return frame;
      }
      if (control.isAborted) return undefined;
      const seen = Atomics.load(this.#words, word.bell);
      if (Atomics.load(this.#words, word.free) === 0) waitForRing(this.#words, word.bell, seen, 100);
    }
  }

  /** So many holders more; only who holds the slot may say so. */
  retain(slot: number, count = 1): void {
    Atomics.add(this.#meta(slot), slotMeta.loans, count);
  }

  /** Who holds the slot now. */
  holders(slot: number): number {
    return Atomics.load(this.#meta(slot), slotMeta.loans);
  }

  /** One holder less; the last one frees the slot. */
  release(slot: number): void {
    const before = Atomics.sub(this.#meta(slot), slotMeta.loans, 1);
    if (before > 1) return;
    if (before < 1) throw new Error(`slot ${slot} was released more often than lent`);
    if (this.#shape.isPoisoning) this.frame(slot).bytes.fill(poison, poisonFrom);
    lock(this.#words, word.mutex);
    const free = this.#words[word.free]!;
    this.#words[word.stack + free] = slot;
    Atomics.store(this.#words, word.free, free + 1);
    unlock(this.#words, word.mutex);
    if (free === 0) ring(this.#words, word.bell);
  }

  /** Slots on loan now. */
  get lentSlots(): number {
    return this.#shape.slots + this.#shape.spareSlots - Atomics.load(this.#words, word.free);
  }

  /** Loans so far, and how many of them had to take a spare slot. */
  get loans(): { readonly all: number; readonly spare: number } {
    return { all: Atomics.load(this.#words, word.lent) >>> 0, spare: Atomics.load(this.#words, word.spareLent) >>> 0 };
  }

  #pop(): number {
    const { slots } = this.#shape;
    lock(this.#words, word.mutex);
    const free = this.#words[word.free]!;
    let slot = -1;
    if (free > 0) {
      slot = this.#words[word.stack + free - 1]!;
      Atomics.store(this.#words, word.free, free - 1);
      Atomics.add(this.#words, word.lent, 1);
      if (slot >= slots) Atomics.add(this.#words, word.spareLent, 1);
    }
    unlock(this.#words, word.mutex);
    return slot;
  }

  #meta(slot: number): Int32Array {
    let meta = this.#metas[slot];
    if (!meta) {
      meta = new Int32Array(this.#buffer, this.#shape.base + slot * this.#slotBytes, 8);
      this.#metas[slot] = meta;
    }
    return meta;
  }
}
