/** The ends of a stream in a process, over real pipes and files: what is live, and what the reader of a live stream leaves behind. */
import { execFileSync } from "node:child_process";
import {
  closeSync,
  constants,
  existsSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { streamIn } from "../../src/commands/stream-in.js";
import { streamOut } from "../../src/commands/stream-out.js";
import { Held } from "../../src/core/held.js";
import type { StreamDescriptor } from "../../src/core/model/descriptor.js";
import type { FlowInstance, SourceInstance, StageContext, StageDeclaration } from "../../src/core/pipeline/stage.js";
import { openByteSink, openByteSource } from "../../src/core/stream/byte-pipe.js";
import { readDescriptor } from "../../src/core/stream/stream-reader.js";
import { createStreamWriter } from "../../src/core/stream/stream-writer.js";
import { epochNow, now } from "../../src/core/time.js";
import { end, fakeContext, fakeDescriptor, fakeFrame, fakeGeometry, fillFrame } from "./fake-context.js";
import { world } from "./world.js";

const live = fakeDescriptor({ isLive: true, shape: { height: 8, width: 8 } });
const geometry = fakeGeometry(live);
const frame = fakeFrame(geometry);
const leftBehind = "left by the reader of a live stream";
const plainOut = { checksums: "on", force: false, writer: "acquire" } as const;

let folder: string;
let open: number[];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "mote-stages-"));
  open = [];
});
afterEach(() => {
  for (const fd of open) closeSync(fd);
  rmSync(folder, { recursive: true });
});

function opened(path: string, flags: number | string): number {
  const fd = openSync(path, flags);
  open.push(fd);
  return fd;
}

function makePipe(): string {
  const path = join(folder, "pipe");
  execFileSync("mkfifo", [path]);
  return path;
}

/** The stream of a camera up to now, its end not yet come. */
function writeLive(fd: number, frames: number): void {
  const sink = openByteSink("the camera", fd, { isStopped: () => false, isAborted: () => false });
  const writer = createStreamWriter(sink, live, { hasChecksums: true, hasIndex: false });
  for (let number = 0; number < frames; number++) {
    fillFrame(frame, live, number, 2);
    // What was read into the slot before had a checksum of its own.
    frame.pixelsCrc32 = -1;
    writer.frame(frame);
  }
}

/** A context that keeps what the stage tells; the first word of `told` says how. */
function listening(descriptor: StreamDescriptor, isStopped = () => false) {
  const told: unknown[] = [];
  const context: StageContext = {
    ...fakeContext(descriptor, geometry),
    clock: { now, nowNs: epochNow, sleepMs() {} },
    isStopped,
    isDraining: isStopped,
    emit: (event) => void told.push(["event", event]),
    countLost: (...counted) => void told.push(["lost", ...counted]),
    stopQuietly: (why) => void told.push(["quiet", why]),
  };
  return { context, told };
}

async function negotiated(path: string, holder = new Held()) {
  const stage = streamIn as StageDeclaration;
  const options = { input: path, allowTruncated: false, detectionsOnly: false, maxMessage: 1e6 };
  return stage.negotiate(null, options, await stage.look!(options, "track", { ...world, holder }), "foreign");
}

/** The descriptors of this process. */
const descriptors = () => readdirSync("/proc/self/fd").sort();

test("a live stream is live in a pipe, and no longer in a file, whatever its descriptor says", async () => {
  const pipe = makePipe();
  writeLive(opened(pipe, "r+"), 1);
  const held = new Held();
  const fromPipe = await negotiated(pipe, held);
  const file = join(folder, "copy.mote");
  writeLive(opened(file, "w"), 1);
  const fromFile = await negotiated(file);
  held.releaseAll();
  expect([fromPipe.output.isLive, fromFile.output.isLive]).toEqual([true, false]);
  expect([fromPipe.plan, fromFile.plan]).toMatchObject([{ upstream: "live" }, { upstream: "file" }]);
});

test("what lies in the pipe of a live stream that is left before its end is lost, counted and told in its place", async () => {
  const pipe = makePipe();
  writeLive(opened(pipe, "r+"), 6);
  const held = new Held();
  const { plan, output } = await negotiated(pipe, held);
  const connection = (await streamIn.connect!(plan, { label: "stream-in", holder: held }))!;
  let isStopped = false;
  const { context, told } = listening(output, () => isStopped);
  const given = { ...context, connection: connection.data };
  const source = (await streamIn.open(plan, given)) as SourceInstance;
  expect([await source.next(frame), frame.header.frameNumber]).toEqual(["frame", 0]);
  isStopped = true;
  expect(await source.next(frame)).toBe("stopped");
  expect(told).toEqual([
    ["lost", 5, leftBehind, "in"],
    ["event", { event: "drop", stage: "stream-in", firstFrame: 1, count: 5, reason: leftBehind }],
  ]);
  expect(source.summary?.()).toEqual({ leftAfterFrame: 0 });
  expect(source.upstreamEnd?.()).toMatchObject({ isComplete: false });
  await source.close?.(false);
  await connection.disconnect("in-order");
});

