/**
 * Where things are in a pool slot. The 40-byte message prefix and the frame header stand directly before the pixels, and
 * a second prefix and header directly before the detections, so a whole message leaves a slot in one write.
 *
 *     0    64 bytes   slot meta: loans, kind, rows, event length, time of entry
 *    64    40         message prefix of the frame
 *   104   152         frame header
 *   256   pixels, then padding to 64 bytes
 *     P    48         padding
 *  P+48    40         message prefix of the detections
 *  P+88    40         detections header
 * P+128    columns, float64
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
/** Row count of a frame whose pixels a mapper has replaced by what they are encoded to. Other counts are -1 (nobody looked) or more. */
export const encodedRows = -2;
/** Row count of a frame that no mapper has worked on, because one failed. */
export const unmappedRows = -3;
export const slotKind = { frame: 1, event: 2 } as const;

export interface SlotLayout {
  readonly framePrefixAt: number;
  readonly frameHeaderAt: number;
  readonly pixelsAt: number;
  /** Bytes between `pixelsAt` and the end of the room for pixels. */
  readonly payloadBytes: number;
  readonly detectionsPrefixAt: number;
  readonly detectionsHeaderAt: number;
  readonly detectionsAt: number;
  readonly slotBytes: number;
}

function roundUp(bytes: number, to: number): number {
  return Math.ceil(bytes / to) * to;
}

export function slotLayout(geometry: SlotGeometry): SlotLayout {
  const payloadBytes = roundUp(Math.max(geometry.pixelBytes, leastPayloadBytes), 64);
  const detectionsBlock = 256 + payloadBytes;
  const detectionsAt = detectionsBlock + 128;
  return {
    framePrefixAt: 64,
    frameHeaderAt: 104,
    pixelsAt: 256,
    payloadBytes,
    detectionsPrefixAt: detectionsBlock + 48,
    detectionsHeaderAt: detectionsBlock + 88,
    detectionsAt,
    slotBytes: roundUp(detectionsAt + geometry.detectionRows * geometry.detectionColumns * 8, 64),
  };
}
