/**
 * The way back from the keepers of a run's frames to the source: a lane for each, which it closes when it has said its last. Roles:
 * each keeper writes into its own lane, the source takes from all of them.
 */
import { Lane, laneWords } from "./lane.js";
import { ring, waitForRing } from "./mutex.js";

const word = { tookBell: 0, saidBell: 1, keepers: 2 } as const;
/** The first word of a keeper's part. */
const closed = 0;
const keeperWords = 1 + laneWords;

export function returnsWords(keepers: number): number {
  return keepers === 0 ? 0 : word.keepers + keepers * keeperWords;
}

export class Returns {
  readonly #words: Int32Array;
  readonly #lanes: readonly Lane[];

  constructor(words: Int32Array, keepers: number) {
    this.#words = words;
    this.#lanes = Array.from(
      { length: keepers },
      (_, keeper) => new Lane(words.subarray(word.keepers + keeper * keeperWords + 1)),
    );
  }

  get keepers(): number {
    return this.#lanes.length;
  }

  /** Keeper: false when there is no room for it before the source takes some. */
  say(keeper: number, record: Uint8Array): boolean {
    if (!this.#lanes[keeper]!.write(record)) return false;
    ring(this.#words, word.saidBell);
    return true;
  }

  /** Keeper: it says nothing more. */
  close(keeper: number): void {
    Atomics.store(this.#words, word.keepers + keeper * keeperWords + closed, 1);
    ring(this.#words, word.saidBell);
  }

  /** Source: what a keeper said since. */
  take(keeper: number): readonly Uint8Array[] {
    const lane = this.#lanes[keeper]!;
    const records = lane.takeUpTo(lane.end);
    if (records.length > 0) ring(this.#words, word.tookBell);
    return records;
  }

  /** Source: whether a keeper may say more; asked before `take`, so that nothing is missed. */
  isOpen(keeper: number): boolean {
    return Atomics.load(this.#words, word.keepers + keeper * keeperWords + closed) === 0;
  }

  /** Counts of the bells: read them before looking, then wait for them to change, a tenth of a second at most. */
  get saidBell(): number {
    return Atomics.load(this.#words, word.saidBell);
  }
  get tookBell(): number {
    return Atomics.load(this.#words, word.tookBell);
  }

  waitForWord(seen: number): void {
    waitForRing(this.#words, word.saidBell, seen, 100);
  }

  waitForRoom(seen: number): void {
    waitForRing(this.#words, word.tookBell, seen, 100);
  }
}
