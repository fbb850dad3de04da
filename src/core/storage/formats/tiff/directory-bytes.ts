/** One TIFF directory (IFD) as bytes: classic TIFF 6.0 section 2 or BigTIFF, little-endian. */

/** Field types: ASCII, SHORT, LONG, RATIONAL (two LONGs), and BigTIFF's LONG8. */
export type Field =
  | { readonly tag: number; readonly type: "text"; readonly text: string }
  | { readonly tag: number; readonly type: "short" | "long" | "long8" | "rational"; readonly values: readonly number[] }
  /** Text that stands in the file already, its closing NUL included in `length`. */
  | { readonly tag: number; readonly type: "textAt"; readonly offset: number; readonly length: number };

export interface DirectoryBytes {
  readonly bytes: Uint8Array;
  /** Offset in the file of the pointer to the next directory, which is 0. */
  readonly pointerAt: number;
  /** Offset in the file of a field's count, behind which its value's offset stands. */
  countAt(tag: number): number;
  /** Offset in the file of a field's value, of one that is too long to stand in the field itself. */
  valueAt(tag: number): number;
}

const typeNumber = { text: 2, textAt: 2, short: 3, long: 4, rational: 5, long8: 16 } as const;
const typeBytes = { text: 1, textAt: 1, short: 2, long: 4, rational: 8, long8: 8 } as const;

/**
 * Where a directory may begin, modulo 16. With an even number of fields the pointer to the next directory, and with the
 * description as sixth field its count and offset, then never cross a page of memory or a sector: the system writes
 * each as a whole.
 */
export function alignDirectory(offset: number, isBig: boolean): number {
  const phase = isBig ? 0 : 6;
  return Math.ceil((offset - phase) / 16) * 16 + phase;
}

/** Encodes `fields`, ascending by tag and even in number, for the file offset `at`; longer values stand behind. */
export function encodeDirectory(fields: readonly Field[], at: number, isBig: boolean): DirectoryBytes {
  const countBytes = isBig ? 8 : 2;
  const fieldBytes = isBig ? 20 : 12;
  const inlineBytes = isBig ? 8 : 4;
  const pointerAt = countBytes + fields.length * fieldBytes;
  const values = fields.map(valueBytes);
  let length = pointerAt + inlineBytes;
  for (const value of values) if (value.length > inlineBytes) length += value.length + (value.length & 1);
  const bytes = new Uint8Array(length);
  const view = new DataView(bytes.buffer);
  const setWord = (offset: number, value: number) =>
    isBig ? view.setBigUint64(offset, BigInt(value), true) : view.setUint32(offset, value, true);
  if (isBig) setWord(0, fields.length);
  else view.setUint16(0, fields.length, true);
  let free = pointerAt + inlineBytes;
  for (const [index, field] of fields.entries()) {
    const start = countBytes + index * fieldBytes;
    const value = values[index]!;
    view.setUint16(start, field.tag, true);
    view.setUint16(start + 2, typeNumber[field.type], true);
    setWord(start + 4, field.type === "textAt" ? field.length : value.length / typeBytes[field.type]);
    const valueAt = start + 4 + inlineBytes;
    if (field.type === "textAt") setWord(valueAt, field.offset);
    else if (value.length <= inlineBytes) bytes.set(value, valueAt);
    else {
      setWord(valueAt, at + free);
      bytes.set(value, free);
      // Values begin on a word boundary (section 2).
      free += value.length + (value.length & 1);
    }
  }
  const countOf = (tag: number) => countBytes + fields.findIndex((field) => field.tag === tag) * fieldBytes + 4;
  return {
    bytes,
    pointerAt: at + pointerAt,
    countAt: (tag) => at + countOf(tag),
    valueAt: (tag) => {
      const word = countOf(tag) + inlineBytes;
      return isBig ? Number(view.getBigUint64(word, true)) : view.getUint32(word, true);
    },
  };
}

function valueBytes(field: Field): Uint8Array {
  if (field.type === "textAt") return new Uint8Array(0);
  if (field.type === "text") return new TextEncoder().encode(`${field.text}\0`);
  const size = field.type === "rational" ? 4 : typeBytes[field.type];
  const bytes = new Uint8Array(field.values.length * size);
  const view = new DataView(bytes.buffer);
  for (const [index, value] of field.values.entries()) {
    if (size === 2) view.setUint16(index * 2, value, true);
    else if (size === 4) view.setUint32(index * 4, value, true);
    else view.setBigUint64(index * 8, BigInt(value), true);
  }
  return bytes;
}
