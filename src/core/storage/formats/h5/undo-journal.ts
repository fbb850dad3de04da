/**
 * What a synced HDF5 file had where it has been written over since: the way back to its last sync, for after a power cut. The file
 * is written in place and the system writes pages in any order, so that half of a commit may be on the disk; what a commit
 * overwrites of the synced file is in the journal, and on the disk, before. The journal stands beside the file while that is written.
 *
 * A head (magic, generation, bytes of the file at the sync, start of the machine, CRC-32), then records of that generation (generation,
 * page, length, CRC-32, bytes). A sync begins the next generation, so that records of the one before are none any more.
 */
import { closeSync, fdatasyncSync, ftruncateSync, openSync } from "node:fs";
import { crc32 } from "node:zlib";
import { mostJournalBytes } from "../../../budget.js";
import { readBounded } from "../../bounded-file.js";
import { openedIdentity, removeOpenedFile, removeOwnFile } from "../../claim/removal.js";
import { bootBytes, thisWriter } from "../../claim/writer.js";
import { writeAll } from "../../write-all.js";

export const pageBytes = 4096;
const magic = Buffer.from("mote-h5-undo-2\r\n");
const bootAt = magic.length + 12;
const headBytes = bootAt + bootBytes + 4;
const recordHeadBytes = 16;

export class UndoJournal {
  readonly #path: string;
  readonly #fd: number;
  #generation = 0;
  #syncedBytes = 0;
  #end = headBytes;
  readonly #kept = new Set<number>();
  /** What the disk refused: nothing may be written over any more, as nobody knows what the journal has. */
  #fault: unknown;

  /** Makes the journal; one that a killed run left goes, as the file that it was of is replaced. */
  constructor(path: string) {
    this.#path = path;
    removeOwnFile(path);
    this.#fd = openSync(path, "wx");
  }

  /** The file is on the disk with so many bytes: that is what there is to go back to. */
  begin(syncedBytes: number): void {
    const head = Buffer.alloc(headBytes);
    magic.copy(head);
    head.writeUInt32LE(++this.#generation, magic.length);
    head.writeBigUInt64LE(BigInt(syncedBytes), magic.length + 4);
    head.write(thisWriter().boot, bootAt, bootBytes, "latin1");
    head.writeUInt32LE(crc32(head.subarray(0, headBytes - 4)), headBytes - 4);
    this.#onDisk(() => writeAll(this.#fd, head, 0));
    this.#syncedBytes = syncedBytes;
    this.#end = headBytes;
    this.#kept.clear();
  }

  /** Before these pages are written over: what the synced file has there is on the disk when it returns. */
  keep(pages: Iterable<number>, contentOf: (page: number) => Uint8Array): void {
    if (this.#fault !== undefined) throw this.#fault;
    const fresh = [...pages].filter((page) => page * pageBytes < this.#syncedBytes && !this.#kept.has(page));
    if (fresh.length === 0) return;
    const records = Buffer.concat(
      fresh.flatMap((page) => {
        const bytes = contentOf(page).subarray(0, this.#syncedBytes - page * pageBytes);
        const head = Buffer.alloc(recordHeadBytes);
        head.writeUInt32LE(this.#generation, 0);
        head.writeUInt32LE(page, 4);
        head.writeUInt32LE(bytes.length, 8);
        head.writeUInt32LE(crc32(bytes, crc32(head.subarray(0, 12))), 12);
        return [head, bytes];
      }),
    );
    this.#onDisk(() => writeAll(this.#fd, records, this.#end));
    this.#end += records.length;
    for (const page of fresh) this.#kept.add(page);
  }

  close(): void {
    closeSync(this.#fd);
  }

  /** Ends it where there is nothing to go back from. */
  remove(): void {
    const identity = openedIdentity(this.#fd);
    this.close();
    removeOpenedFile(this.#path, identity);
  }

  #onDisk(write: () => void): void {
    try {
      write();
      fdatasyncSync(this.#fd);
    } catch (error) {
      this.#fault = error;
      throw error;
    }
  }
}

export interface UndoneState {
  readonly syncedBytes: number;
  /** Since the sync the machine was not started again, and it is this one: the system still has all that was written. */
  readonly isSameBoot: boolean;
  readonly pages: readonly { readonly at: number; readonly bytes: Uint8Array }[];
}

/** What a journal leads back to; undefined where there is none, or no sync was ever whole. */
export function readUndoJournal(path: string): UndoneState | undefined {
  let bytes: Buffer;
  try {
    bytes = readBounded(path, mostJournalBytes);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
  const isWhole =
    bytes.length >= headBytes &&
    bytes.subarray(0, magic.length).equals(magic) &&
    bytes.readUInt32LE(headBytes - 4) === crc32(bytes.subarray(0, headBytes - 4));
  if (!isWhole) return undefined;
  const generation = bytes.readUInt32LE(magic.length);
  const syncedBytes = Number(bytes.readBigUInt64LE(magic.length + 4));
  const pages: { at: number; bytes: Uint8Array }[] = [];
  for (let at = headBytes; at + recordHeadBytes <= bytes.length; ) {
    const length = bytes.readUInt32LE(at + 8);
    const content = bytes.subarray(at + recordHeadBytes, at + recordHeadBytes + length);
    const sum = crc32(content, crc32(bytes.subarray(at, at + 12)));
    if (length > pageBytes || content.length < length || bytes.readUInt32LE(at) !== generation) break;
    if (bytes.readUInt32LE(at + 12) !== sum) break;
    pages.push({ at: bytes.readUInt32LE(at + 4) * pageBytes, bytes: content });
    at += recordHeadBytes + length;
  }
  const isSameBoot = bytes.toString("latin1", bootAt, bootAt + bootBytes) === thisWriter().boot;
  return { syncedBytes, isSameBoot, pages };
}

/** Takes a file, a copy, back to the sync that the journal is of. */
export function undo(fd: number, { syncedBytes, pages }: UndoneState): void {
  for (const { at, bytes } of pages) writeAll(fd, bytes, at);
  ftruncateSync(fd, syncedBytes);
}
