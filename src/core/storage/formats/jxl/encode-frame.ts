/** One frame to a codestream, proven by decoding it again where that is asked for. */
import { crc32 } from "node:zlib";
import type { FrameDecoder, FrameEncoder } from "../../../codecs/frame-codec.js";
import { codedBits } from "../../../codecs/jxl/coded-bits.js";
import type { Frame } from "../../../memory/frame.js";
import { changedPixels } from "../../../memory/pixel-checksum.js";
import type { FrameShape } from "../../../model/descriptor.js";

export interface EncodedFrame {
  readonly bytes: Uint8Array;
  /** Of the pixels as they stand in memory: tightly packed, little-endian. */
  readonly crc32: number;
  readonly isVerified: boolean;
}

export interface FrameCodec {
  readonly encoder: FrameEncoder;
  readonly decoder: FrameDecoder;
}

/** Which frames are decoded again: every n-th by number, all with 1, none with 0. */
export function isToVerify(frameNumber: number, verifyEvery: number): boolean {
  return verifyEvery > 0 && frameNumber % verifyEvery === 0;
}

/** Encodes a frame's pixels; the bytes are valid until the codec's next call. Throws when they do not decode to the same, or came changed. */
export function encodeFrame(codec: FrameCodec, frame: Frame, shape: FrameShape, verifyEvery: number): EncodedFrame {
  const { header, pixels, pixelBytes: samples } = frame;
  const checksum = crc32(samples);
  if (frame.pixelsCrc32 >= 0 && checksum !== frame.pixelsCrc32) throw new Error(changedPixels);
  const bits = codedBits(pixels, header.pixelFormat ?? "uint16", header.bitDepth);
  const bytes = codec.encoder.borrowEncoded(samples, shape, bits);
  const isVerified = isToVerify(header.frameNumber, verifyEvery);
  if (isVerified) requireEqual(codec.decoder, bytes, samples, shape);
  return { bytes, crc32: checksum, isVerified };
}

/** Throws when the codestream is not these samples, with the first place where they differ. */
export function requireEqual(
  decoder: FrameDecoder,
  coded: Uint8Array,
  samples: Uint8Array,
  { height, width }: FrameShape,
): void {
  const decoded = decoder.borrowDecoded(coded);
  if (decoded.shape.height !== height || decoded.shape.width !== width || decoded.samples.length !== samples.length) {
    throw new Error(`decodes to ${decoded.shape.width}x${decoded.shape.height} pixels, expected ${width}x${height}`);
  }
  if (Buffer.compare(decoded.samples, samples) === 0) return;
  const byte = decoded.samples.findIndex((value, at) => value !== samples[at]);
  throw new Error(`decodes to other pixels: byte ${byte} is ${decoded.samples[byte]}, expected ${samples[byte]}`);
}
