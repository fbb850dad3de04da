/**
 * Decodes the codestreams of fast lossless encoders with a WebAssembly kernel: an implementation of the specification that
 * shares nothing with the encoder's, so that what both agree on is what any decoder will see.
 */
import { type Kernels, kernelStaticBytes, loadKernels } from "../../kernels/load-kernels.js";
import type { DecodedFrame } from "../frame-codec.js";
import { type GradientStream, type HybridConfig, readGradientStream } from "./gradient-stream.js";
import { mostCodeBits } from "./prefix-code.js";

const shortBits = 10;
const shortEntries = 1 << shortBits;
const longEntries = 1 << mostCodeBits;
const tableBytes = 16 * (shortEntries + longEntries);
/** How far behind a group's end the kernel may look. */
const overreadBytes = 4096;
const pageBytes = 65_536;
/** Longer images are left to the general decoder. */
const mostBytes = 2 ** 31;

export interface GradientDecoder {
  /** The frame, valid until the next call; undefined for a stream of another kind, or a damaged one. */
  borrowDecoded(coded: Uint8Array): DecodedFrame | undefined;
}

export function createGradientDecoder(): GradientDecoder {
  let memory: WebAssembly.Memory | undefined;
  let kernels: Kernels | undefined;

  /** Memory for so many bytes behind the kernels' own; grown when a larger frame comes. */
  function room(bytes: number): { memory: WebAssembly.Memory; kernels: Kernels } {
    const pages = Math.ceil((kernelStaticBytes + bytes) / pageBytes);
    if (!memory || memory.buffer.byteLength < pages * pageBytes) {
      memory = new WebAssembly.Memory({ initial: pages, maximum: 65_536, shared: true });
      kernels = loadKernels(memory);
    }
    return { memory, kernels: kernels! };
  }

  return {
    borrowDecoded(coded) {
      const stream = readGradientStream(coded);
      // Fast encoders put bytes into a palette, so that these never come here.
      if (!stream || stream.bits <= 8) return undefined;
      const { height, width } = stream.shape;
      const imageBytes = height * width * 2;
      if (imageBytes + coded.length > mostBytes) return undefined;
      const codedAt = Math.ceil((tableBytes + imageBytes) / 64) * 64;
      const { memory, kernels } = room(codedAt + coded.length + overreadBytes);
      const tableAt = kernelStaticBytes;
      const imageAt = tableAt + tableBytes;
      writeTable(new Int32Array(memory.buffer, tableAt, tableBytes / 4), stream);
      const streamAt = kernelStaticBytes + codedAt;
      new Uint8Array(memory.buffer, streamAt, coded.length).set(coded);
      for (const group of stream.groups) {
        const out = imageAt + (group.y * width + group.x) * 2;
        const first = streamAt + (group.bitAt >> 3);
        // biome-ignore format: one line for each group of arguments
        const isDecoded = kernels.decodeGradient_u16(
          out, width * 2, group.width, group.height, first, group.bitAt & 7, streamAt + group.end,
          tableAt, stream.leastRun, 2 ** stream.bits - 1,
        );
        if (isDecoded === 0) return undefined;
      }
      return { shape: stream.shape, bits: stream.bits, samples: new Uint8Array(memory.buffer, imageAt, imageBytes) };
    },
  };
}

/** For every value of the next bits what they begin with, as `decodeGradient` reads it. */
function writeTable(table: Int32Array, stream: GradientStream): void {
  table.fill(0);
  stream.lengths.forEach((length, symbol) => {
    if (length <= 0) return;
    const isRun = symbol >= stream.firstRun;
    const token = isRun ? symbol - stream.firstRun : symbol;
    const { base, extra } = numberOf(token, isRun ? stream.runConfig : stream.config);
    // Such a token is no pixel's and no run's; left out, it ends the decoding.
    if (extra > 20) return;
    const kind = length + extra + 256 * length + (isRun ? 65_536 : 0);
    const word = stream.words[symbol]!;
    if (length <= shortBits) fillEvery(table.subarray(0, shortEntries * 4), word, length, kind, extra, base);
    else fillEvery(table.subarray(shortEntries * 4), word, length, kind, extra, base);
  });
}

/** Writes the entry at every value that begins with this code word. */
function fillEvery(table: Int32Array, word: number, length: number, kind: number, extra: number, base: number): void {
  const mask = 2 ** extra - 1;
  for (let at = word * 4; at < table.length; at += 4 << length) {
    table[at] = kind;
    table[at + 1] = mask;
    table[at + 2] = base;
  }
}

/** What a token stands for: annex C.3.3, without low bits. */
function numberOf(token: number, { splitExponent, msb }: HybridConfig): { base: number; extra: number } {
  const split = 2 ** splitExponent;
  if (token < split) return { base: token, extra: 0 };
  const extra = splitExponent - msb + ((token - split) >> msb);
  return { base: ((token & (2 ** msb - 1)) | (2 ** msb)) * 2 ** Math.min(extra, 30), extra };
}
