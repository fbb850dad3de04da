/** A thread that is stuck in a read or a write gets out of it, and what it was stuck at is as before. */
import { execFileSync } from "node:child_process";
import { closeSync, mkdtempSync, openSync, readSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { afterAll, expect, test } from "vitest";
import { ThreadWaker } from "../../../src/core/workers/stuck-thread.js";
import { until } from "../../until.js";

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

interface LastWords {
  readonly code: string;
  readonly bytes: number;
}

async function wokenFrom(fd: number, use: "read" | "write"): Promise<LastWords> {
  const worker = new Worker(script, { eval: true, workerData: { fd, use } });
  let waker: ThreadWaker | undefined;
  let said: LastWords | undefined;
  worker.on("message", (message: { id: number } | LastWords) => {
    if ("code" in message) said = message;
    else waker = new ThreadWaker(message.id, use);
  });
  return until(
    () => {
      waker?.wake();
      return said;
    },
    { what: "the thread to wake" },
  ) as Promise<LastWords>;
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
  // What it waits with is a descriptor, too, but none that bytes come through.
  const asleep = new Worker(
    `const { parentPort } = require("node:worker_threads"); const { readlinkSync } = require("node:fs");
     parentPort.postMessage(Number(readlinkSync("/proc/thread-self").split("/").at(-1)));
     parentPort.once("message", (message) => parentPort.postMessage(message));`,
    { eval: true },
  );
  const said: unknown[] = [];
  asleep.on("message", (message) => said.push(message));
  const waker = new ThreadWaker((await until(() => said[0], { what: "the thread's number" })) as number, "read");
  for (let i = 0; i < 5; i++) waker.wake();
  asleep.postMessage("awake");
  expect(await until(() => said[1], { what: "its last word" })).toBe("awake");
});
