/**
 * A ring of bytes beside a link, for what is told with its entries where it must not wait for a place among them: records of any length,
 * in order. Roles: one producer, one consumer. A full lane refuses a record; nothing in it is ever given up.
 */
const word = { written: 0, read: 1, bytes: 2 } as const;
const laneBytes = 1 << 16;
/** Both counts go round at this, far from the sign bit; a multiple of the lane's bytes. */
const mostCount = 1 << 28;
const headBytes = 4;

export const laneWords = word.bytes + laneBytes / 4;

/** The longest record that a lane takes, when it is empty. */
export const longestRecord = laneBytes - headBytes;

const nothing: readonly Uint8Array[] = [];

export class Lane {
  readonly #words: Int32Array;
  readonly #bytes: Uint8Array;
  readonly #head = new DataView(new ArrayBuffer(headBytes));

  constructor(words: Int32Array) {
    this.#words = words;
    this.#bytes = new Uint8Array(words.buffer, words.byteOffset + word.bytes * 4, laneBytes);
  }

  /** Where the next record goes: what an entry that comes behind all that is written says of itself. */
  get end(): number {
    return Atomics.load(this.#words, word.written);
  }

  /** Producer: false when there is no room for it now. */
  write(record: Uint8Array): boolean {
    const end = this.end;
    const waiting = (end - Atomics.load(this.#words, word.read) + mostCount) % mostCount;
    if (waiting + headBytes + record.length > laneBytes) return false;
    this.#head.setUint32(0, record.length);
    this.#put(end, new Uint8Array(this.#head.buffer));
    this.#put(end + headBytes, record);
    Atomics.store(this.#words, word.written, (end + headBytes + record.length) % mostCount);
    return true;
  }

  /** Consumer: whether there is anything in front of `end`. */
  hasUpTo(end: number): boolean {
    return Atomics.load(this.#words, word.read) !== end;
  }

  /** Consumer: takes the records in front of `end`. */
  takeUpTo(end: number): readonly Uint8Array[] {
    let at = Atomics.load(this.#words, word.read);
    if (at === end) return nothing;
    const records: Uint8Array[] = [];
    while (at !== end) {
      const head = this.#copy(at, headBytes);
      const length = new DataView(head.buffer).getUint32(0);
      records.push(this.#copy(at + headBytes, length));
      at = (at + headBytes + length) % mostCount;
    }
    Atomics.store(this.#words, word.read, at);
    return records;
  }

  #put(at: number, bytes: Uint8Array): void {
    const start = at % laneBytes;
    const part = bytes.subarray(0, laneBytes - start);
    this.#bytes.set(part, start);
    this.#bytes.set(bytes.subarray(part.length), 0);
  }

  #copy(at: number, length: number): Uint8Array {
    const start = at % laneBytes;
    const copy = new Uint8Array(length);
    const part = this.#bytes.subarray(start, Math.min(laneBytes, start + length));
    copy.set(part);
    copy.set(this.#bytes.subarray(0, length - part.length), part.length);
    return copy;
  }
}
