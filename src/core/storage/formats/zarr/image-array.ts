/** One resolution of the frames on the disk: a file a frame, or a shard of many; the array's shape grows behind them. */
import { closeSync, ftruncateSync, openSync } from "node:fs";
import { dirname, join } from "node:path";
import { crc32c } from "../../../codecs/crc32c.js";
import type { JsonValue } from "../../../model/json.js";
import type { HeldFolder } from "../../claim/held-folder.js";
import { moveOwn, removeEmptyFolder, removeOwnFile } from "../../claim/removal.js";
import { makeFoldersIn } from "../../folders.js";
import { partialName, writeWhole } from "../../whole-file.js";
import { writeAll } from "../../write-all.js";
import { type ArrayLayout, arrayJson, rowsPatch, shardingCodec, type ZarrType } from "./array-metadata.js";
import type { Unsynced } from "./unsynced.js";

/** Offset and length of a chunk that is not in its shard (Zarr v3, "sharding_indexed", section "Binary shard format"). */
const absent = 0xffff_ffff_ffff_ffffn;

/** A shard that is being filled, under its partial name: whole after every frame, its index behind the last one. */
interface OpenShard {
  /** Which shard of the array. */
  readonly number: number;
  readonly fd: number;
  /** Offset and length of every frame. */
  readonly index: BigUint64Array;
  /** Where the next frame goes: behind the frames that count. */
  end: number;
  /** Has its final name. */
  isNamed: boolean;
}

export function imageLayout(
  dataType: ZarrType,
  shape: { readonly height: number; readonly width: number },
  codecs: readonly JsonValue[],
  framesPerShard: number,
): ArrayLayout {
  const rowShape = [shape.height, shape.width];
  return {
    dataType,
    rowShape,
    chunkRows: framesPerShard,
    codecs: framesPerShard === 1 ? codecs : [shardingCodec(rowShape, codecs)],
    dimensionNames: ["t", "y", "x"],
    separator: "/",
  };
}

export class ImageArray {
  readonly #store: HeldFolder;
  readonly #name: string;
  readonly #layout: ArrayLayout;
  readonly #unsynced: Unsynced | undefined;
  #shard: OpenShard | undefined;
  /** Of the metadata, where it grows in place. */
  #metadata = -1;
  /** Bytes of the frame that was put last and does not count yet. */
  #putBytes = 0;

  /**
   * The array of that name in a store. With `unsynced` its shape grows in place (its metadata is `growingArrayJson`): a file
   * that takes another's place needs a sync each time, lest its name is on the disk before its bytes.
   */
  constructor(store: HeldFolder, name: string, layout: ArrayLayout, unsynced?: Unsynced) {
    this.#store = store;
    this.#unsynced = unsynced;
    this.#name = name;
    this.#layout = layout;
  }

  /** Stores the chunk of frame `index`, the next one or one that was put before and never counted. */
  put(index: number, chunk: Uint8Array): void {
    const rows = this.#layout.chunkRows;
    if (rows === 1) this.#putFile(index, chunk);
    else this.#putInShard(index, chunk);
  }

  /** Frames that readers find when `count` are put: those in files that have their names. */
  readable(count: number): number {
    return count - (count % this.#layout.chunkRows);
  }

  /** Says how many frames there are; readers see them from here on. */
  promise(count: number): void {
    const path = join(this.#folder, "zarr.json");
    if (!this.#unsynced) {
      writeWhole(path, Buffer.from(arrayJson(this.#layout, count)));
      return;
    }
    const { text, at } = rowsPatch(this.#layout, count);
    if (this.#metadata < 0) this.#metadata = openSync(path, "r+");
    writeAll(this.#metadata, Buffer.from(text), at);
    this.#unsynced.wrote(join(this.#name, "zarr.json"));
  }

  close(): void {
    if (this.#metadata >= 0) closeSync(this.#metadata);
    this.#metadata = -1;
  }

  /** The frame put last counts; the next one goes behind it. */
  count(index: number): void {
    const shard = this.#shard;
    if (!shard) return;
    const slot = index % this.#layout.chunkRows;
    shard.index[2 * slot] = BigInt(shard.end);
    shard.index[2 * slot + 1] = BigInt(this.#putBytes);
    shard.end += this.#putBytes;
    if (slot < this.#layout.chunkRows - 1) return;
    closeSync(shard.fd);
    this.#shard = undefined;
  }

  /** Takes what was put and never counted off the disk again. */
  takeBack(index: number): void {
    const shard = this.#shard;
    if (shard) {
      ftruncateSync(shard.fd, shard.end);
      writeAll(shard.fd, indexBytes(shard.index), shard.end);
      return;
    }
    // The folder of a chunk that was not stored; one that has it stays.
    const folder = dirname(this.#chunkPath(index));
    removeEmptyFolder(folder);
    removeEmptyFolder(dirname(folder));
  }

  /** Gives the last shard, which may have room left, its name. */
  finish(): void {
    const shard = this.#shard;
    if (!shard) return;
    this.#shard = undefined;
    closeSync(shard.fd);
    const path = this.#chunkPath(shard.number);
    // One that was opened for a frame that never got in.
    if (shard.end === 0) removeOwnFile(partialName(path));
    else if (!shard.isNamed) moveOwn(partialName(path), path);
  }

  get #folder(): string {
    return join(this.#store.path, this.#name);
  }

  #chunkPath(index: number): string {
    return join(this.#folder, "c", String(index), "0", "0");
  }

  /** The same, its folder made; a store that was taken away is not made again around one chunk. */
  #placeOfChunk(index: number): string {
    makeFoldersIn(this.#folder, join("c", String(index), "0"));
    return this.#chunkPath(index);
  }

  #putFile(index: number, chunk: Uint8Array): void {
    const path = this.#placeOfChunk(index);
    writeWhole(path, chunk);
    this.#unsynced?.made(join(this.#name, "c", String(index), "0", "0"), this.#name);
  }

  #putInShard(index: number, chunk: Uint8Array): void {
    const rows = this.#layout.chunkRows;
    const slot = index % rows;
    const number = Math.floor(index / rows);
    this.#shard ??= openShard(this.#placeOfChunk(number), number, rows);
    const shard = this.#shard;
    const offsets = shard.index.slice();
    offsets[2 * slot] = BigInt(shard.end);
    offsets[2 * slot + 1] = BigInt(chunk.length);
    const tail = indexBytes(offsets);
    writeAll(shard.fd, chunk, shard.end);
    writeAll(shard.fd, tail, shard.end + chunk.length);
    ftruncateSync(shard.fd, shard.end + chunk.length + tail.length);
    this.#putBytes = chunk.length;
    if (slot === rows - 1 && !shard.isNamed) {
      const path = this.#chunkPath(number);
      moveOwn(partialName(path), path);
      shard.isNamed = true;
    }
  }
}

function openShard(path: string, number: number, rows: number): OpenShard {
  const fd = openSync(partialName(path), "w");
  return { number, fd, index: new BigUint64Array(2 * rows).fill(absent), end: 0, isNamed: false };
}

/** The index as it stands in a shard: little-endian (as this machine and WebAssembly are), then its CRC-32C. */
function indexBytes(index: BigUint64Array): Uint8Array {
  const bytes = new Uint8Array(index.byteLength + 4);
  bytes.set(new Uint8Array(index.buffer, index.byteOffset, index.byteLength));
  new DataView(bytes.buffer).setUint32(index.byteLength, crc32c(bytes.subarray(0, index.byteLength)), true);
  return bytes;
}
