/** One pool slot as a thread sees it: the header in place, the pixels in place, the detections in place. */
import { FrameHeader } from "../model/frame-header.js";
import { borrowPixels, bytesPerPixel, type PixelArray, type PixelFormat } from "../model/pixel-format.js";
import { fromMemory, type MonotonicMs, toMemory } from "../time.js";
import { blockHeadBytes, pixelsAt, type SlotGeometry, slotKind, slotLayout, slotMeta } from "./slot-layout.js";

/**
 * Views are made once per slot and thread; using a frame allocates nothing. `pixels` covers `height * width` pixels of
 * the run's shape, tightly packed rows. Whose detections a thread has before it is its stage's (pipeline/detection-blocks.ts):
 * they are columns of `rowCount` float64 each, one after the other:
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
  /** Number of rows of each block. */
  readonly #rows: readonly Int32Array[];
  readonly #block: number | null;
  readonly #entered: Float64Array;

  /** `block`: of the slot's blocks of detections the one that this thread sees; null: none. */
  constructor(buffer: ArrayBufferLike, base: number, slot: number, geometry: SlotGeometry, block: number | null = 0) {
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
    this.#block = block;
    this.#rows = layout.blocksAt.map((at) => new Int32Array(buffer, start + at, 1));
    this.detectionCapacity = block === null ? 0 : geometry.detectionRows;
    this.detectionsOffset = block === null ? 0 : start + layout.blocksAt[block]! + blockHeadBytes;
    const values = this.detectionCapacity * geometry.detectionColumns;
    this.detections = new Float64Array(buffer, this.detectionsOffset, values);
    this.detectionBytes = new Uint8Array(buffer, this.detectionsOffset, this.detections.byteLength);
  }

  /** Makes it a frame without detections, in a slot that has just been lent. */
  begin(): void {
    this.kind = slotKind.frame;
    for (const rows of this.#rows) rows[0] = -1;
    this.pixelsCrc32 = -1;
    this.eventBytes = 0;
  }

  /** Takes on all that this thread sees of another frame. */
  copyFrom(other: Frame): void {
    this.kind = other.kind;
    this.enteredAt = other.enteredAt;
    this.pixelsCrc32 = other.pixelsCrc32;
    this.header.copyFrom(other.header);
    this.pixelBytes.set(other.pixelBytes);
    const { rowCount } = other;
    this.rowCount = rowCount;
    if (rowCount > 0) {
      const columns = this.detections.length / this.detectionCapacity;
      this.detections.set(other.detections.subarray(0, rowCount * columns));
    }
  }

  /** Rows of detections; -1 when nothing has been located in this frame. */
  get rowCount(): number {
    return this.#block === null ? -1 : this.#rows[this.#block]![0]!;
  }
  set rowCount(rows: number) {
    if (this.#block !== null) this.#rows[this.#block]![0] = rows;
    else if (rows >= 0) throw new Error("detections of a stage that did not ask for room for them");
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
