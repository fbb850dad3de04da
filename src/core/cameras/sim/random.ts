/** Seeded random numbers, the same on every machine: never Math.random. */

/** sfc32 by Chris Doty-Humphrey (PractRand 0.95): 128 bits of state, period about 2^127, 32 bits a call. */
export class Random {
  #a = 0;
  #b = 0;
  #c = 0;
  #counter = 0;
  #spare = Number.NaN;

  /** Streams of one seed with different `purpose` or `index` have nothing to do with each other. */
  constructor(seed: number, purpose: number, index = 0) {
    this.restart(seed, purpose, index);
  }

  /** Begins another stream without a new object. */
  restart(seed: number, purpose: number, index = 0): void {
    this.#a = (seed | 0) ^ 0x9e3779b9;
    this.#b = Math.floor(seed / 4294967296) ^ Math.imul(purpose + 1, 0x85ebca6b);
    this.#c = index | 0;
    this.#counter = 1 + Math.floor(index / 4294967296);
    this.#spare = Number.NaN;
    for (let round = 0; round < 15; round++) this.uint32();
  }

  uint32(): number {
    const sum = (((this.#a + this.#b) | 0) + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + sum) | 0;
    return sum >>> 0;
  }

  /** Uniform, 0 <= value < 1, 32 bits. */
  uniform(): number {
    return this.uint32() / 4294967296;
  }

  /** A whole number, 0 <= value < `limit`. */
  below(limit: number): number {
    return Math.floor(this.uniform() * limit);
  }

  /** Mean 0, standard deviation 1 (Box and Muller 1958; both values of a pair are used). */
  normal(): number {
    if (!Number.isNaN(this.#spare)) {
      const spare = this.#spare;
      this.#spare = Number.NaN;
      return spare;
    }
    const radius = Math.sqrt(-2 * Math.log((this.uint32() + 1) / 4294967296));
    const angle = 2 * Math.PI * this.uniform();
    this.#spare = radius * Math.sin(angle);
    return radius * Math.cos(angle);
  }

  /** Poisson with mean `mean` >= 0: multiplication (Knuth) below 10, transformed rejection PTRS (Hoermann 1993) from there. */
  poisson(mean: number): number {
    if (mean < 10) {
      const limit = Math.exp(-mean);
      let product = this.uniform();
      let count = 0;
      while (product > limit) {
        product *= this.uniform();
        count++;
      }
      return count;
    }
    const b = 0.931 + 2.53 * Math.sqrt(mean);
    const a = -0.059 + 0.02483 * b;
    const inverseAlpha = 1.1239 + 1.1328 / (b - 3.4);
    const vr = 0.9277 - 3.6224 / (b - 2);
    for (;;) {
      const u = this.uniform() - 0.5;
      const v = this.uniform();
      const us = 0.5 - Math.abs(u);
      const count = Math.floor(((2 * a) / us + b) * u + mean + 0.43);
      if (us >= 0.07 && v <= vr) return count;
      if (count < 0 || (us < 0.013 && v > us)) continue;
      const accepted = Math.log(v) + Math.log(inverseAlpha) - Math.log(a / (us * us) + b);
      if (accepted <= -mean + count * Math.log(mean) - logFactorial(count)) return count;
    }
  }
}

/** What the streams of one seed are for. */
export const purpose = { beads: 1, motion: 2, blink: 3, background: 4, shot: 5, rows: 6, hotPixels: 7 } as const;

/** ln(n!): a table up to 9, Stirling's series with three terms beyond (error below 1e-10). */
function logFactorial(n: number): number {
  if (n < 10) return smallLogFactorials[n]!;
  const m = n + 1;
  return (
    (m - 0.5) * Math.log(m) - m + 0.5 * Math.log(2 * Math.PI) + 1 / (12 * m) - 1 / (360 * m ** 3) + 1 / (1260 * m ** 5)
  );
}
const smallLogFactorials = Array.from({ length: 10 }, (_, n) => {
  let product = 1;
  for (let k = 2; k <= n; k++) product *= k;
  return Math.log(product);
});
