/** Pixels that are compared with the checksum their file keeps of them, whichever part of the frame was asked for. */
import { crc32 } from "node:zlib";
import { ChecksumMismatch } from "../format-problem.js";
import type { FrameShape } from "../model/descriptor.js";
import { borrowPixels, bytesPerPixel, type PixelArray, type PixelFormat } from "../model/pixel-format.js";
import { copyOverlap, type Region, wholeOf } from "./region.js";

/** Reads `region` of a frame into `pixels`. */
type Read = (pixels: PixelArray, region: Region) => void | Promise<void>;

/** For one file: keeps room for a whole frame once a part of one was asked for. */
export class CheckedPixels {
  readonly #shape: FrameShape;
  readonly #format: PixelFormat;
  #whole: PixelArray | undefined;

  constructor(shape: FrameShape, format: PixelFormat) {
    this.#shape = shape;
    this.#format = format;
  }

  /**
   * Fills `pixels` with the region and compares the whole frame with `checksum` (CRC-32 of its pixels, tightly packed,
   * little-endian); without one only the region is read. Returns the checksum when it is that of `pixels`. Throws a problem of
   * the format that says `name` ("frame 7") when they do not match.
   */
  async read(
    pixels: PixelArray,
    region: Region,
    checksum: number | undefined,
    name: string,
    read: Read,
  ): Promise<number | undefined> {
    if (checksum === undefined) {
      await read(pixels, region);
      return undefined;
    }
    const { height, width } = this.#shape;
    const isWhole = region.height === height && region.width === width;
    if (!isWhole) this.#whole ??= roomFor(this.#format, height * width);
    const target = isWhole ? pixels : this.#whole!;
    await read(target, wholeOf(this.#shape));
    requireChecksum(bytesOf(target), checksum, name);
    if (isWhole) return checksum;
    copyOverlap(bytesOf(target), 0, 0, width, height, bytesOf(pixels), region, bytesPerPixel[this.#format]);
    return undefined;
  }
}

/** Throws when these bytes of a whole frame do not have the checksum. */
export function requireChecksum(bytes: Uint8Array, checksum: number, name: string): void {
  if (crc32(bytes) !== checksum) throw new ChecksumMismatch(`${name}: its pixels do not match their checksum`);
}

function bytesOf({ buffer, byteOffset, byteLength }: PixelArray): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

function roomFor(format: PixelFormat, count: number): PixelArray {
  return borrowPixels(format, new ArrayBuffer(count * bytesPerPixel[format]), 0, count);
}
