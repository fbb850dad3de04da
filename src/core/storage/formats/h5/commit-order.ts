/**
 * In which order the pieces of one HDF5 flush may be written, so that a reader who comes after any of them finds a whole file
 * (HDF5 File Format Specification 3.0, sections II.A, III.A, III.B, III.D). Everything new lies behind the committed end and
 * is there already; dataset lengths come after all of these.
 *
 * - The superblock first: its end-of-file address admits readers to what is new.
 * - Then the names in a local heap, those that nothing refers to yet, and the heap's head, which may say that they have moved:
 *   where they were, something else may follow. On the disk a heap's free list is always empty: the list runs through the
 *   names' own bytes and could not be read while those change.
 * - Then rows behind a dataset's length, and messages.
 * - Then B-tree nodes, the highest level first: when a node is split, its parent leads to the new half before the old half
 *   gives its entries up.
 * - Then symbol table nodes, the leaves of groups, for the same reason.
 */

export interface Piece {
  readonly at: number;
  readonly bytes: number;
  readonly order: number;
  /** Not rows or messages: to be written as one. */
  readonly isStructure: boolean;
}

const order = { superblock: 0, names: 1, heap: 2, plain: 3, tree: 4, symbols: 4 + 256 } as const;
const signatures = { tree: Buffer.from("TREE"), symbols: Buffer.from("SNOD"), heap: Buffer.from("HEAP") };
const superblock = Buffer.from([0x89, 0x48, 0x44, 0x46]);
/** Where a heap's head keeps its free list, and what stands there when the list is empty. */
const freeListOffset = 16;
const noFreeBlock = 1n;
const heapHeadBytes = 32;

/**
 * One write of the library, taken apart where structures begin, since it joins neighbours. `before` is what the disk has there:
 * where it has no such structure, nothing leads to the new one yet, and it may come early. Data that happen to look like a
 * node are written later than they might be, which does no harm. Heaps are known by their `freeLists`.
 */
export function piecesOf(bytes: Buffer, before: Buffer, at: number, freeLists: readonly number[]): Piece[] {
  const starts: { offset: number; order: number }[] = [];
  for (const [kind, signature] of Object.entries(signatures)) {
    for (let offset = bytes.indexOf(signature); offset >= 0; offset = bytes.indexOf(signature, offset + 4)) {
      const isKnown =
        kind === "heap"
          ? freeLists.includes(at + offset + freeListOffset)
          : before.compare(signature, 0, 4, offset, offset + 4) === 0;
      // The level of a node is the sixth byte.
      const own = kind === "tree" ? order.tree + 255 - (bytes[offset + 5] ?? 0) : order[kind as "heap" | "symbols"];
      starts.push({ offset, order: isKnown ? own : order.plain });
    }
  }
  if (at === 0 && bytes.indexOf(superblock) === 0) starts.push({ offset: 0, order: order.superblock });
  starts.sort((a, b) => a.offset - b.offset);
  if (starts[0]?.offset !== 0) starts.unshift({ offset: 0, order: order.plain });
  return starts.flatMap((start, index) => {
    const own = {
      at: at + start.offset,
      bytes: (starts[index + 1]?.offset ?? bytes.length) - start.offset,
      order: start.order,
      isStructure: start.order !== order.plain,
    };
    return start.order === order.heap && own.bytes >= heapHeadBytes ? [namesOf(bytes, start.offset), own] : [own];
  });
}

/** Where the names of a heap are, by its head. */
function namesOf(bytes: Buffer, head: number): Piece {
  const at = Number(bytes.readBigUInt64LE(head + 24));
  return { at, bytes: Number(bytes.readBigUInt64LE(head + 8)), order: order.names, isStructure: false };
}

/** The pieces in the order they may be written; of one kind as they came. */
export function inCommitOrder(pieces: readonly Piece[]): readonly Piece[] {
  return [...pieces].sort((a, b) => a.order - b.order);
}

/** Offsets of the free lists of all local heaps in the image of a new file, which has no rows yet that could look like one. */
export function freeListsIn(image: Buffer): number[] {
  const found: number[] = [];
  for (let at = 0; at + heapHeadBytes <= image.length; at += 8) {
    // The signature, version 0 and three zero bytes; then the names' length and, last, their place.
    if (image.compare(signatures.heap, 0, 4, at, at + 4) !== 0 || image.readUInt32LE(at + 4) !== 0) continue;
    const names = image.readBigUInt64LE(at + 8) + image.readBigUInt64LE(at + 24);
    if (names <= BigInt(image.length)) found.push(at + freeListOffset);
  }
  return found;
}

/** What is written in place of a heap's free list. */
export function emptyFreeList(): Uint8Array {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(noFreeBlock);
  return bytes;
}
