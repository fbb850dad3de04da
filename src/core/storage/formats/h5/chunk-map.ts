/**
 * Where the chunks of an archive's frames are in the file, read from the file's own structure (HDF5 format specification 3.0,
 * sections III.A.1 and IV.A), since the library neither tells it nor says whether a chunk was ever stored: one that was not
 * reads as zeros. Knows what Mote's archives are made of: object headers near the start of the file, of version 1 (of version 2
 * in older archives), and a version 1 B-tree of chunks. Of anything else it says that it does not know.
 */
import type { ByteSource } from "../../../imaging/byte-source.js";
import { lookup3 } from "./superblock.js";

export interface Chunk {
  readonly at: number;
  readonly bytes: number;
}

/** Objects are made before the first frame: their headers lie in here. */
const headerRegion = 1 << 20;
const mostHeaderBytes = 1 << 16;
/** Rank of the frames, and one more for the bytes of an element. */
const frameDimensions = 4;
const maxDepth = 16;
const maxNodes = 10_000_000;

/** Chunks of the frames by index; undefined when the file is made in another way, or its structure is damaged. */
export function readChunkMap(source: ByteSource): ReadonlyMap<number, Chunk> | undefined {
  const region = Buffer.alloc(Math.min(headerRegion, source.sizeBytes));
  source.readInto(region, 0);
  const root = inVersion2(region) ?? inVersion1(region);
  if (root === undefined) return undefined;
  const chunks = new Map<number, Chunk>();
  return walk(source, root, chunks, 0, { nodes: 0 }) ? chunks : undefined;
}

function inVersion2(region: Buffer): number | undefined {
  for (let at = region.indexOf("OHDR"); at >= 0; at = region.indexOf("OHDR", at + 1)) {
    const root = chunkTreeOf(region, at);
    if (root !== undefined) return root;
  }
  return undefined;
}

/** The layout message itself, at a multiple of eight: type 8, its length, flags, three zeros; then as in version 2. */
function inVersion1(region: Buffer): number | undefined {
  for (let at = 0; at + 8 + 11 <= region.length; at += 8) {
    if (region.readUInt16LE(at) !== 8 || region.readUIntLE(at + 5, 3) !== 0) continue;
    if (region.readUIntLE(at + 8, 3) !== 3 + (2 << 8) + (frameDimensions << 16)) continue;
    return addressOf(region, at + 8 + 3);
  }
  return undefined;
}

/** Address of the chunk B-tree of the object header at `at`, if it is that of a dataset of frames. */
function chunkTreeOf(region: Buffer, at: number): number | undefined {
  const flags = region[at + 5] ?? 0;
  if (region[at + 4] !== 2) return undefined;
  let from = at + 6;
  if (flags & 0x20) from += 16;
  if (flags & 0x10) from += 4;
  const sizeBytes = 1 << (flags & 3);
  if (sizeBytes > 4 || from + sizeBytes > region.length) return undefined;
  const length = region.readUIntLE(from, sizeBytes);
  from += sizeBytes;
  const end = from + length;
  if (length > mostHeaderBytes || end + 4 > region.length) return undefined;
  if (lookup3(region.subarray(at, end)) !== region.readUInt32LE(end)) return undefined;
  const headBytes = flags & 4 ? 6 : 4;
  for (let message = from; message + headBytes <= end; ) {
    const type = region[message]!;
    const bytes = region.readUInt16LE(message + 1);
    const body = message + headBytes;
    // Data layout: version 3, chunked, dimensionality, address of the B-tree.
    const isFrames = type === 8 && region[body] === 3 && region[body + 1] === 2 && region[body + 2] === frameDimensions;
    if (isFrames && bytes >= 11) return addressOf(region, body + 3);
    message = body + bytes;
  }
  return undefined;
}

/** False for a damaged node. An undefined address is a tree without chunks. */
function walk(
  source: ByteSource,
  address: number,
  chunks: Map<number, Chunk>,
  depth: number,
  seen: { nodes: number },
): boolean {
  if (address < 0) return true;
  if (depth > maxDepth || ++seen.nodes > maxNodes || address + 24 > source.sizeBytes) return false;
  const head = Buffer.alloc(24);
  source.readInto(head, address);
  if (head.toString("latin1", 0, 4) !== "TREE" || head[4] !== 1) return false;
  const level = head[5]!;
  const entries = head.readUInt16LE(6);
  const keyBytes = 8 + 8 * frameDimensions;
  const body = Buffer.alloc(entries * (keyBytes + 8));
  if (address + 24 + body.length > source.sizeBytes) return false;
  source.readInto(body, address + 24);
  for (let entry = 0; entry < entries; entry++) {
    const key = entry * (keyBytes + 8);
    const child = addressOf(body, key + keyBytes);
    if (level > 0) {
      if (!walk(source, child, chunks, depth + 1, seen)) return false;
    } else if (child >= 0) {
      chunks.set(Number(body.readBigUInt64LE(key + 8)), { at: child, bytes: body.readUInt32LE(key) });
    }
  }
  return true;
}

/** -1 for an address that is not defined. */
function addressOf(bytes: Buffer, at: number): number {
  const address = bytes.readBigUInt64LE(at);
  return address > BigInt(Number.MAX_SAFE_INTEGER) ? -1 : Number(address);
}
