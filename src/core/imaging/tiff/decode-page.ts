/** Decodes the strips or tiles of one TIFF page into a frame, touching only those that hold wanted pixels. */

import { FormatProblem } from "../../format-problem.js";
import { bytesPerPixel, type PixelArray } from "../../model/pixel-format.js";
import { copyOverlap, type Region } from "../region.js";
import { type Decompress, loadDecompress } from "./decompress.js";
import type { TiffReader } from "./directory.js";
import { type ChunkTable, chunkRows, rawChunkBytes, readChunkTable, type TiffPage } from "./page.js";
import { invertWhiteZero, swapBytes, undoFloatingPoint, undoHorizontal } from "./samples.js";

/** Uncompressed rows are read in pieces of at most this size when only a part of them is wanted. */
const bandBytes = 1 << 20;

/** Decodes pages of one file; keeps its buffers from frame to frame. */
export class PageDecoder {
  readonly #reader: TiffReader;
  readonly #decompress = new Map<number, Decompress | undefined>();
  #stored = new Uint8Array(0);
  #raw = new Uint8Array(0);

  constructor(reader: TiffReader) {
    this.#reader = reader;
  }

  /** Loads what `decode` needs for pages of this compression. */
  async prepare(compression: number): Promise<void> {
    if (!this.#decompress.has(compression)) this.#decompress.set(compression, await loadDecompress(compression));
  }

  /** Fills `pixels`, tightly packed and little-endian, with `region` of `page`; throws a FormatProblem with its byte. */
  decode(page: TiffPage, pixels: PixelArray, region: Region): void {
    const table = readChunkTable(this.#reader, page);
    const target = new Uint8Array(pixels.buffer, pixels.byteOffset, pixels.byteLength);
    const decompress = this.#decompress.get(page.compression);
    if (decompress) this.#decodeChunks(page, table, decompress, target, region);
    else this.#readStored(page, table, target, region);
    if (page.isWhiteZero) invertWhiteZero(pixels);
  }

  /** The same for pixels that stand as they are from `firstByte` on, row after row (ImageJ stacks with one directory). */
  readPlain(page: TiffPage, firstByte: number, pixels: PixelArray, region: Region): void {
    const target = new Uint8Array(pixels.buffer, pixels.byteOffset, pixels.byteLength);
    this.#readRows(page, firstByte, 0, page.height, target, region);
    this.#toNative(page, target);
    if (page.isWhiteZero) invertWhiteZero(pixels);
  }

  #decodeChunks(page: TiffPage, table: ChunkTable, decompress: Decompress, target: Uint8Array, region: Region): void {
    const pixelBytes = bytesPerPixel[page.pixelFormat];
    for (let chunk = 0; chunk < table.offsets.length; chunk++) {
      const left = (chunk % page.chunksAcross) * page.chunkWidth;
      const top = Math.floor(chunk / page.chunksAcross) * page.chunkHeight;
      const rows = chunkRows(page, chunk);
      if (!meets(region, left, top, page.chunkWidth, rows)) continue;
      const offset = table.offsets[chunk]!;
      const input = this.#read(offset, table.byteCounts[chunk]!);
      const rawBytes = rawChunkBytes(page, chunk);
      const isInPlace =
        page.chunkWidth === region.width &&
        left === region.x &&
        top >= region.y &&
        top + rows <= region.y + region.height;
      const at = (top - region.y) * region.width * pixelBytes;
      const output = isInPlace ? target.subarray(at, at + rawBytes) : this.#rawBuffer(rawBytes);
      const written = decompressAt(decompress, input, output, offset, chunk);
      if (written < rawBytes) {
        throw new FormatProblem(
          "file-damaged",
          `strip or tile ${chunk} holds ${written} bytes of pixels, expected ${rawBytes}`,
          offset,
        );
      }
      this.#undoPredictor(page, output);
      if (!isInPlace) copyOverlap(output, left, top, page.chunkWidth, rows, target, region, pixelBytes);
    }
  }

  #readStored(page: TiffPage, table: ChunkTable, target: Uint8Array, region: Region): void {
    const pixelBytes = bytesPerPixel[page.pixelFormat];
    if (page.isTiled) {
      for (let chunk = 0; chunk < table.offsets.length; chunk++) {
        const left = (chunk % page.chunksAcross) * page.chunkWidth;
        const top = Math.floor(chunk / page.chunksAcross) * page.chunkHeight;
        if (!meets(region, left, top, page.chunkWidth, page.chunkHeight)) continue;
        const tile = this.#read(table.offsets[chunk]!, table.byteCounts[chunk]!);
        copyOverlap(tile, left, top, page.chunkWidth, page.chunkHeight, target, region, pixelBytes);
      }
    } else {
      let first = 0;
      while (first < table.offsets.length) {
        // Strips that follow each other in the file, as nearly always, are one read.
        let end = first + 1;
        while (
          end < table.offsets.length &&
          table.offsets[end] === table.offsets[end - 1]! + table.byteCounts[end - 1]!
        )
          end++;
        const top = first * page.chunkHeight;
        const rows = Math.min(page.height, end * page.chunkHeight) - top;
        this.#readRows(page, table.offsets[first]!, top, rows, target, region);
        first = end;
      }
    }
    this.#toNative(page, target);
  }

