/** Chance that can be repeated: a generator for each input, from the seed of the whole and the input's number. */

/** 32 bits of a well-mixed hash (the finalizer of MurmurHash3). */
function mix(value) {
  let h = value | 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

export class Random {
  #state;

  constructor(seed, number) {
    this.#state = mix(mix(seed) ^ mix(number + 0x9e3779b9));
  }

  /** A whole number from 0 to 2^32 - 1. */
  word() {
    this.#state = (this.#state + 0x9e3779b9) | 0;
    return mix(this.#state);
  }

  /** A whole number from 0 to `count` - 1. */
  below(count) {
    return Math.floor((this.word() / 2 ** 32) * count);
  }

  pick(list) {
    return list[this.below(list.length)];
  }

  chance(probability) {
    return this.word() / 2 ** 32 < probability;
  }
}
