/**
 * The checksum of a message, which stands among its own notes: CRC-32 of its bytes, these eight digits as zeros. `head`: of
 * what describes the values; `batch`: of the values, too.
 */
import { crc32 } from "node:zlib";

export const sealKeys = { head: "mote.head", batch: "mote.batch" } as const;
export const blankSeal = "crc32:00000000";

/** As FlatBuffers have it: its length in front, a zero behind. No JSON text holds such. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what tells it from text that is written the same.
const sealed = /(?<=\x0e\0\0\0crc32:)[0-9a-f]{8}(?=\0)/;

/** Puts the checksum into `head`, which has a blank one; `rest` is what comes behind it. */
export function seal(head: Uint8Array, rest: Iterable<Uint8Array>): void {
  const found = sealed.exec(bytesOf(head).toString("latin1"));
  if (!found) throw new Error("a message without a place for its checksum");
  bytesOf(head).write(sumOf(rest, crc32(head)), found.index, "latin1");
}

/** Whether a message, its `head` first, has the checksum that it states. */
export function isSealed(head: Uint8Array, rest: Iterable<Uint8Array> = []): boolean {
  const found = sealed.exec(bytesOf(head).toString("latin1"));
  if (!found) return false;
  const blank = Uint8Array.from(head).fill(0x30, found.index, found.index + 8);
  return found[0] === sumOf(rest, crc32(blank));
}

function bytesOf(head: Uint8Array): Buffer {
  return Buffer.from(head.buffer, head.byteOffset, head.length);
}

function sumOf(parts: Iterable<Uint8Array>, start: number): string {
  let sum = start;
  for (const part of parts) sum = crc32(part, sum);
  return sum.toString(16).padStart(8, "0");
}
