/**
 * JPEG XL, lossless, one grey channel, by libjxl in WebAssembly. Encoder and decoder are modules of their own with their
 * own memory, so that what one returned stays valid while the other works. Each thread opens its own.
 */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { requireWebAssemblyMemory } from "../../out-of-memory.js";
import type { FrameDecoder, FrameEncoder } from "../frame-codec.js";
import { createGradientDecoder } from "./gradient-decoder.js";

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

/**
 * At effort 1 the library reserves 16 bits a pixel and 100,000 more for an image of one group, while it may need 24: such
 * an image, when it is little but noise, is written over the end of the buffer. (Larger images have their own reserve.)
 */
const groupEdge = 256;
const leastSafeEffort = 2;

/** `effort` 1 (fast) to 9; 2 at least for frames of 9 bits and more that fit into one group. The first calls of an encoder are slower, until the engine has compiled it. */
export async function openJxlEncoder(effort: number): Promise<FrameEncoder> {
  requireWebAssemblyMemory();
  const { default: load } = await import("@cornerstonejs/codec-libjxl/encodewasmjs");
  const codec = await load({ wasmBinary: wasmBytes("encodewasm") });
  const encoder = new codec.JpegXLEncoder();
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
        const isOneGroup = height <= groupEdge && width <= groupEdge && bits > 8;
        encoder.setEffort(isOneGroup ? Math.max(effort, leastSafeEffort) : effort);
        encoder.encode();
        return encoder.getEncodedBuffer();
      });
    },
  };
}

/**
 * Decodes what fast encoders write by our own kernel, in half the time, and all else by libjxl. With `libjxlEvery` every
 * so-many-th frame, the first included, goes to libjxl in any case: a second opinion on what is verified.
 */
export async function openJxlDecoder(libjxlEvery = Number.POSITIVE_INFINITY): Promise<FrameDecoder> {
  const general = await openLibjxlDecoder();
  const fast = createGradientDecoder();
  let frames = 0;
  return {
    borrowDecoded(coded) {
      const isForLibjxl = Number.isFinite(libjxlEvery) && frames++ % libjxlEvery === 0;
      return (isForLibjxl ? undefined : fast.borrowDecoded(coded)) ?? general.borrowDecoded(coded);
    },
  };
}

/** Compiled once a thread: a decoder that met damage is not used again, and in a damaged folder that is one a file. */
let compiledDecoder: WebAssembly.Module | undefined;

export async function openLibjxlDecoder(): Promise<FrameDecoder> {
  requireWebAssemblyMemory();
  const { default: load } = await import("@cornerstonejs/codec-libjxl/decodewasmjs");
  compiledDecoder ??= new WebAssembly.Module(wasmBytes("decodewasm"));
  const module = compiledDecoder;
  const codec = await load({
    instantiateWasm: (imports, receive) => receive(new WebAssembly.Instance(module, imports), module),
  });
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
