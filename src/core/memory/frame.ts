/** One pool slot as a thread sees it: the header in place, the pixels in place, the detections in place. */
import { FrameHeader } from "../model/frame-header.js";
import { borrowPixels, bytesPerPixel, type PixelArray, type PixelFormat } from "../model/pixel-format.js";
import { fromMemory, type MonotonicMs, toMemory } from "../time.js";
import { pixelsAt, type SlotGeometry, slotLayout, slotMeta } from "./slot-layout.js";

/**
 * Views are made once per slot and thread; using a frame allocates nothing. `pixels` covers `height * width` pixels of
 * the run's shape, tightly packed rows. Detections are columns of `rowCount` float64 each, one after the other:
 * column c of row r is `detections[c * rowCount + r]`.
 */
export class Frame {
  readonly slot: number;
  readonly header: FrameHeader;
  readonly pixels: PixelArray;
  /** The same as bytes. */
  readonly pixelBytes: Uint8Array;
  /** Byte offset of the pixels in the shared memory, for kernels. */
  readonly pixelsOffset: number;
  /** All the room for detections; only the first `columns * rowCount` values mean something. */
  readonly detections: Float64Array;
  /** The same as bytes. */
  readonly detectionBytes: Uint8Array;
  /** Byte offset of the detections in the shared memory, for kernels. */
  readonly detectionsOffset: number;
  /** Rows the slot has room for. */
  readonly detectionCapacity: number;
  /** The whole slot's bytes. For the runner. */
  readonly bytes: Uint8Array;
  readonly #meta: Int32Array;
  readonly #entered: Float64Array;

  constructor(buffer: ArrayBufferLike, base: number, slot: number, geometry: SlotGeometry) {
    const layout = slotLayout(geometry);
    const start = base + slot * layout.slotBytes;
    const pixelCount = geometry.pixelBytes / bytesPerPixel[geometry.pixelFormat as PixelFormat];
    this.slot = slot;
    this.bytes = new Uint8Array(buffer, start, layout.slotBytes);
    this.#meta = new Int32Array(buffer, start, 8);
    this.#entered = new Float64Array(buffer, start + 32, 2);
    this.header = new FrameHeader(buffer, start + layout.frameHeaderAt);
    this.pixelsOffset = start + pixelsAt;
    this.pixels = borrowPixels(geometry.pixelFormat, buffer, this.pixelsOffset, pixelCount);
    this.pixelBytes = new Uint8Array(buffer, this.pixelsOffset, geometry.pixelBytes);
    this.detectionsOffset = start + layout.detectionsAt;
    this.detectionCapacity = geometry.detectionRows;
    this.detections = new Float64Array(
      buffer,
      this.detectionsOffset,
      geometry.detectionRows * geometry.detectionColumns,
    );
    this.detectionBytes = new Uint8Array(buffer, this.detectionsOffset, this.detections.byteLength);
  }

  /** Rows of detections; -1 when nothing has been located in this frame. */
  get rowCount(): number {
    return this.#meta[slotMeta.rowCount]!;
  }
  set rowCount(rows: number) {
    this.#meta[slotMeta.rowCount] = rows;
  }

  /**
   * CRC-32 of the pixels as it came with them (zlib's, over the rows tightly packed, little-endian); -1 while there is none.
   * Who changes pixels sets it to -1; see pixel-checksum.ts.
   */
  get pixelsCrc32(): number {
    return this.#meta[slotMeta.hasChecksum] === 0 ? -1 : this.#meta[slotMeta.checksum]! >>> 0;
  }
  set pixelsCrc32(checksum: number) {
    this.#meta[slotMeta.hasChecksum] = checksum < 0 ? 0 : 1;
    this.#meta[slotMeta.checksum] = checksum;
  }

  /** What the slot holds: frame or event. For the runner. */
  get kind(): number {
    return this.#meta[slotMeta.kind]!;
  }
  set kind(kind: number) {
    this.#meta[slotMeta.kind] = kind;
  }

  /** Bytes of the event's JSON when the slot holds one. For the runner. */
  get eventBytes(): number {
    return this.#meta[slotMeta.eventBytes]!;
  }
  set eventBytes(length: number) {
    this.#meta[slotMeta.eventBytes] = length;
  }

  /** When the frame entered the run. For the runner. */
  get enteredAt(): MonotonicMs {
    return fromMemory(this.#entered[0]!);
  }
  set enteredAt(at: MonotonicMs) {
    this.#entered[0] = toMemory(at);
  }
}
