/** The bytes of the frame stream (docs/frame-stream.md): preamble, message prefix, detections header. Pure. */
import { crc32 } from "node:zlib";
import type { Problem } from "../errors.js";
import { foreignBytes } from "./foreign-bytes.js";

/** Section 2: a high bit, the name, both line endings and a Ctrl-Z: any text-mode copy breaks it. Version 1.0 follows. */
export const preamble = Uint8Array.from([0x89, 0x4d, 0x4f, 0x54, 0x45, 0x0d, 0x0a, 0x1a, 0x0a, 0x00, 1, 0, 0, 0, 0, 0]);
const magicBytes = 10;

/** Section 3. */
export const messageKind = { descriptor: 1, frame: 2, detections: 3, event: 4, end: 5, index: 6 } as const;
export const prefixBytes = 40;
export const prefixMagic = 0x534d544d; // "MTMS" as bytes in the stream
export const flagPayloadChecksum = 1;
export const detectionsHeaderBytes = 40;
export const indexHeaderBytes = 16;
export const indexEntryBytes = 24;
export const footerBytes = 16;
export const footerMagic = Uint8Array.from([0x4d, 0x4f, 0x54, 0x45, 0x49, 0x44, 0x58, 0x0a]); // "MOTEIDX\n"

/** Caps that hold whatever a stream claims; the payload's cap is the caller's. */
export const maxHeaderBytes = 65_536;
export const maxJsonBytes = 16 * 1024 * 1024;

export interface Prefix {
  kind: number;
  flags: number;
  headerBytes: number;
  payloadBytes: number;
  sequence: number;
  payloadChecksum: number;
  headerChecksum: number;
}

/** A prefix to decode into. */
export function emptyPrefix(): Prefix {
  return { kind: 0, flags: 0, headerBytes: 0, payloadBytes: 0, sequence: 0, payloadChecksum: 0, headerChecksum: 0 };
}

/** What is wrong with the first 16 bytes of a stream, or undefined. */
export function preambleFault(bytes: Uint8Array): Pick<Problem, "code" | "what" | "hint"> | undefined {
  for (let i = 0; i < magicBytes; i++) {
    if (bytes[i] !== preamble[i]) {
      const { what, isReplayed } = foreignBytes(bytes);
      const hint = isReplayed
        ? "Let acquire read the file: mote acquire FILE | mote ..."
        : "Frame streams come from mote acquire, or from .mote files.";
      return { code: "not-a-frame-stream", what: `expected a frame stream, got ${what}`, hint };
    }
  }
  const version = bytes[10]! | (bytes[11]! << 8);
  if (version === 1) return undefined;
  return {
    code: "file-too-new",
    what: `expected frame stream version 1, got version ${version}`,
    hint: "A newer Mote made it, and reads it.",
  };
}

/** Writes a prefix; the header has to stand in place already, for its checksum. `bytes` covers prefix and header. */
export function encodePrefix(
  bytes: Uint8Array,
  kind: number,
  sequence: number,
  headerBytes: number,
  payloadBytes: number,
  payloadChecksum: number | undefined,
): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, prefixBytes);
  view.setUint32(0, prefixMagic, true);
  view.setUint8(4, kind);
  view.setUint8(5, payloadChecksum === undefined ? 0 : flagPayloadChecksum);
  view.setUint16(6, 0, true);
  view.setUint32(8, headerBytes, true);
  view.setUint32(12, payloadChecksum ?? 0, true);
  view.setBigUint64(16, BigInt(payloadBytes), true);
  view.setBigUint64(24, BigInt(sequence), true);
  view.setUint32(36, 0, true);
  view.setUint32(32, headerChecksum(bytes, headerBytes), true);
}

/** CRC-32 of the prefix' first 32 bytes and the header (section 3). */
export function headerChecksum(prefixAndHeader: Uint8Array, headerBytes: number): number {
  return crc32(
    prefixAndHeader.subarray(prefixBytes, prefixBytes + headerBytes),
    crc32(prefixAndHeader.subarray(0, 32)),
  );
}

/** Reads a prefix into `into`; false when the magic is wrong. Nothing else is judged here. */
export function decodePrefix(view: DataView, into: Prefix): boolean {
  if (view.getUint32(0, true) !== prefixMagic) return false;
  into.kind = view.getUint8(4);
  into.flags = view.getUint8(5);
  into.headerBytes = view.getUint32(8, true);
  into.payloadChecksum = view.getUint32(12, true);
  into.payloadBytes = Number(view.getBigUint64(16, true));
  into.sequence = Number(view.getBigUint64(24, true));
  into.headerChecksum = view.getUint32(32, true);
  return true;
}

/** Section 5: the header before the columns of one frame's detections. */
export interface DetectionsHeader {
  sourceIndex: number;
  rowCount: number;
  frameNumber: number;
  deviceFrameNumber: number;
  capturedAtNs: bigint;
  columnCount: number;
}

export function encodeDetectionsHeader(view: DataView, header: DetectionsHeader): void {
  view.setUint32(0, header.sourceIndex, true);
  view.setUint32(4, header.rowCount, true);
  view.setBigUint64(8, BigInt(header.frameNumber), true);
  view.setBigInt64(16, BigInt(header.deviceFrameNumber), true);
  view.setBigInt64(24, header.capturedAtNs, true);
  view.setUint32(32, header.columnCount, true);
  view.setUint32(36, 0, true);
}

export function decodeDetectionsHeader(view: DataView): DetectionsHeader {
  return {
    sourceIndex: view.getUint32(0, true),
    rowCount: view.getUint32(4, true),
    frameNumber: Number(view.getBigUint64(8, true)),
    deviceFrameNumber: Number(view.getBigInt64(16, true)),
    capturedAtNs: view.getBigInt64(24, true),
    columnCount: view.getUint32(32, true),
  };
}
