import { expect, test } from "vitest";
import { Mailbox, mailboxEntries, mailboxWords, mostPieceBytes } from "../../src/core/memory/mailbox.js";
import { seeded } from "../seed.js";

const open = () => new Mailbox(new Int32Array(new SharedArrayBuffer(mailboxWords * 4)));
const same = (a?: Uint8Array, b?: Uint8Array) => a !== undefined && b !== undefined && Buffer.compare(a, b) === 0;

test("pieces come out as they went in, in order, lap after lap", () => {
  const mailbox = open();
  const random = seeded(7);
  const waiting: Uint8Array[] = [];
  for (let piece = 0; piece < 500; piece++) {
    const bytes = Uint8Array.from({ length: Math.floor(random() * mostPieceBytes) }, () => random() * 256);
    const isFull = waiting.length === mailboxEntries;
    expect(mailbox.post(bytes)).toBe(isFull ? "full" : "posted");
    if (!isFull) waiting.push(bytes);
    while (waiting.length > 0 && random() < 0.45) expect(same(mailbox.take(), waiting.shift())).toBe(true);
  }
  for (const bytes of waiting) expect(same(mailbox.take(), bytes)).toBe(true);
  expect(mailbox.take()).toBeUndefined();
});

test("it is closed when nothing waits, and takes nothing afterwards", () => {
  const mailbox = open();
  mailbox.post(Uint8Array.of(1));
  expect(mailbox.close()).toBe(false);
  expect(mailbox.take()).toEqual(Uint8Array.of(1));
  expect([mailbox.close(), mailbox.close()]).toEqual([true, true]);
  expect(mailbox.post(Uint8Array.of(2))).toBe("closed");
  expect(mailbox.take()).toBeUndefined();
});
