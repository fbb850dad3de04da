/** The bones of a TIFF: header, directories (IFDs) and their entries; classic TIFF 6.0 and BigTIFF, both byte orders. */
import { FormatProblem } from "../../format-problem.js";
import { type ByteSource, requireBytes } from "../byte-source.js";

/** Bytes of a value of each field type (TIFF 6.0 section 2; 16 to 18 are BigTIFF's). */
export const typeBytes: Readonly<Record<number, number>> = {
  1: 1,
  2: 1,
  3: 2,
  4: 4,
  5: 8,
  6: 1,
  7: 1,
  8: 2,
  9: 4,
  10: 8,
  11: 4,
  12: 8,
  13: 4,
  16: 8,
  17: 8,
  18: 8,
};
const windowBytes = 4096;
/** A directory has a few dozen entries; a damaged count is refused before it is believed. */
const mostEntries = 4096;
/** OME-XML of long recordings reaches tens of megabytes. */
const longestText = 1 << 28;

export interface Entry {
  readonly tag: number;
  readonly type: number;
  readonly count: number;
  /** Where its values begin. */
  readonly valueOffset: number;
}

export interface Directory {
  readonly offset: number;
  readonly entries: ReadonlyMap<number, Entry>;
  /** Offset of the next directory; 0 after the last. */
  readonly nextOffset: number;
}

/** Reads the structure of one TIFF through a small window, so that neighbouring fields cost one read. */
/** The header leads to no page: its writer did not come to the first one, or the header was damaged. */
export class NoFirstPage extends FormatProblem {
  constructor(what: string, byte: number) {
    super("file-cut", what, byte);
  }
}

export class TiffReader {
  readonly source: ByteSource;
  readonly isLittleEndian: boolean;
  readonly isBig: boolean;
  readonly firstDirectory: number;
  readonly #window = new Uint8Array(windowBytes);
  readonly #view = new DataView(this.#window.buffer);
  #start = 0;
  #end = 0;

  /** Reads the header (TIFF 6.0 section 2, BigTIFF: version 43). */
  constructor(source: ByteSource) {
    this.source = source;
    const order = this.#view.getUint16(this.#at(0, 8), false);
    if (order !== 0x4949 && order !== 0x4d4d)
      throw new FormatProblem("wrong-format", "this is no TIFF: it does not begin with II or MM", 0);
    this.isLittleEndian = order === 0x4949;
    const version = this.uint16(2);
    if (version !== 42 && version !== 43) {
      throw new FormatProblem("wrong-format", `the TIFF version is ${version}, expected 42 (TIFF) or 43 (BigTIFF)`, 2);
    }
    this.isBig = version === 43;
    if (this.isBig && (this.uint16(4) !== 8 || this.uint16(6) !== 0)) {
      throw new FormatProblem("file-damaged", `BigTIFF offsets have ${this.uint16(4)} bytes, expected 8`, 4);
    }
    this.firstDirectory = this.isBig ? this.uint64(8) : this.uint32(4);
    if (this.firstDirectory === 0) throw new NoFirstPage("the TIFF holds no image: its first directory is at 0", 4);
  }

  uint16(offset: number): number {
    return this.#view.getUint16(this.#at(offset, 2), this.isLittleEndian);
  }

  uint32(offset: number): number {
    return this.#view.getUint32(this.#at(offset, 4), this.isLittleEndian);
  }

  uint64(offset: number): number {
    const value = this.#view.getBigUint64(this.#at(offset, 8), this.isLittleEndian);
    if (value > BigInt(Number.MAX_SAFE_INTEGER))
      throw new FormatProblem("file-damaged", `${value} is no offset or length`, offset);
    return Number(value);
  }

