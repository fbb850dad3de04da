/**
 * The index of a recording (docs/frame-stream.md, section 8): written in pieces that point back to the piece before, so that
 * it needs a few kilobytes however long the run is.
 */
import { crc32 } from "node:zlib";
import type { ByteSink } from "./byte-pipe.js";
import {
  encodePrefix,
  footerBytes,
  footerMagic,
  indexEntryBytes,
  indexHeaderBytes,
  messageKind,
  prefixBytes,
} from "./message.js";

const entriesPerPiece = 4096;

export interface IndexWriter {
  add(frameNumber: number, frameAt: number, detectionsAt: number): void;
  readonly isFull: boolean;
  /** Writes the piece collected so far as a message. */
  write(sink: ByteSink, sequence: number): void;
  /** The last 16 bytes of the file: where the last piece is. */
  writeFooter(sink: ByteSink): void;
}

export function createIndexWriter(): IndexWriter {
  const head = prefixBytes + indexHeaderBytes;
  const bytes = new Uint8Array(head + entriesPerPiece * indexEntryBytes);
  const view = new DataView(bytes.buffer);
  let count = 0;
  let lastPieceAt = 0;
  return {
    add(frameNumber, frameAt, detectionsAt) {
      const at = head + count++ * indexEntryBytes;
      view.setBigUint64(at, BigInt(frameNumber), true);
      view.setBigUint64(at + 8, BigInt(frameAt), true);
      view.setBigUint64(at + 16, BigInt(detectionsAt), true);
    },
    get isFull() {
      return count === entriesPerPiece;
    },
    write(sink, sequence) {
      view.setBigUint64(prefixBytes, BigInt(lastPieceAt), true);
      view.setUint32(prefixBytes + 8, count, true);
      view.setUint32(prefixBytes + 12, 0, true);
      const payload = bytes.subarray(head, head + count * indexEntryBytes);
      encodePrefix(bytes, messageKind.index, sequence, indexHeaderBytes, payload.length, crc32(payload));
      const at = sink.position;
      sink.write([bytes.subarray(0, head + payload.length)]);
      lastPieceAt = at;
      count = 0;
    },
    writeFooter(sink) {
      const footer = new Uint8Array(footerBytes);
      new DataView(footer.buffer).setBigUint64(0, BigInt(lastPieceAt), true);
      footer.set(footerMagic, 8);
      sink.write([footer]);
    },
  };
}
