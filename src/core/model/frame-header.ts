/**
 * The fixed binary header of a frame message (docs/frame-stream.md, section 4): the same 152 bytes on the wire, in a
 * file and in a pool slot, so that metadata is never converted on its way. Little-endian.
 */

import { type EpochNs, epochNs } from "../time.js";
import { type PixelFormat, pixelFormats } from "./pixel-format.js";

export const frameHeaderBytes = 152;
/** Stands for "the device gave no number" in deviceFrameNumber. */
export const noDeviceFrameNumber = -1;

const twoTo32 = 4294967296;

/** Reads and writes the fields of one frame header in place; allocates nothing but the bigint that a ns getter returns. */
export class FrameHeader {
  /** All of it, as it is on the wire. */
  readonly bytes: Uint8Array;
  readonly #view: DataView;

  constructor(buffer: ArrayBufferLike, byteOffset: number) {
    this.bytes = new Uint8Array(buffer, byteOffset, frameHeaderBytes);
    this.#view = new DataView(buffer, byteOffset, frameHeaderBytes);
  }

  /** Clears every field to "unknown" and sets the geometry of a tightly packed frame. */
  reset(format: PixelFormat, height: number, width: number, strideBytes: number, bitDepth: number): void {
    for (let at = 0; at < frameHeaderBytes; at += 8) this.#view.setFloat64(at, 0, true);
    this.pixelFormat = format;
    this.height = height;
    this.width = width;
    this.strideBytes = strideBytes;
    this.bitDepth = bitDepth;
    this.deviceFrameNumber = noDeviceFrameNumber;
    this.binningX = 1;
    this.binningY = 1;
    this.exposureMs = Number.NaN;
    this.temperatureC = Number.NaN;
    this.stageXUm = Number.NaN;
    this.stageYUm = Number.NaN;
    this.stageZUm = Number.NaN;
  }

  /** Copies all fields of another header. */
  copyFrom(other: FrameHeader): void {
    for (let at = 0; at < frameHeaderBytes; at += 4) this.#view.setUint32(at, other.#view.getUint32(at, true), true);
  }

  /** Which camera of the stream, from 0. */
  get sourceIndex(): number {
    return this.#view.getUint32(0, true);
  }
  set sourceIndex(value: number) {
    this.#view.setUint32(0, value, true);
  }
  /** Payload codec: 0 is raw pixels; no other is defined yet. */
  get codec(): number {
    return this.#view.getUint32(4, true);
  }
  /** Number of the frame in the stream, from 0; a lost frame leaves a gap. */
  get frameNumber(): number {
    return this.#getUint64(8);
  }
  set frameNumber(value: number) {
    this.#setInt64(8, value);
  }
  /** The camera's own counter, or -1. */
  get deviceFrameNumber(): number {
    return this.#view.getInt32(20, true) * twoTo32 + this.#view.getUint32(16, true);
  }
  set deviceFrameNumber(value: number) {
    this.#setInt64(16, value);
  }
  /** Start of exposure, nanoseconds since the Unix epoch, UTC; 0 when unknown. */
  get capturedAtNs(): EpochNs {
    return epochNs(this.#view.getBigInt64(24, true));
  }
  set capturedAtNs(value: bigint) {
    this.#view.setBigInt64(24, value, true);
  }
  /** When Mote had the whole frame, nanoseconds since the Unix epoch, UTC; 0 when unknown. */
  get receivedAtNs(): EpochNs {
    return epochNs(this.#view.getBigInt64(32, true));
  }
  set receivedAtNs(value: bigint) {
    this.#view.setBigInt64(32, value, true);
  }
  /** Pixels a row. */
  get width(): number {
    return this.#view.getUint32(40, true);
  }
  set width(value: number) {
    this.#view.setUint32(40, value, true);
  }
  /** Rows. */
  get height(): number {
    return this.#view.getUint32(44, true);
  }
  set height(value: number) {
    this.#view.setUint32(44, value, true);
  }
  /** Bytes from one row to the next. */
  get strideBytes(): number {
    return this.#view.getUint32(48, true);
  }
  set strideBytes(value: number) {
    this.#view.setUint32(48, value, true);
  }
  get pixelFormat(): PixelFormat | undefined {
    return pixelFormats[this.#view.getUint8(52) - 1];
  }
  set pixelFormat(value: PixelFormat) {
    this.#view.setUint8(52, pixelFormats.indexOf(value) + 1);
  }
  /** Significant bits of a sample. */
  get bitDepth(): number {
    return this.#view.getUint8(53);
  }
  set bitDepth(value: number) {
    this.#view.setUint8(53, value);
  }
  get binningX(): number {
    return this.#view.getUint16(54, true);
  }
  set binningX(value: number) {
    this.#view.setUint16(54, value, true);
  }
  get binningY(): number {
    return this.#view.getUint16(56, true);
  }
  set binningY(value: number) {
    this.#view.setUint16(56, value, true);
  }
  get channelIndex(): number {
    return this.#view.getUint32(60, true);
  }
  set channelIndex(value: number) {
    this.#view.setUint32(60, value, true);
  }
  get zIndex(): number {
    return this.#view.getUint32(64, true);
  }
  set zIndex(value: number) {
    this.#view.setUint32(64, value, true);
  }
  get positionIndex(): number {
    return this.#view.getUint32(68, true);
  }
  set positionIndex(value: number) {
    this.#view.setUint32(68, value, true);
  }
  /** Milliseconds, NaN when unknown. */
  get exposureMs(): number {
    return this.#view.getFloat64(72, true);
  }
  set exposureMs(value: number) {
    this.#view.setFloat64(72, value, true);
  }
  /** Left edge of the region of interest on the sensor, pixels. */
  get roiX(): number {
    return this.#view.getInt32(80, true);
  }
  set roiX(value: number) {
    this.#view.setInt32(80, value, true);
  }
  /** Top edge of the region of interest on the sensor, pixels. */
  get roiY(): number {
    return this.#view.getInt32(84, true);
  }
  set roiY(value: number) {
    this.#view.setInt32(84, value, true);
  }
  /** Sensor temperature, degrees Celsius, NaN when unknown. */
  get temperatureC(): number {
    return this.#view.getFloat64(88, true);
  }
  set temperatureC(value: number) {
    this.#view.setFloat64(88, value, true);
  }
  /** Position of the XY stage and focus, micrometres, NaN when unknown. */
  get stageXUm(): number {
    return this.#view.getFloat64(96, true);
  }
  set stageXUm(value: number) {
    this.#view.setFloat64(96, value, true);
  }
  get stageYUm(): number {
    return this.#view.getFloat64(104, true);
  }
  set stageYUm(value: number) {
    this.#view.setFloat64(104, value, true);
  }
  get stageZUm(): number {
    return this.#view.getFloat64(112, true);
  }
  set stageZUm(value: number) {
    this.#view.setFloat64(112, value, true);
  }

  #getUint64(at: number): number {
    return this.#view.getUint32(at + 4, true) * twoTo32 + this.#view.getUint32(at, true);
  }
  #setInt64(at: number, value: number): void {
    this.#view.setUint32(at, value, true);
    this.#view.setInt32(at + 4, Math.floor(value / twoTo32), true);
  }
}