  directory(offset: number): Directory {
    const countBytes = this.isBig ? 8 : 2;
    const entryBytes = this.isBig ? 20 : 12;
    const count = this.isBig ? this.uint64(offset) : this.uint16(offset);
    if (count === 0 || count > mostEntries) {
      throw new FormatProblem(
        "file-damaged",
        `a directory with ${count} entries, expected 1 to ${mostEntries}`,
        offset,
      );
    }
    const entries = new Map<number, Entry>();
    for (let index = 0; index < count; index++) {
      const at = offset + countBytes + index * entryBytes;
      const type = this.uint16(at + 2);
      const values = this.isBig ? this.uint64(at + 4) : this.uint32(at + 4);
      const inline = at + (this.isBig ? 12 : 8);
      const bytes = (typeBytes[type] ?? 0) * values;
      const fits = bytes <= (this.isBig ? 8 : 4);
      const number = this.uint16(at);
      const valueOffset = fits ? inline : this.isBig ? this.uint64(inline) : this.uint32(inline);
      if (!entries.has(number)) entries.set(number, { tag: number, type, count: values, valueOffset });
    }
    const end = offset + countBytes + count * entryBytes;
    return { offset, entries, nextOffset: this.isBig ? this.uint64(end) : this.uint32(end) };
  }

  /** The values of a whole-number entry, `least` to `most` of them. */
  numbers(entry: Entry, least: number, most: number): Float64Array {
    const size = typeBytes[entry.type];
    if (size === undefined || ![1, 3, 4, 13, 16].includes(entry.type)) {
      throw new FormatProblem(
        "file-damaged",
        `tag ${entry.tag} has field type ${entry.type}, expected a whole number`,
        entry.valueOffset,
      );
    }
    if (entry.count < least || entry.count > most) {
      const expected = least === most ? `${least}` : `${least} to ${most}`;
      throw new FormatProblem(
        "file-damaged",
        `tag ${entry.tag} has ${entry.count} values, expected ${expected}`,
        entry.valueOffset,
      );
    }
    requireBytes(this.source.sizeBytes, entry.valueOffset, entry.count * size);
    const values = new Float64Array(entry.count);
    for (let index = 0; index < entry.count; index++) {
      const at = entry.valueOffset + index * size;
      if (size === 2) values[index] = this.uint16(at);
      else if (size === 4) values[index] = this.uint32(at);
      else values[index] = size === 8 ? this.uint64(at) : this.#window[this.#at(at, 1)]!;
    }
    return values;
  }

  /** A rational (TIFF 6.0 type 5); NaN when it is none. */
  rational(entry: Entry | undefined): number {
    if (entry?.type !== 5 || entry.count < 1) return Number.NaN;
    return this.uint32(entry.valueOffset) / this.uint32(entry.valueOffset + 4);
  }

  /** Text up to its first NUL, as UTF-8 (TIFF says ASCII, writers of OME-XML mean UTF-8). Empty when there is none. */
  text(entry: Entry | undefined): string {
    if (entry === undefined || (entry.type !== 2 && entry.type !== 1)) return "";
    if (entry.count > longestText)
      throw new FormatProblem("file-damaged", `tag ${entry.tag} claims ${entry.count} characters`, entry.valueOffset);
    requireBytes(this.source.sizeBytes, entry.valueOffset, entry.count);
    const bytes = new Uint8Array(entry.count);
    this.source.readInto(bytes, entry.valueOffset);
    const end = bytes.indexOf(0);
    return new TextDecoder().decode(end < 0 ? bytes : bytes.subarray(0, end));
  }

  /** Index in the window of `offset`, after making sure that `length` bytes from there on are in it. */
  #at(offset: number, length: number): number {
    if (offset < this.#start || offset + length > this.#end) {
      requireBytes(this.source.sizeBytes, offset, length);
      // Directories of a stack lie a frame apart: a small read is enough there; neighbours come along for free.
      const wanted = Math.min(windowBytes, this.source.sizeBytes - offset);
      this.source.readInto(this.#window.subarray(0, Math.max(length, wanted)), offset);
      this.#start = offset;
      this.#end = offset + Math.max(length, wanted);
    }
    return offset - this.#start;
  }
}
