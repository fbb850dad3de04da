/** Stored bytes of the chunks of an array: a file each, or a part of a shard (Zarr v3, "sharding_indexed"). */
import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { FormatProblem } from "../../../format-problem.js";
import { readBounded } from "../../bounded-file.js";
import { insideFolder } from "../../inside-folder.js";
import { partialName } from "../../whole-file.js";
import { checkCrc32c } from "./chunk-decoder.js";
import { type ArrayNode, type Codec, extents, named } from "./read-node.js";

export interface ChunkFiles {
  /** Extents of a chunk: of one in a shard where there are shards. */
  readonly chunkShape: readonly number[];
  /** Codecs of a chunk. */
  readonly codecs: readonly Codec[];
  /** Frames along the first axis that one file holds. */
  readonly shardShape: readonly number[] | null;
  /** The stored bytes; undefined for a chunk that was never written. Throws the system's error, or a FormatProblem. */
  read(place: readonly number[]): Uint8Array | undefined;
  close(): void;
}

/** A chunk decodes to a frame of a GiB at most; stored it is hardly larger. */
const mostChunkBytes = 2 ** 30 + 2 ** 24;

const absent = 0xffff_ffff_ffff_ffffn;

export function chunkFilesOf(node: ArrayNode): ChunkFiles {
  const [sharding] = node.codecs;
  if (sharding?.name === "sharding_indexed") return new Shards(node, sharding, node.codecs.slice(1));
  return {
    chunkShape: node.chunkShape,
    codecs: node.codecs,
    shardShape: null,
    read(place) {
      try {
        return readBounded(insideFolder(node.folder, node.chunkFile(place)), mostChunkBytes);
      } catch (error) {
        if (isMissing(error)) return undefined;
        throw error;
      }
    },
    close() {},
  };
}

function isMissing(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === "ENOENT";
}

class Shards implements ChunkFiles {
  readonly chunkShape: readonly number[];
  readonly codecs: readonly Codec[];
  readonly shardShape: readonly number[];
  readonly #node: ArrayNode;
  readonly #isIndexFirst: boolean;
  readonly #hasChecksum: boolean;
  /** Chunks of a shard along each axis. */
  readonly #counts: readonly number[];
  #open: { readonly file: string; readonly fd: number; readonly index: DataView } | undefined;

  constructor(node: ArrayNode, { configuration }: Codec, outer: readonly Codec[]) {
    const refuse = (what: string) => new FormatProblem("unsupported", `its shards ${what}, which Mote does not read`);
    if (outer.length > 0) throw refuse("are compressed as a whole");
    this.#node = node;
    this.shardShape = node.chunkShape;
    this.chunkShape = extents(configuration.chunk_shape, "chunk shape in its shards", 1, node.shape.length);
    this.#counts = this.shardShape.map((extent, axis) => extent / this.chunkShape[axis]!);
    if (!this.#counts.every(Number.isInteger)) throw refuse("are no multiples of their chunks");
    const list = (value: unknown) => (Array.isArray(value) ? value.map((codec) => named(codec, "codec")) : []);
    this.codecs = list(configuration.codecs);
    if (this.codecs[0]?.name === "sharding_indexed") throw refuse("hold shards");
    const [bytes, checksum, ...rest] = list(configuration.index_codecs);
    const isKnown = bytes?.name === "bytes" && bytes.configuration.endian === "little" && rest.length === 0;
    if (!isKnown || (checksum && checksum.name !== "crc32c")) throw refuse("have an index in another form");
    this.#hasChecksum = checksum !== undefined;
    this.#isIndexFirst = configuration.index_location === "start";
  }

  read(place: readonly number[]): Uint8Array | undefined {
    const shard = this.#shardOf(place.map((at, axis) => Math.floor(at / this.#counts[axis]!)));
    if (!shard) return undefined;
    const slot = place.reduce((sum, at, axis) => sum * this.#counts[axis]! + (at % this.#counts[axis]!), 0);
    const offset = shard.index.getBigUint64(16 * slot, true);
    const length = shard.index.getBigUint64(16 * slot + 8, true);
    if (offset === absent && length === absent) return undefined;
    const { size } = fstatSync(shard.fd);
    if (offset + length > BigInt(size)) {
      throw new FormatProblem("file-cut", `${shard.file} ends at byte ${size}, its index says ${offset + length}`);
    }
    return readAt(shard.fd, Number(offset), Number(length));
  }

  close(): void {
    if (this.#open) closeSync(this.#open.fd);
    this.#open = undefined;
  }

  #shardOf(place: readonly number[]) {
    const file = this.#node.chunkFile(place);
    if (this.#open?.file === file) return this.#open;
    this.close();
    // A shard that was being filled when its writer died has not got its name; no shape promises its frames.
    const path = insideFolder(this.#node.folder, file);
    const fd = openThere(path) ?? openThere(partialName(path));
    if (fd === undefined) return undefined;
    try {
      const length = 16 * this.#counts.reduce((a, b) => a * b, 1) + (this.#hasChecksum ? 4 : 0);
      const { size } = fstatSync(fd);
      if (size < length)
        throw new FormatProblem("file-damaged", `${file} has ${size} bytes, its index alone ${length}`);
      const stored = readAt(fd, this.#isIndexFirst ? 0 : size - length, length);
      const bytes = this.#hasChecksum ? checkCrc32c(stored) : stored;
      this.#open = { file, fd, index: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength) };
      return this.#open;
    } catch (error) {
      closeSync(fd);
      throw error;
    }
  }
}

function openThere(path: string): number | undefined {
  try {
    return openSync(path, "r");
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

function readAt(fd: number, offset: number, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let done = 0; done < length; ) {
    const count = readSync(fd, bytes, done, length - done, offset + done);
    if (count === 0)
      throw new FormatProblem("file-changed", "the file became shorter while it was read", offset + done);
    done += count;
  }
  return bytes;
}
