/** One PNG as one frame: grey as it is, colour as grey; decoding by fast-png, what it must not guess at refused before. */

import { asDamage } from "../decoding.js";
import { FormatProblem } from "../format-problem.js";
import type { JsonObject } from "../model/json.js";
import { bytesPerPixel, type PixelArray } from "../model/pixel-format.js";
import { type ByteSource, requireBytes } from "./byte-source.js";
import { toGrey } from "./grey.js";
import { type FramePlace, type ImageFile, largestFrameBytes, unknownPlace } from "./image-file.js";
import { copyOverlap, type Region } from "./region.js";

interface PngHeader {
  readonly width: number;
  readonly height: number;
  readonly depth: 8 | 16;
  /** Samples a pixel: 1 grey, 3 RGB, 4 RGB and opacity. */
  readonly channels: 1 | 3 | 4;
}

const signature = [137, 80, 78, 71, 13, 10, 26, 10];
const colourTypes: Readonly<Record<number, string>> = { 3: "a palette", 4: "grey with opacity" };
const hint = "Save it as greyscale or RGB PNG with 8 or 16 bits.";

/** Reads a PNG's header (PNG specification, third edition, section 11.2.1); pixels wait for `readFrame`. */
export function openPng(source: ByteSource): ImageFile {
  const header = readHeader(source);
  const pixelFormat = header.depth === 8 ? "uint8" : "uint16";
  const metadata: JsonObject = { format: "PNG", colour: header.channels === 1 ? "grey" : "RGB, converted to grey" };
  return {
    facts: {
      pixelFormat,
      shape: { height: header.height, width: header.width },
      bitDepth: header.depth,
      frameCount: 1,
      pixelSizeUm: null,
      rateHz: null,
      metadata,
    },
    async readFrame(_index: number, pixels: PixelArray, region: Region): Promise<FramePlace> {
      const grey = await decode(source, header);
      const target = new Uint8Array(pixels.buffer, pixels.byteOffset, pixels.byteLength);
      const bytes = new Uint8Array(grey.buffer, grey.byteOffset, grey.byteLength);
      copyOverlap(bytes, 0, 0, header.width, header.height, target, region, bytesPerPixel[pixelFormat]);
      return unknownPlace;
    },
    close() {},
  };
}

function readHeader(source: ByteSource): PngHeader {
  requireBytes(source.sizeBytes, 0, 33);
  const bytes = new Uint8Array(Math.min(4096, source.sizeBytes));
  source.readInto(bytes, 0);
  const view = new DataView(bytes.buffer);
  if (signature.some((value, at) => bytes[at] !== value))
    throw new FormatProblem("wrong-format", "this is no PNG: its signature is wrong", 0);
  if (view.getUint32(12) !== 0x49484452) throw new FormatProblem("file-damaged", "the first chunk is not IHDR", 12);
  const [width, height, depth, colour] = [view.getUint32(16), view.getUint32(20), bytes[24]!, bytes[25]!];
  if (width < 1 || height < 1) throw new FormatProblem("file-damaged", `the image is ${width}x${height} pixels`, 16);
  const channels = ({ 0: 1, 2: 3, 6: 4 } as const)[colour];
  if (channels === undefined)
    throw new FormatProblem(
      "unsupported",
      `the PNG has ${colourTypes[colour] ?? `colour type ${colour}`}, which is not read`,
      25,
      hint,
    );
  if (depth !== 8 && depth !== 16)
    throw new FormatProblem("unsupported", `the PNG has ${depth} bits a sample, expected 8 or 16`, 24, hint);
  if (width * height * channels * (depth / 8) > largestFrameBytes) {
    throw new FormatProblem(
      "too-large",
      `an image of ${width}x${height} pixels, more than ${largestFrameBytes} bytes`,
      16,
    );
  }
  // Deflate expands a byte to 1032 at most: what claims more is damaged, and found before memory is taken for it.
  if (width * height * channels * (depth / 8) > source.sizeBytes * 1040) {
    throw new FormatProblem(
      "file-damaged",
      `${source.sizeBytes} bytes cannot hold an image of ${width}x${height} pixels`,
      16,
    );
  }
  refuseAnimation(view);
  return { width, height, depth, channels };
}

/** An animated PNG would replay as its first frame only; its acTL chunk stands before the first IDAT. */
function refuseAnimation(view: DataView): void {
  let at = 8;
  while (at + 12 <= view.byteLength) {
    const type = view.getUint32(at + 4);
    if (type === 0x49444154) return;
    if (type === 0x6163544c) throw new FormatProblem("unsupported", "an animated PNG, which is not read", at, hint);
    at += 12 + view.getUint32(at);
  }
}

async function decode(source: ByteSource, header: PngHeader): Promise<Uint8Array | Uint16Array> {
  const { decode: decodePng } = await import("fast-png");
  const file = new Uint8Array(source.sizeBytes);
  source.readInto(file, 0);
  let samples: Uint8Array | Uint8ClampedArray | Uint16Array;
  try {
    samples = decodePng(file, { checkCrc: true }).data;
  } catch (error) {
    throw asDamage(error, { byte: 33, hint: "The file is damaged; copy it again." });
  }
  const pixels = header.width * header.height;
  if (samples.length !== pixels * header.channels) {
    throw new FormatProblem(
      "file-damaged",
      `the PNG holds ${samples.length} samples, expected ${pixels * header.channels}`,
      33,
    );
  }
  if (header.channels === 1) return samples as Uint8Array | Uint16Array;
  const grey = header.depth === 8 ? new Uint8Array(pixels) : new Uint16Array(pixels);
  toGrey(samples, header.channels, grey);
  return grey;
}
