/**
 * A TIFF file that grows by whole pages: pixels, then the page's directory, and last the pointer of the directory before,
 * so that at every moment the chain of directories is whole. Knows nothing of what the pages say.
 */
import { fsyncSync, ftruncateSync } from "node:fs";
import { writeAll } from "../../write-all.js";
import { alignDirectory, type DirectoryBytes, encodeDirectory, type Field } from "./directory-bytes.js";

/** Classic TIFF has offsets of 32 bits. */
export const mostClassicBytes = 0xffff_ffff;

export interface Strips {
  readonly offsets: number[];
  readonly byteCounts: number[];
}

export interface NewPage {
  /** Bytes to stand before the pixels: a description that will be patched. */
  readonly lead: Uint8Array | undefined;
  readonly strips: readonly Uint8Array[];
  /** The directory's fields, once it is known where everything stands. */
  describe(strips: Strips, leadAt: number): readonly Field[];
  /** What else has to be right once the page is in the chain; an error takes it out again. */
  linked?(directory: DirectoryBytes): void;
}

export class PageChain {
  readonly isBig: boolean;
  readonly #fd: number;
  /** First byte behind the last whole page. */
  #end: number;
  /** Where the offset of the next page goes: in the header at first, in the last directory afterwards. */
  #pointerAt: number;

  /** Writes the header (TIFF 6.0 section 2; BigTIFF: version 43, offsets of 8 bytes), which points nowhere yet. */
  constructor(fd: number, isBig: boolean) {
    this.isBig = isBig;
    this.#fd = fd;
    this.#end = isBig ? 16 : 8;
    this.#pointerAt = isBig ? 8 : 4;
    const header = new Uint8Array(this.#end);
    header.set(isBig ? [0x49, 0x49, 43, 0, 8, 0, 0, 0] : [0x49, 0x49, 42, 0]);
    this.write(header, 0);
  }

  get end(): number {
    return this.#end;
  }

  /** Appends a page: all of it, or an error and the file as before. */
  append(page: NewPage): void {
    const end = this.#end;
    const pointerAt = this.#pointerAt;
    try {
      let at = end;
      if (page.lead) at += this.write(page.lead, at);
      const strips: Strips = { offsets: [], byteCounts: [] };
      // Pixels begin where any type may begin, for programs that map the file into memory.
      at = Math.ceil(at / 16) * 16;
      for (const strip of page.strips) {
        strips.offsets.push(at);
        strips.byteCounts.push(strip.length);
        at += this.write(strip, at);
        at += at & 1;
      }
      const directoryAt = alignDirectory(at, this.isBig);
      const directory = encodeDirectory(page.describe(strips, end), directoryAt, this.isBig);
      this.write(directory.bytes, directoryAt);
      this.#setPointer(pointerAt, directoryAt);
      page.linked?.(directory);
      this.#pointerAt = directory.pointerAt;
      this.#end = directoryAt + directory.bytes.length;
    } catch (error) {
      this.#restore(end, pointerAt);
      throw error;
    }
  }

  /** Lets a field of text point at a longer one, appended to the file; an error leaves the old one. */
  replaceText(countAt: number, text: Uint8Array): void {
    const at = this.#end;
    try {
      this.write(text, at);
    } catch (error) {
      ftruncateSync(this.#fd, at);
      throw error;
    }
    const words = new Uint8Array(this.isBig ? 16 : 8);
    const view = new DataView(words.buffer);
    if (this.isBig) {
      view.setBigUint64(0, BigInt(text.length), true);
      view.setBigUint64(8, BigInt(at), true);
    } else {
      view.setUint32(0, text.length, true);
      view.setUint32(4, at, true);
    }
    this.#end += text.length;
    this.write(words, countAt);
  }

  /** Writes all of `bytes` there; returns how many that were. */
  write(bytes: Uint8Array, at: number): number {
    writeAll(this.#fd, bytes, at);
    return bytes.length;
  }

  sync(): void {
    fsyncSync(this.#fd);
  }

  #setPointer(at: number, offset: number): void {
    const word = new Uint8Array(this.isBig ? 8 : 4);
    const view = new DataView(word.buffer);
    if (this.isBig) view.setBigUint64(0, BigInt(offset), true);
    else view.setUint32(0, offset, true);
    this.write(word, at);
  }

  /** Back to the last whole page. Best effort: the error that led here is the one to tell. */
  #restore(end: number, pointerAt: number): void {
    this.#end = end;
    this.#pointerAt = pointerAt;
    try {
      this.#setPointer(pointerAt, 0);
      ftruncateSync(this.#fd, end);
    } catch {
      // A disk that refuses this too keeps bytes behind the last page, which no reader looks at.
    }
  }
}
