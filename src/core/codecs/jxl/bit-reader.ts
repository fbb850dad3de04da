/** Bits of a JPEG XL codestream, the lowest of a byte first: ISO/IEC 18181-1, annex B. */
import { FormatProblem } from "../../format-problem.js";

/** U32's four distributions: a constant and that many more bits. */
export type Distributions = readonly (readonly [constant: number, bits: number])[];

/** Enumerated values. */
const enumerated: Distributions = [
  [0, 0],
  [1, 0],
  [2, 4],
  [18, 6],
];

export class BitReader {
  readonly #bytes: Uint8Array;
  #at: number;

  constructor(bytes: Uint8Array, bitAt = 0) {
    this.#bytes = bytes;
    this.#at = bitAt;
  }

  /** Bits read so far. */
  get position(): number {
    return this.#at;
  }

  /** Up to 32 bits; throws a FormatProblem behind the last byte. */
  read(count: number): number {
    let value = 0;
    for (let bit = 0; bit < count; bit++, this.#at++) {
      const byte = this.#bytes[this.#at >> 3];
      if (byte === undefined) throw new FormatProblem("file-cut", "the header ends too early");
      value += ((byte >> (this.#at & 7)) & 1) * 2 ** bit;
    }
    return value;
  }

  flag(): boolean {
    return this.read(1) === 1;
  }

  /** U32: two bits choose one of four distributions. */
  choose(of: Distributions): number {
    const [constant, bits] = of[this.read(2)]!;
    return constant + this.read(bits);
  }

  enumerated(): number {
    return this.choose(enumerated);
  }

  skipToByte(): void {
    this.#at = (this.#at + 7) & ~7;
  }
}
