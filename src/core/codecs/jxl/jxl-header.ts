/**
 * What a JPEG XL file says of its image, read without decoding it: ISO/IEC 18181-2 (boxes) and 18181-1, annex D
 * (SizeHeader, ImageMetadata). Reads what Mote replays, lossless grey of 8 to 16 bits; refuses the rest by name.
 */
import { FormatProblem } from "../../format-problem.js";
import { type ByteSource, requireBytes } from "../../imaging/byte-source.js";
import type { FrameShape } from "../../model/descriptor.js";
import { BitReader } from "./bit-reader.js";

export interface JxlHeader {
  readonly shape: FrameShape;
  /** Bits a sample, 1 to 16. */
  readonly bits: number;
}

/** More bytes than the fields up to the colour space can take. */
const headBytes = 64;
const hint = "Convert it to lossless greyscale first, for example with djxl to PNG.";

/** Offset of the codestream's first byte: 0, or inside the box that holds it; `isWhole` unless it goes on in other boxes. */
export function findCodestream(source: ByteSource): { readonly start: number; readonly isWhole: boolean } {
  requireBytes(source.sizeBytes, 0, 12);
  const head = new Uint8Array(16);
  const view = new DataView(head.buffer);
  source.readInto(head.subarray(0, 12), 0);
  if (view.getUint16(0) === 0xff0a) return { start: 0, isWhole: true };
  const isContainer = view.getUint32(0) === 12 && view.getUint32(4) === 0x4a584c20 && view.getUint32(8) === 0x0d0a870a;
  if (!isContainer) throw new FormatProblem("wrong-format", "this is no JPEG XL: its signature is wrong", 0);
  let at = 12;
  while (at + 8 <= source.sizeBytes) {
    const length = Math.min(16, source.sizeBytes - at);
    source.readInto(head.subarray(0, length), at);
    const size = view.getUint32(0);
    const isLong = size === 1;
    const start = at + (isLong ? 16 : 8);
    const type = view.getUint32(4);
    if (type === 0x6a786c63) return { start, isWhole: true }; // jxlc
    if (type === 0x6a786c70) return { start: start + 4, isWhole: false }; // jxlp: its number, then the first part
    const boxBytes = isLong && length === 16 ? Number(view.getBigUint64(8)) : size;
    if (boxBytes < 8) break;
    at += boxBytes;
  }
  throw new FormatProblem("wrong-format", "the file holds no JPEG XL codestream", at);
}

const edge = [
  [1, 9],
  [1, 13],
  [1, 18],
  [1, 30],
] as const;
/** Width over height, by code; 0 means that the width follows. */
const ratios = [
  [0, 1],
  [1, 1],
  [12, 10],
  [4, 3],
  [3, 2],
  [16, 9],
  [5, 4],
  [2, 1],
] as const;

function readShape(bits: BitReader): FrameShape {
  const isDiv8 = bits.flag();
  const height = isDiv8 ? 8 * (1 + bits.read(5)) : bits.choose(edge);
  const ratio = bits.read(3);
  if (ratio === 0) return { height, width: isDiv8 ? 8 * (1 + bits.read(5)) : bits.choose(edge) };
  const [over, under] = ratios[ratio]!;
  return { height, width: Math.floor((height * over) / under) };
}

/** Reads the header; throws a FormatProblem for what is damaged or would not come back as it was stored. */
export function readJxlHeader(source: ByteSource): JxlHeader {
  const { start } = findCodestream(source);
  const head = new Uint8Array(Math.min(headBytes, Math.max(0, source.sizeBytes - start)));
  source.readInto(head, start);
  return readImageHeader(new BitReader(head), start);
}

/** Reads SizeHeader and ImageMetadata up to the colour space, from the signature on; `start` is where it stands in the file. */
export function readImageHeader(bits: BitReader, start: number): JxlHeader {
  const refuse = (what: string) =>
    new FormatProblem("unsupported", `the JPEG XL ${what}, which is not read`, start, hint);
  if (bits.read(16) !== 0x0aff) throw new FormatProblem("file-damaged", "the codestream's signature is wrong", start);
  const shape = readShape(bits);
  if (bits.flag()) throw refuse("is a colour image, coded with loss");
  if (bits.flag()) throw refuse("is turned, animated or has a preview");
  if (bits.flag()) throw refuse("has floating-point samples");
  const depth = bits.choose([
    [8, 0],
    [10, 0],
    [12, 0],
    [1, 6],
  ]);
  if (depth > 16) throw refuse(`has ${depth} bits a sample`);
  bits.flag(); // modular_16bit_buffers: for decoders with little memory
  if (bits.read(2) !== 0) throw refuse("has extra channels");
  if (bits.flag()) throw refuse("was coded with loss");
  if (bits.flag()) throw refuse("is a colour image"); // ColourEncoding all_default: sRGB
  const hasProfile = bits.flag();
  if (bits.enumerated() !== 1 || hasProfile) throw refuse("is a colour image");
  return { shape, bits: depth };
}
