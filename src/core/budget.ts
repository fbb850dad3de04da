/**
 * What untrusted bytes may cost. Every parser of a file, a stream or a name that somebody else made counts what it does
 * against a budget, and looks at what is there before it makes room for what is claimed.
 */

/** Thrown when something that was read takes more than it may; whoever opened it says what it was. */
export class OverBudget extends Error {
  constructor(what: string) {
    super(what);
    this.name = "OverBudget";
  }
}

/** So many of something: entries, names, bytes. */
export class Budget {
  readonly #what: string;
  readonly #most: number;
  #taken = 0;

  constructor(what: string, most: number) {
    this.#what = what;
    this.#most = most;
  }

  /** Throws an OverBudget when there are more than there may be. */
  take(count = 1): void {
    this.#taken += count;
    if (this.#taken > this.#most)
      throw new OverBudget(`has more than ${this.#most.toLocaleString("en-US")} ${this.#what}`);
  }
}

/** Bytes of a JSON text that people write: a run file, an option file, the metadata of a store. */
export const mostTextBytes = 16 * 1024 * 1024;
/** Objects and lists within each other in JSON; the deepest that Mote writes has ten. */
export const mostJsonDepth = 200;
/** Bytes of a line in a table. */
export const mostLineBytes = 16 * 1024 * 1024;
/** Bytes of a line that is a JSON document: a frame with its detections. */
export const mostDocumentBytes = 64 * 1024 * 1024;
/** Bytes of the journal of a folder of frames, which is read whole: a line of some 250 bytes a frame. */
export const mostJournalBytes = 384 * 1024 * 1024;
/** Rows of a row group of Parquet or a batch of Arrow, which is held as a whole; writers make them of a million and less. */
export const mostGroupRows = 16 * 1024 * 1024;
/** Bytes of memory that a library which decodes may have for any file, and besides for each byte of its length. */
export const leastLibraryBytes = 1024 * 1024 * 1024;
export const memoryOfFile = 4;
/** Bytes of a table that comes down a pipe and has to be held. */
export const mostPipedBytes = 384 * 1024 * 1024;
