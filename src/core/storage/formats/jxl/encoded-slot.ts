/**
 * An encoded frame in its slot: how a mapper hands bytes to the serial part. They replace the pixels, behind a record of
 * 16 bytes, and a row count that no frame has says so. A frame that does not get smaller keeps its pixels; the serial part
 * encodes it. Only a sink may do this: behind it nobody looks for pixels.
 *
 *     0   4   bytes of the codestream
 *     4   4   CRC-32 of the pixels
 *     8   4   1: decoded again and found equal
 *    12   4   the row count that was there, to be put back
 *    16   codestream
 */
import type { Frame } from "../../../memory/frame.js";
import { encodedRows } from "../../../memory/slot-layout.js";
import type { EncodedFrame } from "./encode-frame.js";

const recordBytes = 16;

/** Puts the bytes where the pixels are; false, and nothing changed, when they need more room. */
export function storeEncoded(frame: Frame, encoded: EncodedFrame): boolean {
  const room = frame.pixelBytes;
  if (recordBytes + encoded.bytes.length > room.length) return false;
  const record = new DataView(room.buffer, room.byteOffset, recordBytes);
  record.setUint32(0, encoded.bytes.length, true);
  record.setUint32(4, encoded.crc32, true);
  record.setUint32(8, encoded.isVerified ? 1 : 0, true);
  record.setInt32(12, frame.rowCount, true);
  room.set(encoded.bytes, recordBytes);
  frame.rowCount = encodedRows;
  return true;
}

/** What a mapper stored, in place; undefined when the slot holds pixels. */
export function borrowEncodedFrame(frame: Frame): EncodedFrame | undefined {
  if (frame.rowCount !== encodedRows) return undefined;
  const room = frame.pixelBytes;
  const record = new DataView(room.buffer, room.byteOffset, recordBytes);
  return {
    bytes: room.subarray(recordBytes, recordBytes + record.getUint32(0, true)),
    crc32: record.getUint32(4, true),
    isVerified: record.getUint32(8, true) === 1,
  };
}

/** Puts the row count back, for those who count rows; the pixels are gone. */
export function forgetEncoded(frame: Frame): void {
  if (frame.rowCount !== encodedRows) return;
  const room = frame.pixelBytes;
  frame.rowCount = new DataView(room.buffer, room.byteOffset, recordBytes).getInt32(12, true);
}
