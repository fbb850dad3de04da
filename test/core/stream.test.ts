import { closeSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { MoteError } from "../../src/core/errors.js";
import { Frame } from "../../src/core/memory/frame.js";
import { type SlotGeometry, slotLayout } from "../../src/core/memory/slot-layout.js";
import type { StreamDescriptor } from "../../src/core/model/descriptor.js";
import { detectionColumns } from "../../src/core/model/detection.js";
import { openByteSink, openByteSource } from "../../src/core/stream/byte-pipe.js";
import { createStreamReader, readDescriptor } from "../../src/core/stream/stream-reader.js";
import { createStreamWriter } from "../../src/core/stream/stream-writer.js";
import { quickFolder } from "./storage/verify-recover.js";

const folder = quickFolder("mote-stream-");
afterAll(() => rmSync(folder, { recursive: true }));
const geometry: SlotGeometry = { pixelFormat: "uint16", pixelBytes: 8 * 6 * 2, detectionRows: 7, detectionColumns: 9 };
const descriptor: StreamDescriptor = {
  pixelFormat: "uint16",
  shape: { height: 6, width: 8 },
  bitDepth: 12,
  hasFrames: true,
  detections: { columns: detectionColumns },
  isLinked: true,
  pixelSizeUm: 0.1,
  rateHz: 100,
  frameCount: 3,
  isLive: false,
  source: { name: "test" },
  calibration: null,
  producedBy: [{ stage: "acquire", version: "0", options: {} }],
};

function newFrame(room: SlotGeometry = geometry): Frame {
  return new Frame(new SharedArrayBuffer(slotLayout(room).slotBytes), 0, 0, room);
}

/** Three frames with 0, 3 and 7 detections, an event before the last one. */
function record(path: string, given: Partial<StreamDescriptor> = {}): Buffer {
  const fd = openSync(path, "w");
  const sink = openByteSink(path, fd, { isStopped: () => false, isAborted: () => false });
  const writer = createStreamWriter(
    sink,
    { ...descriptor, ...given },
    {
      hasChecksums: true,
      hasIndex: true,
    },
  );
  const frame = newFrame();
  for (const [i, rows] of [0, 3, 7].entries()) {
    frame.header.reset("uint16", 6, 8, 16, 12);
    frame.header.frameNumber = i * 10;
    frame.header.deviceFrameNumber = 1000 + i;
    frame.header.capturedAtNs = 1_790_000_000_123_456_789n + BigInt(i);
    frame.header.exposureMs = 2.5;
    frame.pixels.forEach((_, p) => {
      frame.pixels[p] = i * 100 + p;
    });
    frame.rowCount = rows;
    for (let v = 0; v < rows * 9; v++) frame.detections[v] = i + v / 7;
    if (i === 2) writer.event({ event: "gap", firstFrame: 11, count: 9, reason: "device gap" });
    writer.frame(frame);
  }
  writer.end({ isComplete: true, lost: 9, stages: [] });
  sink.close();
  return readFileSync(path);
}

/** Everything a reader finds in `bytes`, as plain data. */
function read(bytes: Uint8Array, name = "x.mote", room: SlotGeometry = geometry) {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  const fd = openSync(path, "r");
  try {
    const source = openByteSource(name, fd, 0, true);
    const found = readDescriptor(source);
    const events: unknown[] = [];
    const reader = createStreamReader(source, found, {
      maxPayloadBytes: 1e6,
      shouldStop: () => false,
      onEvent: (event) => events.push(event),
    });
    const frames: unknown[] = [];
    const frame = newFrame(room);
    for (;;) {
      frame.rowCount = -1;
      const outcome = reader.next(frame);
      if (outcome !== "frame") return { found, events, frames, outcome, end: reader.end };
      frames.push({
        number: frame.header.frameNumber,
        device: frame.header.deviceFrameNumber,
        capturedAtNs: frame.header.capturedAtNs,
        rows: frame.rowCount,
        pixels: descriptor.hasFrames ? [...frame.pixels] : [],
        detections: [...frame.detections.slice(0, Math.max(0, frame.rowCount) * 9)],
      });
    }
  } finally {
    closeSync(fd);
  }
}

const whole = record(join(folder, "whole.mote"));

test("what was written is read: descriptor, frames, detections, events, end", () => {
  const { found, events, frames, outcome, end } = read(whole);
  expect(found).toEqual(descriptor);
  expect(events).toEqual([{ event: "gap", firstFrame: 11, count: 9, reason: "device gap" }]);
  expect(outcome).toBe("end");
  expect(end).toEqual({ isComplete: true, lost: 9, stages: [] });
  expect(frames).toHaveLength(3);
  expect(frames[2]).toMatchObject({ number: 20, device: 1002, capturedAtNs: 1_790_000_000_123_456_791n, rows: 7 });
  expect((frames[1] as { pixels: number[] }).pixels).toEqual(Array.from({ length: 48 }, (_, p) => 100 + p));
  expect((frames[1] as { detections: number[] }).detections).toEqual(Array.from({ length: 27 }, (_, v) => 1 + v / 7));
});

test("detections without frames keep the frames' numbers and times", () => {
  const { frames } = read(record(join(folder, "bare.mote"), { hasFrames: false }));
  expect(frames[2]).toMatchObject({ number: 20, device: 1002, rows: 7 });
});

test("cut at any byte, the stream is never taken for whole and never yields a wrong frame", () => {
  const all = read(whole).frames;
  const bodyEnd = whole.indexOf(Buffer.from('"isComplete"'));
  for (let length = 0; length < bodyEnd; length += 1) {
    let outcome: ReturnType<typeof read> | undefined;
    try {
      outcome = read(whole.subarray(0, length));
    } catch (error) {
      expect(error).toBeInstanceOf(MoteError);
      continue;
    }
    expect(outcome.outcome).toBe("cut");
    expect(outcome.frames).toEqual(all.slice(0, outcome.frames.length));
  }
});

test("a wrong byte anywhere is found, and the message named", () => {
  const all = read(whole).frames;
  const end = whole.indexOf(Buffer.from("MTMS"), whole.indexOf(Buffer.from('"isComplete"')));
  for (let at = 0; at < end; at++) {
    if (at >= 12 && at < 16) continue; // minor version and reserved bytes of the preamble: any value is accepted
    const broken = Buffer.from(whole);
    broken[at] = broken[at]! ^ 0x41;
    const isReservedPrefix = isAtPrefixOffset(whole, at, 36, 40);
    let caught: unknown;
    let result: ReturnType<typeof read> | undefined;
    try {
      result = read(broken);
    } catch (error) {
      caught = error;
    }
    if (isReservedPrefix) expect(result?.frames).toEqual(all);
    else if (result) {
      // A longer header or payload than there are bytes: the stream counts as cut there.
      expect(result.outcome, `byte ${at}`).toBe("cut");
      expect(result.frames).toEqual(all.slice(0, result.frames.length));
    } else {
      expect(caught, `byte ${at}`).toBeInstanceOf(MoteError);
      if (at >= 16) expect((caught as MoteError).problems[0]!.where).toMatch(/x\.mote, message \d+ at byte \d+/);
    }
  }
});

/** Whether byte `at` lies in [from, to) of a message's prefix. */
function isAtPrefixOffset(bytes: Buffer, at: number, from: number, to: number): boolean {
  for (let start = bytes.indexOf("MTMS"); start >= 0 && start <= at; start = bytes.indexOf("MTMS", start + 1)) {
    if (at - start >= from && at - start < to) return true;
  }
  return false;
}

test("more detections than a frame can hold are refused before they are read", () => {
  expect(() => read(whole, "x.mote", { ...geometry, detectionRows: 6 })).toThrow(/holds 7 detections, .* can hold 6/);
});

test("absurd lengths are refused before a byte is allocated", () => {
  const view = new DataView(whole.buffer.slice(whole.byteOffset, whole.byteOffset + whole.length));
  view.setBigUint64(16 + 16, 2n ** 62n, true);
  expect(() => read(new Uint8Array(view.buffer))).toThrow(/claims a payload of 4611686018427388000 bytes/);
});

test("text on stdin is recognised as text", () => {
  expect(() => read(Buffer.from("frame,particle_id,x,y,mass"))).toThrow(
    /expected a frame stream, got text: "frame,particle/,
  );
});

test("nothing at all is told apart from a wrong stream", () => {
  expect(() => read(Buffer.alloc(0))).toThrow(/got nothing/);
});

test("a frame that is not what the descriptor says is refused", () => {
  const other = record(join(folder, "other.mote"), { shape: { height: 6, width: 4 } });
  expect(() => read(other)).toThrow(/expected 4x6 uint16 as the descriptor says, got 8x6 uint16/);
});

test("the index leads to every frame and its detections", () => {
  const view = new DataView(whole.buffer, whole.byteOffset, whole.length);
  expect(whole.subarray(-8).toString("latin1")).toBe("MOTEIDX\n");
  const piece = Number(view.getBigUint64(whole.length - 16, true));
  const entries = view.getUint32(piece + 40 + 8, true);
  expect(entries).toBe(3);
  for (let i = 0; i < entries; i++) {
    const at = piece + 56 + i * 24;
    const frameAt = Number(view.getBigUint64(at + 8, true));
    const detectionsAt = Number(view.getBigUint64(at + 16, true));
    expect([view.getUint8(frameAt + 4), view.getUint8(detectionsAt + 4)]).toEqual([2, 3]);
    expect(Number(view.getBigUint64(frameAt + 40 + 8, true))).toBe(Number(view.getBigUint64(at, true)));
  }
});

test("an event that says the impossible ends the reading, with its message and byte named", () => {
  const path = join(folder, "impossible.mote");
  for (const [event, named] of [
    [{ event: "gap", firstFrame: 1, count: -5, reason: "device gap" }, "-5 frames"],
    [{ event: "drop", stage: "track", firstFrame: 1, count: 2 ** 53, reason: "link full" }, "9007199254740992 frames"],
    [{ event: "end", isComplete: true, lost: 0, stages: [] }, "called end"],
  ] as const) {
    const fd = openSync(path, "w");
    const sink = openByteSink(path, fd, { isStopped: () => false, isAborted: () => false });
    const writer = createStreamWriter(sink, descriptor, { hasChecksums: true, hasIndex: false });
    const at = sink.position;
    writer.event(event as never);
    sink.close();
    expect(() => read(readFileSync(path))).toThrow(`message 1 at byte ${at}`);
    expect(() => read(readFileSync(path))).toThrow(named);
  }
});
