/**
 * A Parquet file that is whole at every moment while it grows, so that a process killed at any point leaves one that
 * stock readers open. Knows nothing of columns.
 *
 * A reader takes the last eight bytes, the footer's length and the magic, and looks for the footer so many bytes before
 * them. So a new footer is written to bytes that nothing points to, and becomes the file's by one write of four bytes
 * inside one page of memory, which no signal interrupts. What stands between a footer and the last eight bytes is read and
 * ignored: the format has a signature there in files with a signed plain footer (parquet-format, Encryption.md,
 * section 5.5), which readers without encryption pass over. The end moves in the same way: eight bytes behind a hole, with
 * a length that reaches back to the footer in use. At last the footer is written right behind the data and the file cut
 * behind it, so a file that was closed has no such bytes.
 */
import { closeSync, fsyncSync, ftruncateSync } from "node:fs";
import { writeAll } from "../../write-all.js";
import { magic, trailer } from "./footer.js";

const pageBytes = 4096;
export const trailerBytes = 8;

/** The multiple of a page of memory at or behind `position`: what lies at the end of one crosses no border of pages. */
export function nextPage(position: number): number {
  return Math.ceil(position / pageBytes) * pageBytes;
}

export class SwitchedFile {
  readonly #fd: number;
  #end: number;
  #footerAt: number;
  #footerBytes: number;

  /** Takes an empty file and makes it a Parquet file with this footer, of no rows. */
  constructor(fd: number, footer: Uint8Array) {
    this.#fd = fd;
    this.write(Buffer.concat([magic, footer, trailer(footer.length)]), 0);
    this.#footerAt = magic.length;
    this.#footerBytes = footer.length;
    this.#end = magic.length + footer.length + trailerBytes;
  }

  /** Bytes of the file. */
  get end(): number {
    return this.#end;
  }

  /** Behind the footer in use. */
  get footerEnd(): number {
    return this.#footerAt + this.#footerBytes;
  }

  /** All of `bytes`, or an error; where nothing points to, so the file stays what it was either way. */
  write(bytes: Uint8Array, position: number): void {
    writeAll(this.#fd, bytes, position);
  }

  /** Moves the end, a multiple of a page, outwards; the footer in use stays. */
  extend(end: number): void {
    try {
      this.write(trailer(end - trailerBytes - this.#footerAt), end - trailerBytes);
    } catch (error) {
      ftruncateSync(this.#fd, this.#end);
      throw error;
    }
    this.#end = end;
  }

  /** Writes a footer where nothing in use lies, and makes it the file's. */
  switchTo(footer: Uint8Array, at: number): void {
    this.write(footer, at);
    const place = this.#end - trailerBytes;
    this.write(trailer(place - at).subarray(0, 4), place);
    this.#footerAt = at;
    this.#footerBytes = footer.length;
  }

  /** Ends the file with this footer at `at`, behind all that is to stay and before all that is in use. */
  cutBehind(footer: Uint8Array, at: number): void {
    this.write(Buffer.concat([footer, trailer(footer.length)]), at);
    ftruncateSync(this.#fd, at + footer.length + trailerBytes);
    this.#end = at + footer.length + trailerBytes;
    this.#footerAt = at;
    this.#footerBytes = footer.length;
  }

  sync(): void {
    fsyncSync(this.#fd);
  }

  close(): void {
    closeSync(this.#fd);
  }
}
