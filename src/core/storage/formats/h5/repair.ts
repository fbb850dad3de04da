/** Repairs that make a damaged HDF5 file open again: on a copy, never on the file itself. */
import { closeSync, constants, copyFileSync, openSync, readSync, statSync } from "node:fs";
import { writeAll } from "../../write-all.js";
import {
  encodeFirstSuperblock,
  encodeSuperblock,
  firstRoot,
  lookup3,
  readSuperblock,
  superblockBytes,
} from "./superblock.js";

/**
 * Copies `path` to `copy` with a superblock that fits the file: its length, no marks of being open for writing, a right
 * checksum. What a file that is shorter than its superblock says has behind its end stays missing. Returns what was done in words; an empty list says that nothing known is wrong with it.
 */
export function repairCopy(path: string, copy: string): readonly string[] {
  copyFileSync(path, copy, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
  const fd = openSync(copy, "r+");
  try {
    const sizeBytes = statSync(copy).size;
    const head = Buffer.alloc(superblockBytes);
    readSync(fd, head, 0, head.length, 0);
    const superblock = readSuperblock(head);
    const done: string[] = [];
    if (!superblock?.isChecksumGood) {
      const root = rootHeader(fd);
      if (root === undefined && !hasFirstRoot(fd)) return [];
      const anew = root === undefined ? encodeFirstSuperblock(sizeBytes) : encodeSuperblock(sizeBytes, root);
      writeAll(fd, anew, 0);
      return ["its superblock was written anew"];
    }
    if (superblock.endOfFile !== sizeBytes) {
      patchEnd(head, superblock.version, sizeBytes);
      done.push(`its end, by the superblock at byte ${superblock.endOfFile}, was set to ${sizeBytes}`);
    }
    if (superblock.consistencyFlags !== 0) {
      head[11] = 0;
      done.push("its marks of being open for writing were taken away");
    }
    if (superblock.version >= 2) head.writeUInt32LE(lookup3(head.subarray(0, 44)), 44);
    writeAll(fd, head.subarray(0, 48), 0);
    return done;
  } finally {
    closeSync(fd);
  }
}

function patchEnd(head: Buffer, version: number, sizeBytes: number): void {
  head.writeBigUInt64LE(BigInt(sizeBytes), version >= 2 ? 28 : version === 0 ? 40 : 44);
}

/** Whether the structures of a root group are where a new file has them. */
function hasFirstRoot(fd: number): boolean {
  const bytes = Buffer.alloc(firstRoot.heap + 4);
  if (readSync(fd, bytes, 0, bytes.length, 0) < bytes.length) return false;
  const is = (text: string, at: number) => bytes.toString("latin1", at, at + 4) === text;
  return is("TREE", firstRoot.tree) && is("HEAP", firstRoot.heap);
}

/** The root group's header: the first whose checksum is right, which this library puts behind the superblock. */
function rootHeader(fd: number): number | undefined {
  const region = Buffer.alloc(4096);
  const got = region.subarray(0, readSync(fd, region, 0, region.length, 0));
  for (let at = got.indexOf("OHDR"); at >= 0; at = got.indexOf("OHDR", at + 1)) {
    const flags = got[at + 5] ?? 0;
    const from = at + 6 + (flags & 0x20 ? 16 : 0) + (flags & 0x10 ? 4 : 0);
    const sizeBytes = 1 << (flags & 3);
    if (sizeBytes > 4 || from + sizeBytes > got.length) continue;
    const end = from + sizeBytes + got.readUIntLE(from, sizeBytes);
    if (end + 4 <= got.length && lookup3(got.subarray(at, end)) === got.readUInt32LE(end)) return at;
  }
  return undefined;
}
