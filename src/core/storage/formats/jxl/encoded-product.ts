/**
 * An encoded frame on its way from a mapper to the serial part: a record of 8 bytes, then the codestream. A frame that does
 * not fit has no product; the serial part encodes it.
 *
 *     0   4   CRC-32 of the pixels
 *     4   4   1: decoded again and found equal
 *     8   codestream
 */
import type { Product } from "../../../memory/products.js";
import type { EncodedFrame } from "./encode-frame.js";

const recordBytes = 8;

/** Hands the frame on, unless it needs more room. */
export function storeEncoded(product: Product, encoded: EncodedFrame): void {
  const { room } = product;
  const length = recordBytes + encoded.bytes.length;
  if (length > room.length) return;
  const record = new DataView(room.buffer, room.byteOffset, recordBytes);
  record.setUint32(0, encoded.crc32, true);
  record.setUint32(4, encoded.isVerified ? 1 : 0, true);
  room.set(encoded.bytes, recordBytes);
  product.length = length;
}

/** What a mapper handed on, in place; undefined when it did not. */
export function borrowEncoded({ room, length }: Product): EncodedFrame | undefined {
  if (length === 0) return undefined;
  const record = new DataView(room.buffer, room.byteOffset, recordBytes);
  return {
    bytes: room.subarray(recordBytes, length),
    crc32: record.getUint32(0, true),
    isVerified: record.getUint32(4, true) === 1,
  };
}
