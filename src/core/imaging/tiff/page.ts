/** One TIFF directory as an image: its pixel type, shape and layout, or a refusal that names the tag and its value. */

import { FormatProblem } from "../../format-problem.js";
import { bytesPerPixel, type PixelFormat } from "../../model/pixel-format.js";
import { requireBytes } from "../byte-source.js";
import { largestFrameBytes } from "../image-file.js";
import type { Directory, TiffReader } from "./directory.js";
import { compression, compressionWord, photometricWord, sampleFormatWord, tag } from "./tags.js";

export interface TiffPage {
  readonly directory: Directory;
  readonly width: number;
  readonly height: number;
  readonly pixelFormat: PixelFormat;
  readonly compression: number;
  /** 1 none, 2 horizontal differencing, 3 floating point (TIFF 6.0 section 14, Technical Note 3). */
  readonly predictor: number;
  readonly isWhiteZero: boolean;
  readonly isTiled: boolean;
  /** Pixels of a strip or tile: strips are as wide as the image, the last may be lower. */
  readonly chunkWidth: number;
  readonly chunkHeight: number;
  readonly chunksAcross: number;
  readonly chunksDown: number;
}

/** Where the bytes of every strip or tile are. */
export interface ChunkTable {
  readonly offsets: Float64Array;
  readonly byteCounts: Float64Array;
}

/**
 * How far a byte can expand at most, so that a damaged size is found before memory is taken for it: deflate 1032 (258
 * bytes from two bits), LZW strings of 3838 bytes from 12 bits, PackBits 64. zstd has no useful limit.
 */
const mostExpansion: Readonly<Record<number, number>> = {
  [compression.lzw]: 2600,
  [compression.deflate]: 1040,
  [compression.oldDeflate]: 1040,
  [compression.packBits]: 64,
};

const rewriteHint = "Save it as uncompressed greyscale TIFF (uint8, uint16 or float32), for example with ImageJ.";

/** True for a directory that is a thumbnail or a mask of another one (NewSubfileType bits 0 and 2). */
export function isSecondary(reader: TiffReader, directory: Directory): boolean {
  return (whole(reader, directory, tag.newSubfileType, 0) & 5) !== 0;
}

/** Understands a directory; throws a FormatProblem for everything that would give wrong pixels. */
export function readPage(reader: TiffReader, directory: Directory): TiffPage {
  const value = (number: number, missing?: number) => whole(reader, directory, number, missing);
  const refuse = (what: string) => new FormatProblem("unsupported", what, directory.offset, rewriteHint);
  const width = value(tag.imageWidth);
  const height = value(tag.imageLength);
  if (width < 1 || height < 1) throw refuse(`ImageWidth ${width} and ImageLength ${height}, expected at least 1`);
  const samples = value(tag.samplesPerPixel, 1);
  const photometric = value(tag.photometric, 1);
  if (photometric > 1)
    throw refuse(`PhotometricInterpretation (tag 262) is ${photometricWord(photometric)}, expected grey`);
  if (samples !== 1) throw refuse(`SamplesPerPixel (tag 277) is ${samples}, expected 1 (grey)`);
  const method = value(tag.compression, 1);
  if (!Object.values(compression).includes(method as never)) {
    throw refuse(`Compression (tag 259) is ${compressionWord(method)}, expected none, LZW, deflate, PackBits or zstd`);
  }
  const pixelFormat = readPixelFormat(value(tag.bitsPerSample, 1), value(tag.sampleFormat, 1), refuse);
  const predictor = value(tag.predictor, 1);
  checkPredictor(predictor, pixelFormat, method, refuse);
  if (value(tag.fillOrder, 1) !== 1) throw refuse(`FillOrder (tag 266) is ${value(tag.fillOrder)}, expected 1`);
  const orientation = value(tag.orientation, 1);
  if (orientation !== 1) throw refuse(`Orientation (tag 274) is ${orientation}, expected 1 (first row at the top)`);
  if (value(tag.imageDepth, 1) !== 1) throw refuse(`ImageDepth (tag 32997) is ${value(tag.imageDepth)}, expected 1`);
  const planes = directory.entries.get(tag.metaMorphPlanes)?.count ?? 1;
  if (planes > 1) throw refuse(`a MetaMorph stack of ${planes} planes in one directory (tag 33629), which is not read`);
  if (width * height * bytesPerPixel[pixelFormat] > largestFrameBytes) {
    throw refuse(`an image of ${width}x${height} pixels, more than ${largestFrameBytes} bytes`);
  }
  const isTiled = directory.entries.has(tag.tileWidth);
  const chunkWidth = isTiled ? value(tag.tileWidth) : width;
  const chunkHeight = isTiled ? value(tag.tileLength) : Math.min(height, value(tag.rowsPerStrip, height));
  if (chunkWidth < 1 || chunkHeight < 1 || chunkWidth * chunkHeight * bytesPerPixel[pixelFormat] > largestFrameBytes) {
    throw refuse(`strips or tiles of ${chunkWidth}x${chunkHeight} pixels`);
  }
  return {
    directory,
    width,
    height,
    pixelFormat,
    compression: method,
    predictor,
    isWhiteZero: photometric === 0,
    isTiled,
    chunkWidth,
    chunkHeight,
    chunksAcross: Math.ceil(width / chunkWidth),
    chunksDown: Math.ceil(height / chunkHeight),
  };
}

