/** The first bytes of an HDF5 file (format specification 3.0, section II.A): read, judged, and written anew where they are wrong. */

export const signature = Uint8Array.from([0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a]);
/** Enough for any version. */
export const superblockBytes = 96;
const undefinedAddress = 0xffff_ffff_ffff_ffffn;

export interface Superblock {
  readonly version: number;
  /** Where the file ends by its own account. */
  readonly endOfFile: number;
  /** Object header of the root group; undefined in versions 0 and 1, which say it otherwise. */
  readonly root: number | undefined;
  /** Marks of a file that is open for writing; versions 2 and 3 only. */
  readonly consistencyFlags: number;
  readonly isChecksumGood: boolean;
}

/** Reads `bytes` from the file's start; undefined when they are no superblock with 8-byte offsets at offset 0. */
export function readSuperblock(bytes: Uint8Array): Superblock | undefined {
  if (bytes.length < 48 || signature.some((byte, i) => bytes[i] !== byte)) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const version = bytes[8]!;
  if (version <= 1) {
    const at = version === 0 ? 40 : 44;
    if (bytes[13] !== 8 || bytes.length < at + 8) return undefined;
    const endOfFile = Number(view.getBigUint64(at, true));
    return { version, endOfFile, root: undefined, consistencyFlags: 0, isChecksumGood: true };
  }
  if (version > 3 || bytes[9] !== 8) return undefined;
  return {
    version,
    endOfFile: Number(view.getBigUint64(28, true)),
    root: Number(view.getBigUint64(36, true)),
    consistencyFlags: bytes[11]!,
    isChecksumGood: view.getUint32(44, true) === lookup3(bytes.subarray(0, 44)),
  };
}

/**
 * A superblock of version 2 for a file of `endOfFile` bytes whose root group's header is at `root`: what this library
 * writes, closed.
 */
export function encodeSuperblock(endOfFile: number, root: number): Uint8Array {
  const bytes = new Uint8Array(48);
  const view = new DataView(bytes.buffer);
  bytes.set(signature);
  bytes.set([2, 8, 8, 0], 8);
  view.setBigUint64(12, 0n, true);
  view.setBigUint64(20, undefinedAddress, true);
  view.setBigUint64(28, BigInt(endOfFile), true);
  view.setBigUint64(36, BigInt(root), true);
  view.setUint32(44, lookup3(bytes.subarray(0, 44)), true);
  return bytes;
}

/** Where the library puts the root group of a new file with a superblock of version 0: header, B-tree, heap of names. */
export const firstRoot = { header: 96, tree: 136, heap: 680 } as const;

/** A superblock of version 0 for a file of `endOfFile` bytes whose root group is where a new file has it. */
export function encodeFirstSuperblock(endOfFile: number): Uint8Array {
  const bytes = new Uint8Array(superblockBytes);
  const view = new DataView(bytes.buffer);
  bytes.set(signature);
  bytes.set([0, 0, 0, 0, 0, 8, 8, 0], 8);
  // Half the entries of a group's leaves and of its nodes, the library's defaults.
  view.setUint16(16, 4, true);
  view.setUint16(18, 16, true);
  view.setBigUint64(32, undefinedAddress, true);
  view.setBigUint64(40, BigInt(endOfFile), true);
  view.setBigUint64(48, undefinedAddress, true);
  view.setBigUint64(64, BigInt(firstRoot.header), true);
  // The entry of the root group keeps the addresses of its tree and heap.
  view.setUint32(72, 1, true);
  view.setBigUint64(80, BigInt(firstRoot.tree), true);
  view.setBigUint64(88, BigInt(firstRoot.heap), true);
  return bytes;
}

/** The checksum of HDF5's metadata: Bob Jenkins' lookup3, hashlittle() with an initial value of 0 (public domain, 2006). */
export function lookup3(bytes: Uint8Array): number {
  let a = (0xdeadbeef + bytes.length) | 0;
  let b = a;
  let c = a;
  const rotate = (x: number, by: number) => (x << by) | (x >>> (32 - by));
  const word = (at: number) => {
    let value = 0;
    for (let i = 0; i < 4; i++) value |= (bytes[at + i] ?? 0) << (8 * i);
    return value;
  };
  let at = 0;
  for (; bytes.length - at > 12; at += 12) {
    a = (a + word(at)) | 0;
    b = (b + word(at + 4)) | 0;
    c = (c + word(at + 8)) | 0;
    a = ((a - c) | 0) ^ rotate(c, 4);
    c = (c + b) | 0;
    b = ((b - a) | 0) ^ rotate(a, 6);
    a = (a + c) | 0;
    c = ((c - b) | 0) ^ rotate(b, 8);
    b = (b + a) | 0;
    a = ((a - c) | 0) ^ rotate(c, 16);
    c = (c + b) | 0;
    b = ((b - a) | 0) ^ rotate(a, 19);
    a = (a + c) | 0;
    c = ((c - b) | 0) ^ rotate(b, 4);
    b = (b + a) | 0;
  }
  if (bytes.length === at) return c >>> 0;
  a = (a + word(at)) | 0;
  b = (b + word(at + 4)) | 0;
  c = (c + word(at + 8)) | 0;
  c = ((c ^ b) - rotate(b, 14)) | 0;
  a = ((a ^ c) - rotate(c, 11)) | 0;
  b = ((b ^ a) - rotate(a, 25)) | 0;
  c = ((c ^ b) - rotate(b, 16)) | 0;
  a = ((a ^ c) - rotate(c, 4)) | 0;
  b = ((b ^ a) - rotate(a, 14)) | 0;
  c = ((c ^ b) - rotate(b, 24)) | 0;
  return c >>> 0;
}