test("a look at a file leaves nothing open; the file is opened again, where it was left, and closed once", async () => {
  const path = join(folder, "copy.mote");
  writeLive(opened(path, "w"), 2);
  const before = descriptors();
  const held = new Held();
  const { plan, output } = await negotiated(path, held);
  expect([descriptors(), held.names]).toEqual([before, []]);
  const connection = (await streamIn.connect!(plan, { label: "stream-in", holder: held }))!;
  const { context } = listening(output);
  const source = (await streamIn.open(plan, { ...context, connection: connection.data })) as SourceInstance;
  expect([await source.next(frame), frame.header.frameNumber]).toEqual(["frame", 0]);
  await source.close?.(true);
  expect(descriptors()).toEqual(before);
  // Its number is another file's by now, which stays open.
  opened(path, "r");
  const meanwhile = descriptors();
  await connection.disconnect("abrupt");
  expect(descriptors()).toEqual(meanwhile);
});

test("a file that is another one when it is opened again is refused, and nothing of it stays open", async () => {
  const path = join(folder, "copy.mote");
  writeLive(opened(path, "w"), 2);
  const held = new Held();
  const { plan } = await negotiated(path, held);
  writeLive(opened(`${path}.new`, "w"), 2);
  renameSync(`${path}.new`, path);
  const before = descriptors();
  const refused = await Promise.resolve(streamIn.connect!(plan, { label: "stream-in", holder: held })).catch((e) => e);
  expect(refused).toMatchObject({ exitCode: 2, message: expect.stringContaining("became another file") });
  expect(descriptors()).toEqual(before);
});

test("a pipe that is looked at is held at once, also when its stream is none, and let go with the rest", async () => {
  const pipe = makePipe();
  const writer = opened(pipe, "r+");
  const before = descriptors();
  const held = new Held();
  writeLive(writer, 1);
  await negotiated(pipe, held);
  expect(held.names).toEqual([`track, --input ${pipe}`]);
  expect(held.releaseAll()).toEqual([]);
  expect(descriptors()).toEqual(before);
  writeSync(writer, "no stream, but a text that is longer than what a stream begins with");
  await expect(negotiated(pipe, held)).rejects.toThrow();
  expect([descriptors(), held.names]).toEqual([before, []]);
});

test.each([
  ["live stream is lost", true, leftBehind],
  ["replay is none's loss", false, "the reader went away"],
])("what the reader of a %s: frames it did not read whole are counted", async (_, isLive, reason) => {
  const pipe = makePipe();
  const reader = openSync(pipe, constants.O_RDONLY | constants.O_NONBLOCK);
  const { context, told } = listening({ ...live, isLive });
  const sink = (await streamOut.open({ ...plainOut, output: pipe }, context)) as FlowInstance;
  const bytesBefore: number[] = [];
  for (let number = 0; number < 6; number++) {
    fillFrame(frame, live, number, 2);
    bytesBefore.push(sink.summary!().bytes as number);
    expect(await sink.push(frame)).toBeUndefined();
  }
  // Two frames and all but one byte of the third.
  const readBytes = bytesBefore[3]! - 1;
  expect(readSync(reader, new Uint8Array(readBytes))).toBe(readBytes);
  closeSync(reader);
  fillFrame(frame, live, 6, 2);
  expect(await sink.push(frame)).toEqual({ drop: reason });
  expect(await sink.push(frame)).toEqual({ drop: reason });
  expect(told).toEqual([
    ["lost", 4, reason, "out"],
    ["quiet", `the reader of ${pipe} went away`],
  ]);
  await sink.flush?.(end);
  await sink.close?.(false);
});

test("a file of a live stream is not live itself", async () => {
  const path = join(folder, "run.mote");
  const { context } = listening(live);
  const sink = (await streamOut.open({ ...plainOut, output: path }, context)) as FlowInstance;
  await sink.flush?.(end);
  await sink.close?.(false);
  expect(readDescriptor(openByteSource(path, opened(path, "r"), 0, true)).isLive).toBe(false);
});

test.each([
  ["of frames that ended in order replaces it", 1, end, "new"],
  ["of no frames that ended in order replaces it", 0, end, "new"],
  ["that was interrupted replaces it with what came", 1, { ...end, isComplete: false }, "new"],
  ["that was interrupted before its first frame leaves it", 0, { ...end, isComplete: false }, "old"],
  [
    "that failed leaves it",
    1,
    { ...end, isComplete: false, failure: "track: it broke" },
    "old, and what came beside it",
  ],
  ["that was cut leaves it", 1, undefined, "old, and what came beside it"],
])("--force over a file: a stream %s", async (_, frames, last, expected) => {
  const path = join(folder, "run.mote");
  writeFileSync(path, "old");
  const { context } = listening(live);
  const sink = (await streamOut.open({ ...plainOut, force: true, output: path }, context)) as FlowInstance;
  for (let number = 0; number < frames; number++) {
    fillFrame(frame, live, number, 2);
    await sink.push(frame);
  }
  if (last) await sink.flush?.(last);
  await sink.close?.(false);
  const isOld = readFileSync(path, "utf8") === "old";
  const isBeside = existsSync(join(folder, "run.partial.mote"));
  expect(`${isOld ? "old" : "new"}${isBeside ? ", and what came beside it" : ""}`).toBe(expected);
});