  /** Puts the wanted part of image rows `top` to `top + rows`, stored from `offset` on, where it belongs. */
  #readRows(page: TiffPage, offset: number, top: number, rows: number, target: Uint8Array, region: Region): void {
    const rowBytes = page.width * bytesPerPixel[page.pixelFormat];
    const from = Math.max(top, region.y);
    const to = Math.min(top + rows, region.y + region.height);
    if (from >= to) return;
    if (region.width === page.width) {
      const at = (from - region.y) * rowBytes;
      this.#reader.source.readInto(target.subarray(at, at + (to - from) * rowBytes), offset + (from - top) * rowBytes);
      return;
    }
    const bandRows = Math.max(1, Math.floor(bandBytes / rowBytes));
    for (let row = from; row < to; row += bandRows) {
      const count = Math.min(bandRows, to - row);
      const band = this.#read(offset + (row - top) * rowBytes, count * rowBytes);
      copyOverlap(band, 0, row, page.width, count, target, region, bytesPerPixel[page.pixelFormat]);
    }
  }

  #toNative(page: TiffPage, bytes: Uint8Array): void {
    if (!this.#reader.isLittleEndian) swapBytes(bytes, page.pixelFormat);
  }

  #undoPredictor(page: TiffPage, bytes: Uint8Array): void {
    if (page.predictor === 3) {
      undoFloatingPoint(bytes, page.chunkWidth);
      return;
    }
    this.#toNative(page, bytes);
    if (page.predictor === 2) undoHorizontal(bytes, page.chunkWidth, page.pixelFormat);
  }

  /** Bytes of the file in a buffer that the next call uses again. */
  #read(offset: number, length: number): Uint8Array {
    if (this.#stored.length < length) this.#stored = new Uint8Array(length);
    const bytes = this.#stored.subarray(0, length);
    this.#reader.source.readInto(bytes, offset);
    return bytes;
  }

  #rawBuffer(length: number): Uint8Array {
    if (this.#raw.length < length) this.#raw = new Uint8Array(length);
    return this.#raw.subarray(0, length);
  }
}

function meets(region: Region, left: number, top: number, width: number, height: number): boolean {
  return (
    left < region.x + region.width &&
    left + width > region.x &&
    top < region.y + region.height &&
    top + height > region.y
  );
}

/** Errors inside a chunk are told with their byte in the file. */
function decompressAt(
  decompress: Decompress,
  input: Uint8Array,
  output: Uint8Array,
  offset: number,
  chunk: number,
): number {
  try {
    return decompress(input, output);
  } catch (error) {
    if (!(error instanceof FormatProblem)) throw error;
    throw new FormatProblem(
      error.code,
      `strip or tile ${chunk}: ${error.message}`,
      offset + (error.byte ?? 0),
      error.hint,
    );
  }
}
