/** Planes of an array into tightly packed rows, whatever chunks they lie in. */

import { asDamage } from "../../../decoding.js";
import { reason } from "../../../errors.js";
import { FormatProblem } from "../../../format-problem.js";
import { largestFrameBytes } from "../../../imaging/image-file.js";
import { copyOverlap, type Region } from "../../../imaging/region.js";
import { bytesPerPixel, type PixelFormat } from "../../../model/pixel-format.js";
import { type ChunkDecoder, loadChunkDecoder } from "./chunk-decoder.js";
import { type ChunkFiles, chunkFilesOf } from "./chunk-files.js";
import type { ArrayNode } from "./read-node.js";

/** Decoded chunks that are kept for the planes to come, bytes. */
const keptBytes = 256 * 1024 * 1024;

/** A chunk that the array's shape promises is not there. */
export class MissingChunk extends FormatProblem {
  constructor(name: string) {
    super("file-damaged", `${name} is missing`, undefined, "mote verify says what else is.");
  }
}

export interface PlaneReader {
  /** Fills `target` with the region of the plane at `place` (one index for each axis before the last two). */
  read(place: readonly number[], target: Uint8Array, region: Region): Promise<void>;
  /** Extents of a chunk. */
  readonly chunkShape: readonly number[];
  readonly shardShape: readonly number[] | null;
  readonly codecs: readonly string[];
  close(): void;
}

/** `mustExist`: every chunk has to be there; else one that is not is the fill value. */
export async function openPlanes(node: ArrayNode, format: PixelFormat, mustExist: boolean): Promise<PlaneReader> {
  const files = chunkFilesOf(node);
  const pixelBytes = bytesPerPixel[format];
  const length = files.chunkShape.reduce((product, extent) => product * extent, pixelBytes);
  if (!(length <= largestFrameBytes)) throw new FormatProblem("file-damaged", `has chunks of ${length} bytes`);
  const decoder = await loadChunkDecoder(files.codecs, pixelBytes, length);
  const chunks = new ChunkCache(node, files, decoder, { length, format, mustExist });
  const [chunkHeight, chunkWidth] = files.chunkShape.slice(-2) as [number, number];
  const planeBytes = chunkHeight * chunkWidth * pixelBytes;
  const outer = files.chunkShape.slice(0, -2);
  return {
    chunkShape: files.chunkShape,
    shardShape: files.shardShape,
    codecs: files.codecs.map(({ name }) => name),
    async read(place, target, region) {
      const outerPlace = place.map((at, axis) => Math.floor(at / outer[axis]!));
      const plane = place.reduce((sum, at, axis) => sum * outer[axis]! + (at % outer[axis]!), 0);
      const first = { row: Math.floor(region.y / chunkHeight), column: Math.floor(region.x / chunkWidth) };
      for (let row = first.row; row * chunkHeight < region.y + region.height; row++) {
        for (let column = first.column; column * chunkWidth < region.x + region.width; column++) {
          const chunk = await chunks.get([...outerPlace, row, column]);
          const pixels = chunk.subarray(plane * planeBytes, (plane + 1) * planeBytes);
          const [x, y] = [column * chunkWidth, row * chunkHeight];
          copyOverlap(pixels, x, y, chunkWidth, chunkHeight, target, region, pixelBytes);
        }
      }
    },
    close: () => files.close(),
  };
}

class ChunkCache {
  readonly #kept = new Map<string, Uint8Array>();
  readonly #node: ArrayNode;
  readonly #files: ChunkFiles;
  readonly #decoder: ChunkDecoder;
  readonly #chunk: { length: number; format: PixelFormat; mustExist: boolean };
  /** Chunks of one plane only: none of them is wanted twice. */
  readonly #mostKept: number;

  constructor(
    node: ArrayNode,
    files: ChunkFiles,
    decoder: ChunkDecoder,
    chunk: { length: number; format: PixelFormat; mustExist: boolean },
  ) {
    this.#node = node;
    this.#files = files;
    this.#decoder = decoder;
    this.#chunk = chunk;
    const hasManyPlanes = files.chunkShape.slice(0, -2).some((extent) => extent > 1);
    this.#mostKept = hasManyPlanes ? Math.max(1, Math.floor(keptBytes / chunk.length)) : 0;
  }

  async get(place: readonly number[]): Promise<Uint8Array> {
    const key = place.join("/");
    const kept = this.#kept.get(key);
    if (kept) return kept;
    const chunk = await this.#load(place);
    if (this.#mostKept > 0) {
      this.#kept.set(key, chunk);
      if (this.#kept.size > this.#mostKept) this.#kept.delete(this.#kept.keys().next().value!);
    }
    return chunk;
  }

  async #load(place: readonly number[]): Promise<Uint8Array> {
    const { length, format, mustExist } = this.#chunk;
    const name = `chunk ${this.#node.chunkFile(place)}`;
    const stored = this.#files.read(place);
    if (stored === undefined) {
      if (mustExist) throw new MissingChunk(name);
      return filled(this.#node, length, format);
    }
    try {
      return await this.#decoder.decode(stored);
    } catch (error) {
      const damage = asDamage(error);
      if (!(damage instanceof FormatProblem)) throw damage;
      const { code, byte, hint } = damage;
      throw new FormatProblem(code, `${name} cannot be decoded: ${reason(error)}`, byte, hint, error);
    }
  }
}

/** A chunk that was never written. */
function filled({ fillValue }: ArrayNode, length: number, format: PixelFormat): Uint8Array {
  const value = typeof fillValue === "string" ? Number(fillValue) : fillValue;
  const isValid = typeof value === "number" && (format === "float32" || (Number.isInteger(value) && value >= 0));
  const isNotANumber = fillValue === "NaN";
  if (!isValid || (Number.isNaN(value) && !isNotANumber)) {
    throw new FormatProblem(
      "unsupported",
      `chunks are missing, and the fill value ${JSON.stringify(fillValue)} does not say what they hold`,
    );
  }
  const elements = length / bytesPerPixel[format];
  if (format === "uint8") return new Uint8Array(elements).fill(value);
  if (format === "uint16") return new Uint8Array(new Uint16Array(elements).fill(value).buffer);
  return new Uint8Array(new Float32Array(elements).fill(value).buffer);
}
