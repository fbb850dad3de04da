/** Blosc 1 chunks, whichever compressor and filter made them, read by c-blosc itself (numcodecs, WebAssembly). */
import { requireWebAssemblyMemory } from "../../out-of-memory.js";

export interface BloscDecoder {
  /** Throws when the chunk is damaged or its header says another length than `length`. */
  decode(chunk: Uint8Array, length: number): Promise<Uint8Array>;
}

const headerBytes = 16;

export async function loadBloscDecoder(): Promise<BloscDecoder> {
  requireWebAssemblyMemory();
  const { default: Blosc } = await import("numcodecs/blosc");
  // Decoding goes by the chunk's own header; these are for encoding.
  const codec = Blosc.fromConfig({ id: "blosc", cname: "lz4", clevel: 1, shuffle: 2, blocksize: 0 });
  return {
    async decode(chunk, length) {
      if (chunk.length < headerBytes) throw new Error(`a Blosc chunk of ${chunk.length} bytes`);
      const view = new DataView(chunk.buffer, chunk.byteOffset, chunk.byteLength);
      const [raw, stored] = [view.getUint32(4, true), view.getUint32(12, true)];
      if (raw !== length || stored !== chunk.length) {
        throw new Error(`a Blosc chunk that says ${raw} bytes in ${stored}, expected ${length} in ${chunk.length}`);
      }
      const decoded = await codec.decode(chunk);
      if (decoded.length !== length) throw new Error(`a Blosc chunk of ${decoded.length} bytes, expected ${length}`);
      return decoded as Uint8Array;
    },
  };
}
