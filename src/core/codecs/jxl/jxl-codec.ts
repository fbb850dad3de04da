/**
 * JPEG XL, lossless, one grey channel, by libjxl in WebAssembly. Encoder and decoder are modules of their own with their
 * own memory, so that what one returned stays valid while the other works. Each thread opens its own.
 */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { FrameDecoder, FrameEncoder } from "../frame-codec.js";

const codecPackage = "@cornerstonejs/codec-libjxl";

/** The package's own way to find its WebAssembly aborts in Node: the bytes have to be handed in. */
function wasmBytes(name: "encodewasm" | "decodewasm"): Uint8Array {
  return readFileSync(createRequire(import.meta.url).resolve(`${codecPackage}/${name}`));
}

/** Runs `work`, turning a thrown C++ exception into an Error with its text. */
function explainedBy<Result>(codec: LibjxlModule, work: () => Result): Result {
  try {
    return work();
  } catch (error) {
    if (typeof error !== "number") throw error;
    const [type, text] = codec.getExceptionMessage(error);
    codec.decrementExceptionRefcount(error);
    throw new Error(text || type || "JPEG XL codec failed");
  }
}

/** `effort` 1 (fast) to 9. The first calls of an encoder are slower, until the engine has compiled it. */
export async function openJxlEncoder(effort: number): Promise<FrameEncoder> {
  const { default: load } = await import("@cornerstonejs/codec-libjxl/encodewasmjs");
  const codec = await load({ wasmBinary: wasmBytes("encodewasm") });
  const encoder = new codec.JpegXLEncoder();
  encoder.setEffort(effort);
  encoder.setLossless(true);
  return {
    borrowEncoded(samples, { height, width }, bits) {
      return explainedBy(codec, () => {
        const info = { width, height, bitsPerSample: bits, componentCount: 1, isSigned: false };
        const room = encoder.getDecodedBuffer(info);
        if (room.length !== samples.length) {
          throw new Error(`expected ${room.length} bytes of samples at ${bits} bits, got ${samples.length}`);
        }
        room.set(samples);
        encoder.encode();
        return encoder.getEncodedBuffer();
      });
    },
  };
}

export async function openJxlDecoder(): Promise<FrameDecoder> {
  const { default: load } = await import("@cornerstonejs/codec-libjxl/decodewasmjs");
  const codec = await load({ wasmBinary: wasmBytes("decodewasm") });
  const decoder = new codec.JpegXLDecoder();
  return {
    borrowDecoded(coded) {
      return explainedBy(codec, () => {
        decoder.getEncodedBuffer(coded.length).set(coded);
        decoder.decode();
        const { width, height, bitsPerSample, componentCount } = decoder.getFrameInfo();
        if (componentCount !== 1) throw new Error(`the image has ${componentCount} channels, expected 1`);
        return { shape: { height, width }, bits: bitsPerSample, samples: decoder.getDecodedBuffer() };
      });
    },
  };
}
