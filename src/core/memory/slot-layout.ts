/**
 * Where things are in a pool slot. Only who makes a frame writes what is in it: the source header and pixels, each stage that
 * finds particles a block of detections of its own.
 *
 *     0    64 bytes   slot meta: loans, kind, event length, checksum, time of entry
 *    64   152         frame header
 *   256   pixels, then padding to 64 bytes
 *     B   blocks of detections, each: 64 bytes with the number of rows, columns of float64
 */
import type { PixelFormat } from "../model/pixel-format.js";

export interface SlotGeometry {
  readonly pixelFormat: PixelFormat;
  /** Bytes of pixels a slot has room for (an event's JSON uses the same room). */
  readonly pixelBytes: number;
  /** Rows of detections that a block has room for. */
  readonly detectionRows: number;
  readonly detectionColumns: number;
  /** Blocks of detections, one for each stage that makes some. Left out: one. */
  readonly detectionBlocks?: number;
}

/** Events need room too, however small the frames are. */
export const leastPayloadBytes = 16384;

/** Index of each word in a slot's meta. */
export const slotMeta = { loans: 0, kind: 1, eventBytes: 2, hasChecksum: 3, checksum: 4 } as const;
export const slotKind = { frame: 1, event: 2 } as const;

/** Byte offset of the pixels, or of an event's JSON, in every slot. */
export const pixelsAt = 256;

/** Bytes of a block before its columns; the first word is the number of rows. */
export const blockHeadBytes = 64;

export interface SlotLayout {
  readonly frameHeaderAt: number;
  /** Of each block. */
  readonly blocksAt: readonly number[];
  readonly slotBytes: number;
}

function roundUp(bytes: number, to: number): number {
  return Math.ceil(bytes / to) * to;
}

export function slotLayout(geometry: SlotGeometry): SlotLayout {
  const { pixelBytes, detectionRows, detectionColumns, detectionBlocks = 1 } = geometry;
  const firstBlockAt = pixelsAt + roundUp(Math.max(pixelBytes, leastPayloadBytes), 64);
  const blockBytes = blockHeadBytes + roundUp(detectionRows * detectionColumns * 8, 64);
  return {
    frameHeaderAt: 64,
    blocksAt: Array.from({ length: detectionBlocks }, (_, block) => firstBlockAt + block * blockBytes),
    slotBytes: firstBlockAt + detectionBlocks * blockBytes,
  };
}
