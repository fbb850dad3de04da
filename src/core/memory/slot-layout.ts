/**
 * Where things are in a pool slot. Only who makes a frame writes what is in it: the source header and pixels, a stage that
 * finds particles the detections.
 *
 *     0    64 bytes   slot meta: loans, kind, rows, event length, time of entry
 *    64   152         frame header
 *   256   pixels, then padding to 64 bytes
 *     D   columns of the detections, float64
 */
import type { PixelFormat } from "../model/pixel-format.js";

export interface SlotGeometry {
  readonly pixelFormat: PixelFormat;
  /** Bytes of pixels a slot has room for (an event's JSON uses the same room). */
  readonly pixelBytes: number;
  readonly detectionRows: number;
  readonly detectionColumns: number;
}

/** Events need room too, however small the frames are. */
export const leastPayloadBytes = 16384;

/** Index of each word in a slot's meta. */
export const slotMeta = { loans: 0, kind: 1, rowCount: 2, eventBytes: 3, hasChecksum: 4, checksum: 5 } as const;
export const slotKind = { frame: 1, event: 2 } as const;

/** Byte offset of the pixels, or of an event's JSON, in every slot. */
export const pixelsAt = 256;

export interface SlotLayout {
  readonly frameHeaderAt: number;
  readonly detectionsAt: number;
  readonly slotBytes: number;
}

function roundUp(bytes: number, to: number): number {
  return Math.ceil(bytes / to) * to;
}

export function slotLayout(geometry: SlotGeometry): SlotLayout {
  const detectionsAt = pixelsAt + roundUp(Math.max(geometry.pixelBytes, leastPayloadBytes), 64);
  return {
    frameHeaderAt: 64,
    detectionsAt,
    slotBytes: roundUp(detectionsAt + geometry.detectionRows * geometry.detectionColumns * 8, 64),
  };
}
