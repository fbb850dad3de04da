/**
 * What the main thread has for the thread of a source, which may be stuck in a wait of its own: pieces of text in shared
 * memory, taken in order when that thread looks. Roles: one writer, one reader, who closes it when he looks no more.
 */

const word = { posted: 0, taken: 1, lengths: 2 } as const;
const closed = -1;
/** Counts stay below this, far from the sign bit; a multiple of the entries. */
const mostCounted = 1 << 28;

/** Pieces that may wait. */
export const mailboxEntries = 32;
/** Bytes that a piece may have. */
export const mostPieceBytes = 8192;

export const mailboxWords = word.lengths + mailboxEntries + (mailboxEntries * mostPieceBytes) / 4;

export class Mailbox {
  readonly #words: Int32Array;
  readonly #bytes: Uint8Array;

  constructor(words: Int32Array) {
    this.#words = words;
    const at = words.byteOffset + (word.lengths + mailboxEntries) * 4;
    this.#bytes = new Uint8Array(words.buffer, at, mailboxEntries * mostPieceBytes);
  }

  /** Writer: puts a piece in, unless nobody will look any more, or as many wait as may. */
  post(piece: Uint8Array): "posted" | "full" | "closed" {
    if (piece.length > mostPieceBytes) throw new Error(`${piece.length} bytes are more than a piece may have`);
    const posted = Atomics.load(this.#words, word.posted);
    if (posted === closed) return "closed";
    const taken = Atomics.load(this.#words, word.taken);
    if ((posted - taken + mostCounted) % mostCounted === mailboxEntries) return "full";
    const entry = posted % mailboxEntries;
    this.#bytes.set(piece, entry * mostPieceBytes);
    this.#words[word.lengths + entry] = piece.length;
    const next = (posted + 1) % mostCounted;
    return Atomics.compareExchange(this.#words, word.posted, posted, next) === posted ? "posted" : "closed";
  }

  /** Reader: the next piece, a copy; undefined when none waits. */
  take(): Uint8Array | undefined {
    const taken = Atomics.load(this.#words, word.taken);
    const posted = Atomics.load(this.#words, word.posted);
    if (posted === taken || posted === closed) return undefined;
    const entry = taken % mailboxEntries;
    const at = entry * mostPieceBytes;
    const piece = this.#bytes.slice(at, at + this.#words[word.lengths + entry]!);
    Atomics.store(this.#words, word.taken, (taken + 1) % mostCounted);
    return piece;
  }

  /** Reader: closes it if nothing waits; false when something does. Nothing is posted afterwards. */
  close(): boolean {
    const taken = Atomics.load(this.#words, word.taken);
    const seen = Atomics.compareExchange(this.#words, word.posted, taken, closed);
    return seen === taken || seen === closed;
  }
}
