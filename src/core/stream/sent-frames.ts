/** Where the frames end that were written to a pipe last: so many as a pipe can hold, to tell which of them were not read. */

/** A pipe holds 1 MiB at most (pipe(7), pipe-max-size), and a frame message takes 193 bytes at least. */
const kept = 8192;

export class SentFrames {
  /** Bytes of the stream up to the end of a frame, the newest at `#count - 1`, in a ring. */
  readonly #ends = new Float64Array(kept);
  #count = 0;

  /** A frame was written up to this byte of the stream. */
  add(endByte: number): void {
    this.#ends[this.#count++ % kept] = endByte;
  }

  /** Frames that were written and that a reader of so many bytes does not have whole. */
  behind(readBytes: number): number {
    let frames = 0;
    while (frames < Math.min(this.#count, kept) && this.#ends[(this.#count - 1 - frames) % kept]! > readBytes) frames++;
    return frames;
  }
}
