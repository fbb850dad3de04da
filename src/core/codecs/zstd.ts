/** zstd (RFC 8878), synchronous once it is loaded: Node's own from 22.15 on, the same library as WebAssembly before. */
import zlib from "node:zlib";
import { requireWebAssemblyMemory } from "../out-of-memory.js";

export interface Zstd {
  /**
   * Compresses `bytes`, which may be shared memory, into one frame that states its size; `level` 1 to 19. The result is
   * the caller's. Node and WebAssembly may differ in bytes, since they hold different releases of zstd.
   */
  compress(bytes: Uint8Array, level: number): Uint8Array;
  /**
   * Decompresses the one frame of `bytes`. Throws when it is damaged, or larger than `mostBytes` before memory is taken
   * for it. A frame that was cut is told by the size it states; one that states none may come back short.
   */
  decompress(bytes: Uint8Array, mostBytes: number): Uint8Array;
}

/** Absent from the types and the Node releases before 22.15. */
interface NodeZstd {
  zstdCompressSync(bytes: Uint8Array, options: object): Uint8Array;
  zstdDecompressSync(bytes: Uint8Array, options: object): Uint8Array;
}

/** Value of ZSTD_c_compressionLevel in zstd.h, part of its stable interface. */
const compressionLevel = 100;

/** Milliseconds a frame of 2048x2048 uint16 in strips of 128 kB, level 1 and 3: native 25 and 47, WebAssembly 36 and 71. */
export async function loadZstd(): Promise<Zstd> {
  return "zstdCompressSync" in zlib ? nativeZstd(zlib as unknown as NodeZstd) : await loadWasmZstd();
}

function nativeZstd(native: NodeZstd): Zstd {
  return {
    compress: (bytes, level) => native.zstdCompressSync(bytes, { params: { [compressionLevel]: level } }),
    decompress(bytes, mostBytes) {
      const claimed = refuseLarge(bytes, mostBytes);
      const raw = native.zstdDecompressSync(bytes, { maxOutputLength: Math.max(1, mostBytes) });
      // Some releases of Node end without an error where the input ends.
      if (claimed !== undefined && raw.length !== claimed) {
        throw new Error(`a zstd frame of ${raw.length} bytes that claims ${claimed}`);
      }
      return raw;
    },
  };
}

/** The twin that Node before 22.15 uses; exported so that both are tested wherever one of them runs. */
export async function loadWasmZstd(): Promise<Zstd> {
  requireWebAssemblyMemory();
  const { default: wasm } = await import("@foxglove/wasm-zstd");
  await wasm.isLoaded;
  return {
    compress: (bytes, level) => wasm.compress(bytes, level),
    // Its room is taken before it is filled.
    decompress: (bytes, mostBytes) => wasm.decompress(bytes, refuseLarge(bytes, mostBytes) ?? mostBytes),
  };
}

function refuseLarge(bytes: Uint8Array, mostBytes: number): number | undefined {
  const claimed = claimedBytes(bytes);
  if (claimed !== undefined && claimed > mostBytes) {
    throw new Error(`a zstd frame that claims ${claimed} bytes, expected at most ${mostBytes}`);
  }
  return claimed;
}

/** The size that the first frame's header claims (RFC 8878 section 3.1.1.1); undefined when it does not say, or is none. */
export function claimedBytes(bytes: Uint8Array): number | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 6 || view.getUint32(0, true) !== 0xfd2f_b528) return undefined;
  const descriptor = view.getUint8(4);
  const isSingleSegment = (descriptor & 0x20) !== 0;
  const dictionaryBytes = [0, 1, 2, 4][descriptor & 3]!;
  const sizeAt = 5 + (isSingleSegment ? 0 : 1) + dictionaryBytes;
  const sizeBytes = [isSingleSegment ? 1 : 0, 2, 4, 8][descriptor >> 6]!;
  if (sizeBytes === 0 || sizeAt + sizeBytes > bytes.length) return undefined;
  if (sizeBytes === 1) return view.getUint8(sizeAt);
  if (sizeBytes === 2) return view.getUint16(sizeAt, true) + 256;
  return sizeBytes === 4 ? view.getUint32(sizeAt, true) : Number(view.getBigUint64(sizeAt, true));
}
