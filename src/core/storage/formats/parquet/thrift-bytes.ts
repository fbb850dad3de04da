/**
 * Structs in Thrift's compact protocol, which Parquet's page headers and footer are written in (Apache Thrift,
 * doc/specs/thrift-compact-protocol.md). Knows nothing of Parquet.
 */

/** Wire types, section "Struct encoding" of the specification. */
export const thriftType = { i32: 5, i64: 6, binary: 8, list: 9, struct: 12 } as const;

/** Most bytes of a variable-length integer below 2^53, and of a field's header. */
const longestVarint = 10;

const encoder = new TextEncoder();

/** Appends fields in ascending order of their ids; structs and lists are opened, filled and closed. */
export class ThriftBytes {
  #bytes = new Uint8Array(1024);
  #length = 0;
  /** Id of the last field of every struct that is open, the innermost last. */
  readonly #lastField = [0];

  get length(): number {
    return this.#length;
  }

  /** What has been written so far; good until the next call. */
  borrow(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  clear(): void {
    this.#length = 0;
    this.#lastField.splice(0, this.#lastField.length, 0);
  }

  i32(field: number, value: number): void {
    this.#header(field, thriftType.i32);
    this.zigzag(value);
  }

  /** |value| below 2^52. */
  i64(field: number, value: number): void {
    this.#header(field, thriftType.i64);
    this.zigzag(value);
  }

  text(field: number, value: string): void {
    this.binary(field, encoder.encode(value));
  }

  binary(field: number, value: Uint8Array): void {
    this.#header(field, thriftType.binary);
    this.#counted(value);
  }

  /** A struct as a field; `endStruct` closes it. */
  struct(field: number): void {
    this.#header(field, thriftType.struct);
    this.#lastField.push(0);
  }

  /** A list as a field, its elements to follow: `zigzag`, `element`, `beginElement` or `raw`. */
  list(field: number, elementType: number, count: number): void {
    this.#header(field, thriftType.list);
    this.#reserve(1 + longestVarint);
    if (count < 15) this.#bytes[this.#length++] = (count << 4) | elementType;
    else {
      this.#bytes[this.#length++] = 0xf0 | elementType;
      this.#varint(count);
    }
  }

  /** A struct as an element of a list; `endStruct` closes it. */
  beginElement(): void {
    this.#lastField.push(0);
  }

  /** Ends the innermost struct; the outermost one too. */
  endStruct(): void {
    this.#reserve(1);
    this.#bytes[this.#length++] = 0;
    this.#lastField.pop();
  }

  /** A text as an element of a list. */
  element(value: string): void {
    this.#counted(encoder.encode(value));
  }

  /** An integer as an element of a list; |value| below 2^52. */
  zigzag(value: number): void {
    this.#reserve(longestVarint);
    this.#varint(value < 0 ? -2 * value - 1 : 2 * value);
  }

  /** Bytes that are encoded already. */
  raw(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  #header(field: number, type: number): void {
    this.#reserve(1 + longestVarint);
    const innermost = this.#lastField.length - 1;
    const step = field - this.#lastField[innermost]!;
    this.#lastField[innermost] = field;
    this.#bytes[this.#length++] = (step << 4) | type;
  }

  #counted(value: Uint8Array): void {
    this.#reserve(longestVarint);
    this.#varint(value.length);
    this.raw(value);
  }

  /** A number below 2^53, seven bits a byte, the lowest first. */
  #varint(value: number): void {
    let rest = value;
    while (rest >= 128) {
      this.#bytes[this.#length++] = (rest % 128) | 128;
      rest = Math.floor(rest / 128);
    }
    this.#bytes[this.#length++] = rest;
  }

  #reserve(more: number): void {
    if (this.#length + more <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(2 * this.#bytes.length, this.#length + more));
    grown.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = grown;
  }
}
