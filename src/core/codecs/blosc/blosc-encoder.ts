/**
 * Chunks of Blosc 1 (its README_CHUNK_FORMAT, format version 2) with true bitshuffle: every element's bits sorted by
 * significance, block by block, then LZ4 (a kernel) or Zstandard (handed in). Knows no files and no frames.
 */
import { kernelStaticBytes, loadKernels } from "../../kernels/load-kernels.js";

/**
 * Bytes of a block: the rows that bitshuffle writes are 2048 bytes apart or nearer. Measured on 16 bits: 64 KiB blocks,
 * whose rows are 4096 bytes apart and fall on one set of the cache, take 2.5 times as long and save 0.4%.
 */
const blockBytesOf = { 1: 16384, 2: 32768, 4: 32768 } as const;
const headerBytes = 16;
const hashTableBytes = 8192;

const flag = { memcpy: 0x02, bitShuffle: 0x04, isOneStream: 0x10 } as const;
/** Compressor in the upper three bits of the flags. */
const compressorCode = { lz4: 1 << 5, zstd: 4 << 5 } as const;

export type BloscCompressor = keyof typeof compressorCode;

export interface BloscEncoder {
  /** Bytes of a block of a chunk that has several. */
  readonly blockBytes: number;
  /** The chunk of these bytes, a whole number of elements; lies in shared memory and is valid until the next call. */
  borrowEncoded(bytes: Uint8Array): Uint8Array;
}

/**
 * An encoder for chunks of at most `mostBytes` bytes of elements of `typesize` bytes, with a memory of its own.
 * `compressZstd` is needed for zstd only.
 */
export function createBloscEncoder(
  compressor: BloscCompressor,
  typesize: 1 | 2 | 4,
  mostBytes: number,
  compressZstd?: (block: Uint8Array) => Uint8Array,
): BloscEncoder {
  const blockBytes = blockBytesOf[typesize];
  const blockAt = kernelStaticBytes;
  const shuffledAt = blockAt + blockBytes;
  const tableAt = shuffledAt + blockBytes;
  const chunkAt = tableAt + hashTableBytes;
  const mostBlocks = Math.ceil(mostBytes / blockBytes);
  const pages = Math.ceil((chunkAt + headerBytes + mostBytes + mostBlocks * 8) / 65536);
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
  const kernels = loadKernels(memory);
  const shuffle = { 1: kernels.bitShuffle_u8, 2: kernels.bitShuffle_u16, 4: kernels.bitShuffle_u32 }[typesize];
  const bytesAt = new Uint8Array(memory.buffer);
  const block = bytesAt.subarray(blockAt, blockAt + blockBytes);
  const view = new DataView(memory.buffer, chunkAt);

  /** Compresses the block at `from` to `to`; 0 when that would not make it smaller. */
  function compress(to: number, from: number, length: number): number {
    if (compressor === "lz4") return kernels.lz4Compress(to, length - 1, from, length, tableAt);
    const compressed = compressZstd!(bytesAt.slice(from, from + length));
    if (compressed.length >= length) return 0;
    bytesAt.set(compressed, to);
    return compressed.length;
  }

  /** Puts a block, its length first, behind what is there; returns where it ends. */
  function putBlock(to: number, length: number): number {
    // Blosc 1 leaves a block alone whose elements are no multiple of eight: only the last can be such a one.
    const isShuffled = length % (8 * typesize) === 0;
    if (isShuffled) shuffle(shuffledAt, blockAt, length / typesize);
    const from = isShuffled ? shuffledAt : blockAt;
    let stored = compress(chunkAt + to + 4, from, length);
    if (stored === 0) {
      bytesAt.copyWithin(chunkAt + to + 4, from, from + length);
      stored = length;
    }
    view.setInt32(to, stored, true);
    return to + 4 + stored;
  }

  function putHeader(flags: number, length: number, blockLength: number, end: number): void {
    // Format 2; version 1 of LZ4's or Zstandard's own format.
    view.setUint8(0, 2);
    view.setUint8(1, 1);
    view.setUint8(2, flags | flag.bitShuffle | flag.isOneStream | compressorCode[compressor]);
    view.setUint8(3, typesize);
    view.setUint32(4, length, true);
    view.setUint32(8, blockLength, true);
    view.setUint32(12, end, true);
  }

  return {
    blockBytes,
    borrowEncoded(bytes) {
      const { length } = bytes;
      if (length === 0 || length > mostBytes || length % typesize !== 0) {
        throw new RangeError(`a chunk of ${length} bytes of elements of ${typesize}, at most ${mostBytes}`);
      }
      const blocks = Math.ceil(length / blockBytes);
      let end = headerBytes + 4 * blocks;
      for (let index = 0; index < blocks; index++) {
        view.setInt32(headerBytes + 4 * index, end, true);
        const part = bytes.subarray(index * blockBytes, (index + 1) * blockBytes);
        block.set(part);
        end = putBlock(end, part.length);
      }
      if (end > headerBytes + length) {
        // Nothing to be won: the bytes as they are behind the header.
        bytesAt.set(bytes, chunkAt + headerBytes);
        end = headerBytes + length;
        putHeader(flag.memcpy, length, Math.min(blockBytes, length), end);
      } else putHeader(0, length, Math.min(blockBytes, length), end);
      return bytesAt.subarray(chunkAt, chunkAt + end);
    },
  };
}