/** Reads the offsets and lengths of a page's strips or tiles, each inside the file. */
export function readChunkTable(reader: TiffReader, page: TiffPage): ChunkTable {
  const { entries, offset } = page.directory;
  const expected = page.chunksAcross * page.chunksDown;
  const offsetEntry = entries.get(page.isTiled ? tag.tileOffsets : tag.stripOffsets);
  const countEntry = entries.get(page.isTiled ? tag.tileByteCounts : tag.stripByteCounts);
  if (offsetEntry === undefined)
    throw new FormatProblem("file-damaged", "the directory does not say where its pixels are (tag 273)", offset);
  const offsets = reader.numbers(offsetEntry, expected, expected);
  let byteCounts: Float64Array;
  if (page.compression === compression.none) {
    // The lengths follow from the shape; ImageJ's files beyond 4 GB and some old writers have them wrong or not at all.
    byteCounts = Float64Array.from({ length: expected }, (_, chunk) => rawChunkBytes(page, chunk));
  } else if (countEntry) byteCounts = reader.numbers(countEntry, expected, expected);
  else
    throw new FormatProblem(
      "file-damaged",
      "the directory does not say how long its compressed strips are (tag 279)",
      offset,
    );
  for (let chunk = 0; chunk < expected; chunk++) {
    if (offsets[chunk] === 0 || byteCounts[chunk] === 0) {
      throw new FormatProblem(
        "file-cut",
        `strip or tile ${chunk} of the image is empty`,
        offset,
        "The file was not written to its end.",
      );
    }
    requireBytes(reader.source.sizeBytes, offsets[chunk]!, byteCounts[chunk]!);
    const most = byteCounts[chunk]! * (mostExpansion[page.compression] ?? Number.POSITIVE_INFINITY);
    if (rawChunkBytes(page, chunk) > most) {
      throw new FormatProblem(
        "file-damaged",
        `strip or tile ${chunk} has ${byteCounts[chunk]} bytes, which cannot hold its ${rawChunkBytes(page, chunk)} of pixels`,
        offsets[chunk]!,
      );
    }
  }
  return { offsets, byteCounts };
}

/** Rows of strip `chunk` (the last may have fewer); tiles are always whole. */
export function chunkRows(page: TiffPage, chunk: number): number {
  if (page.isTiled) return page.chunkHeight;
  return Math.min(page.chunkHeight, page.height - chunk * page.chunkHeight);
}

/** Bytes of strip or tile `chunk` once decompressed. */
export function rawChunkBytes(page: TiffPage, chunk: number): number {
  return chunkRows(page, chunk) * page.chunkWidth * bytesPerPixel[page.pixelFormat];
}

function whole(reader: TiffReader, directory: Directory, number: number, missing?: number): number {
  const entry = directory.entries.get(number);
  if (entry) return reader.numbers(entry, 1, 1)[0]!;
  if (missing === undefined)
    throw new FormatProblem("file-damaged", `the directory has no tag ${number}`, directory.offset);
  return missing;
}

function readPixelFormat(bits: number, sampleFormat: number, refuse: (what: string) => FormatProblem): PixelFormat {
  if (bits === 32 && sampleFormat === 3) return "float32";
  if (sampleFormat !== 1 && !(sampleFormat === 4 && bits <= 16)) {
    throw refuse(`SampleFormat (tag 339) is ${sampleFormatWord(sampleFormat)} with ${bits} bits, which is not read`);
  }
  if (bits === 8) return "uint8";
  if (bits === 16) return "uint16";
  throw refuse(`BitsPerSample (tag 258) is ${bits} (integers), expected 8 or 16`);
}

function checkPredictor(
  predictor: number,
  pixelFormat: PixelFormat,
  method: number,
  refuse: (what: string) => FormatProblem,
): void {
  if (predictor === 1) return;
  const isKnown = predictor === 2 ? pixelFormat !== "float32" : predictor === 3 && pixelFormat === "float32";
  // Programs disagree whether a predictor counts without LZW or deflate; libtiff ignores it, others apply it.
  const isApplied = method !== compression.none && method !== compression.packBits;
  if (!isKnown || !isApplied) {
    throw refuse(
      `Predictor (tag 317) is ${predictor} with ${pixelFormat} pixels and compression ${method}, which is not read`,
    );
  }
}
