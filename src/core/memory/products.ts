/**
 * What a stage's mappers make of frames in bytes, as an encoded image: on its way to the stage's serial part it stands in
 * memory of the stage's own, not in the slot, which others may be reading. There is one buffer for each place of the link
 * that mappers may be at, and one for the frame that the serial part has in hand; the link lets mappers claim no more.
 */

/** One buffer. The bytes that mean something are the stage's to say. */
export interface Product {
  readonly room: Uint8Array;
  /** Bytes of the room that are used; 0 when the mapper made nothing of its frame. */
  length: number;
}

/** Where the buffers are in the shared memory. */
export interface ProductPlace {
  /** Byte offset of the first, a multiple of 64. */
  readonly offset: number;
  readonly count: number;
  /** Bytes of room in each. */
  readonly bytes: number;
}

/** The room begins here; the length stands before it. */
const roomAt = 64;

function strideOf({ bytes }: Pick<ProductPlace, "bytes">): number {
  return roomAt + Math.ceil(bytes / 64) * 64;
}

/** Bytes that all of a stage's products take. */
export function productsBytes(place: Omit<ProductPlace, "offset">): number {
  return place.count * strideOf(place);
}

class SharedProduct implements Product {
  readonly room: Uint8Array;
  readonly #words: Int32Array;

  constructor(buffer: ArrayBufferLike, offset: number, bytes: number) {
    this.#words = new Int32Array(buffer, offset, 1);
    this.room = new Uint8Array(buffer, offset + roomAt, bytes);
  }

  get length(): number {
    return this.#words[0]!;
  }
  set length(bytes: number) {
    this.#words[0] = bytes;
  }
}

export class Products {
  readonly #all: readonly Product[];

  constructor(buffer: ArrayBufferLike, place: ProductPlace) {
    const stride = strideOf(place);
    this.#all = Array.from(
      { length: place.count },
      (_, i) => new SharedProduct(buffer, place.offset + i * stride, place.bytes),
    );
  }

  /** Mapper: an empty one for the entry at this position of the link. */
  begin(position: number): Product {
    const product = this.at(position);
    product.length = 0;
    return product;
  }

  /** Serial part: what was made for the entry at this position. */
  at(position: number): Product {
    return this.#all[position % this.#all.length]!;
  }
}
