/** A thread that is stuck in a read or a write gets out of it, and what it was stuck at is as before. */
import { execFileSync } from "node:child_process";
import { closeSync, mkdtempSync, openSync, readSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { afterAll, expect, test } from "vitest";
import { ThreadWaker } from "../../../src/core/workers/stuck-thread.js";

const folder = mkdtempSync(join(tmpdir(), "mote-stuck-"));
const opened: number[] = [];
afterAll(() => {
  for (const fd of opened) closeSync(fd);
});

/** Uses `fd` until that fails, and says with which code and after how many bytes. */
const script = `
const { parentPort, workerData } = require("node:worker_threads");
const { readSync, writeSync, readlinkSync } = require("node:fs");
parentPort.postMessage({ id: Number(readlinkSync("/proc/thread-self").split("/").at(-1)) });
const { fd, use } = workerData;
let bytes = 0;
try {
  for (;;) bytes += use === "read" ? readSync(fd, Buffer.alloc(1000)) : writeSync(fd, Buffer.alloc(100_000));
} catch (error) {
  parentPort.postMessage({ code: error.code, bytes });
}
`;

async function wokenFrom(fd: number, use: "read" | "write"): Promise<{ code: string; bytes: number }> {
  const worker = new Worker(script, { eval: true, workerData: { fd, use } });
  let waking: NodeJS.Timeout | undefined;
  const said = await new Promise<{ code: string; bytes: number }>((resolve, reject) => {
    worker.on("error", reject);
    worker.on("message", (message: { id: number } | { code: string; bytes: number }) => {
      if ("code" in message) return resolve(message);
      const waker = new ThreadWaker(message.id, use);
      waking = setInterval(() => waker.wake(), 20);
    });
  });
  clearInterval(waking);
  return said;
}

/** A pipe with both ends in here, and a second descriptor of the same open file. */
function openPipe(name: string): { fd: number; other: number } {
  const path = join(folder, name);
  execFileSync("mkfifo", [path]);
  const fd = openSync(path, "r+");
  const other = openSync(path, "r+");
  opened.push(other);
  return { fd, other };
}

test.runIf(process.platform === "linux")("a reader of an empty pipe wakes, and the pipe is whole", async () => {
  const { fd, other } = openPipe("read");
  expect(await wokenFrom(fd, "read")).toEqual({ code: "EBADF", bytes: 0 });
  writeSync(other, "still a pipe");
  const into = Buffer.alloc(100);
  expect(into.toString("utf8", 0, readSync(other, into))).toBe("still a pipe");
});

test.runIf(process.platform === "linux")("a writer to a full pipe wakes, and no byte is taken or added", async () => {
  const { fd, other } = openPipe("write");
  const { code, bytes } = await wokenFrom(fd, "write");
  expect(code).toBe("EBADF");
  let found = 0;
  const into = Buffer.alloc(1 << 20);
  while (found < bytes) found += readSync(other, into);
  expect(found).toBe(bytes);
});

test.runIf(process.platform === "linux")("a thread that waits for no descriptor is left alone", async () => {
  const asleep = new Worker(
    `const { parentPort } = require("node:worker_threads"); const { readlinkSync } = require("node:fs");
     parentPort.postMessage(Number(readlinkSync("/proc/thread-self").split("/").at(-1)));
     Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 300);
     parentPort.postMessage("awake");`,
    { eval: true },
  );
  const said: unknown[] = [];
  await new Promise<void>((resolve) => {
    asleep.on("message", (message) => {
      said.push(message);
      if (message === "awake") return resolve();
      const waker = new ThreadWaker(message as number, "read");
      for (let i = 0; i < 5; i++) waker.wake();
    });
  });
  expect(said.at(-1)).toBe("awake");
});
