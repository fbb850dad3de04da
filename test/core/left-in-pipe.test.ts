/** Frames that lie unread in a pipe when its reader goes, and those that were written of them. */
import { execFileSync } from "node:child_process";
import { closeSync, constants, fstatSync, mkdtempSync, openSync, readSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { openUnread, takeUnread } from "../../src/core/stream/left-in-pipe.js";
import { SentFrames } from "../../src/core/stream/sent-frames.js";
import { seeded } from "../seed.js";

const onLinux = test.skipIf(process.platform !== "linux");

function openPipe(): { reader: number; writer: number } {
  const folder = mkdtempSync(join(tmpdir(), "mote-pipe-"));
  const path = join(folder, "pipe");
  execFileSync("mkfifo", [path]);
  const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  const writer = openSync(path, "w");
  onTestFinished(() => {
    closeSync(writer);
    rmSync(folder, { recursive: true });
  });
  return { reader, writer };
}

onLinux("what the reader did not read is found, once, after it has gone, and the pipe is empty then", () => {
  const { reader, writer } = openPipe();
  writeSync(writer, new Uint8Array(50_000));
  readSync(reader, new Uint8Array(12_345));
  closeSync(reader);
  expect([takeUnread(writer), takeUnread(writer)]).toEqual([50_000 - 12_345, 0]);
});

onLinux("what is no pipe has nothing unread, and is not read", () => {
  const folder = mkdtempSync(join(tmpdir(), "mote-pipe-"));
  const file = openSync(join(folder, "gone"), "w");
  writeSync(file, "what a file holds was not left there");
  rmSync(folder, { recursive: true });
  expect(takeUnread(file)).toBe(0);
  closeSync(file);
  expect(openUnread(file)).toBeUndefined();
});

onLinux("reading on in a pipe without waiting leaves the given descriptor as it was", () => {
  const { reader, writer } = openPipe();
  writeSync(writer, new Uint8Array(10));
  const unread = openUnread(reader)!;
  const scratch = new Uint8Array(64);
  expect([readSync(unread, scratch), fstatSync(reader).isFIFO()]).toEqual([10, true]);
  expect(() => readSync(unread, scratch)).toThrow("EAGAIN");
  for (const fd of [unread, reader]) closeSync(fd);
});

test("of frames of any size, those that a reader has whole are known from the bytes it read", () => {
  const random = seeded(20);
  const sent = new SentFrames();
  const ends: number[] = [];
  for (let at = 0, end = 5000; at < 10_000; at++) {
    end += 193 + Math.floor(random() * 3000);
    ends.push(end);
    sent.add(end);
  }
  // A pipe's worth back from the newest, at the frames' very edges and between them.
  for (const back of [0, 1, 2, 77, 600]) {
    const edge = ends.at(-1 - back)!;
    expect([edge - 1, edge, edge + 1].map((bytes) => sent.behind(bytes))).toEqual([back + 1, back, back]);
  }
});
