/**
 * Where the main thread, which takes the connections of a tap's readers, hands their descriptors to the tap's thread, and gets
 * them back to close them: a descriptor has one owner at any time.
 */

/** Readers that a tap has at once. */
export const mostReaders = 8;

const bell = 0;
const seatsAt = 1;
const seat = { state: 0, fd: 1, words: 2 } as const;
const state = { free: 0, given: 1, taken: 2, left: 3 } as const;

export class Seats {
  readonly shared: SharedArrayBuffer;
  readonly #words: Int32Array;

  constructor(shared = new SharedArrayBuffer((seatsAt + mostReaders * seat.words) * 4)) {
    this.shared = shared;
    this.#words = new Int32Array(shared);
  }

  /** Main thread: a new reader's descriptor. Returns its seat, or -1 where all are taken. */
  give(fd: number): number {
    const at = this.#find(state.free);
    if (at < 0) return -1;
    Atomics.store(this.#words, this.#at(at) + seat.fd, fd);
    Atomics.store(this.#words, this.#at(at) + seat.state, state.given);
    return at;
  }

  /** The tap's thread: a reader that it has not seen yet; undefined when there is none. */
  takeNew(): { readonly at: number; readonly fd: number } | undefined {
    const at = this.#find(state.given);
    if (at < 0) return undefined;
    Atomics.store(this.#words, this.#at(at) + seat.state, state.taken);
    return { at, fd: Atomics.load(this.#words, this.#at(at) + seat.fd) };
  }

  /** The tap's thread: it has done with the reader on this seat, and writes to its descriptor no more. */
  leave(at: number): void {
    Atomics.store(this.#words, this.#at(at) + seat.state, state.left);
    Atomics.add(this.#words, bell, 1);
    Atomics.notify(this.#words, bell);
  }

  /** Main thread: calls `free` with each seat that is left, from then on free again, until `isOver`. Blocks nothing. */
  async whenLeft(free: (at: number) => void, isOver: () => boolean): Promise<void> {
    while (!isOver()) {
      const seen = Atomics.load(this.#words, bell);
      for (let at = this.#find(state.left); at >= 0; at = this.#find(state.left)) {
        free(at);
        Atomics.store(this.#words, this.#at(at) + seat.state, state.free);
      }
      const change = Atomics.waitAsync(this.#words, bell, seen);
      if (change.async) await change.value;
    }
  }

  #at(index: number): number {
    return seatsAt + index * seat.words;
  }

  #find(wanted: number): number {
    for (let at = 0; at < mostReaders; at++) {
      if (Atomics.load(this.#words, this.#at(at) + seat.state) === wanted) return at;
    }
    return -1;
  }
}
