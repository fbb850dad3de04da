import { expect, test } from "vitest";
import { FramePool, poison, poolWords } from "../../src/core/memory/frame-pool.js";
import { checksumOf } from "../../src/core/memory/pixel-checksum.js";
import { RunControl, runControlWords } from "../../src/core/memory/run-control.js";
import { slotLayout } from "../../src/core/memory/slot-layout.js";
import { counterFloats, StageCounters } from "../../src/core/memory/stage-counters.js";
import { ownPixels, sumAgain } from "../../src/core/pipeline/own-pixels.js";
import { fromMemory } from "../../src/core/time.js";

const geometry = { pixelFormat: "uint16", pixelBytes: 30 * 20 * 2, detectionRows: 5, detectionColumns: 9 } as const;

function makePool(slots: number, spareSlots: number, given: { detectionBlocks?: number; isPoisoning?: boolean } = {}) {
  const { detectionBlocks = 1, isPoisoning = false } = given;
  const shape = { geometry: { ...geometry, detectionBlocks }, base: 128, slots, spareSlots, isPoisoning };
  const buffer = new SharedArrayBuffer(128 + slotLayout(shape.geometry).slotBytes * (slots + spareSlots));
  const words = new Int32Array(new SharedArrayBuffer(poolWords(shape) * 4));
  /** The pool as threads see it whose stage has this block of detections before it. */
  const seenBy = (block: number | null) => new FramePool(words, buffer, shape, block);
  const pool = seenBy(0);
  pool.initialize();
  const control = new RunControl(new Int32Array(new SharedArrayBuffer(runControlWords * 4)));
  return { pool, control, buffer, seenBy };
}

test("a slot comes back when its last holder lets go", () => {
  const { pool, control } = makePool(2, 0);
  const frame = pool.acquire(control)!;
  pool.retain(frame.slot);
  pool.release(frame.slot);
  expect(pool.lentSlots).toBe(1);
  pool.release(frame.slot);
  expect(pool.lentSlots).toBe(0);
});

test("a release too many is a defect and says so", () => {
  const { pool, control } = makePool(2, 0);
  const frame = pool.acquire(control)!;
  pool.release(frame.slot);
  expect(() => pool.release(frame.slot)).toThrow("released more often");
});

test("spares are lent only when the rest is out, and counted", () => {
  const { pool, control } = makePool(3, 2);
  const slots = [1, 2, 3, 4, 5].map(() => pool.acquire(control)!.slot);
  expect(slots.slice(0, 3).every((slot) => slot < 3)).toBe(true);
  expect(slots.slice(3).every((slot) => slot >= 3)).toBe(true);
  expect(pool.loans).toEqual({ all: 5, spare: 2 });
});

test("an empty pool lets go of who waits when the run is aborted", () => {
  const { pool, control } = makePool(1, 0);
  pool.acquire(control);
  control.abort();
  expect(pool.acquire(control)).toBeUndefined();
});

test("slots do not overlap: what is written in one is not seen in another", () => {
  const { pool, control } = makePool(4, 0);
  const frames = [1, 2, 3, 4].map(() => pool.acquire(control)!);
  for (const [i, frame] of frames.entries()) {
    frame.header.reset("uint16", 20, 30, 60, 16);
    frame.header.frameNumber = i + 2 ** 40;
    frame.pixels.fill(i + 1);
    frame.detections.fill(i + 0.5);
    frame.rowCount = i;
    frame.enteredAt = fromMemory(i * 1.5);
  }
  for (const [i, frame] of frames.entries()) {
    expect(frame.header.frameNumber).toBe(i + 2 ** 40);
    expect(frame.pixels.every((value) => value === i + 1)).toBe(true);
    expect(frame.detections.every((value) => value === i + 0.5)).toBe(true);
    expect([frame.rowCount, frame.enteredAt, frame.pixels.length]).toEqual([i, i * 1.5, 600]);
  }
});

test("pixels and detections are aligned for SIMD", () => {
  const { pool, control } = makePool(3, 0);
  for (let i = 0; i < 3; i++) {
    const frame = pool.acquire(control)!;
    expect([frame.pixelsOffset % 64, frame.detectionsOffset % 64]).toEqual([0, 0]);
  }
});

test("detections of two stages stand beside each other, and a stage with none before it sees none", () => {
  const { control, seenBy } = makePool(2, 0, { detectionBlocks: 2 });
  const [recording, track, source] = [seenBy(0), seenBy(1), seenBy(null)];
  const { slot } = source.acquire(control)!;
  const found = recording.frame(slot);
  found.detections.fill(7);
  found.rowCount = 3;
  expect(track.frame(slot).rowCount).toBe(-1);
  track.frame(slot).detections.fill(8);
  track.frame(slot).rowCount = 5;
  expect([found.rowCount, found.detections.every((value) => value === 7)]).toEqual([3, true]);
  const none = source.frame(slot);
  expect([none.rowCount, none.detections.length, none.detectionCapacity]).toEqual([-1, 0, 0]);
  expect(() => {
    none.rowCount = 0;
  }).toThrow("did not ask for room");
  expect(found.rowCount).toBe(3);
});

test("a stage that changes pixels gets a copy of a frame that others hold, counted, and the frame itself otherwise", () => {
  const { pool, control } = makePool(3, 0);
  const counters = new StageCounters(new SharedArrayBuffer(counterFloats * 8), 0);
  const frame = pool.acquire(control)!;
  frame.header.reset("uint16", 20, 30, 60, 16);
  frame.header.frameNumber = 12;
  frame.pixels.fill(5);
  frame.detections.fill(1.5);
  frame.rowCount = 2;
  frame.enteredAt = fromMemory(17);
  frame.pixelsCrc32 = checksumOf(frame);
  expect(ownPixels(frame, pool, control, counters)).toBe(frame);
  pool.retain(frame.slot, 2);
  const own = ownPixels(frame, pool, control, counters)!;
  expect([own.slot === frame.slot, pool.holders(frame.slot), pool.holders(own.slot)]).toEqual([false, 2, 1]);
  expect([own.header.frameNumber, own.rowCount, own.detections[17], own.enteredAt]).toEqual([12, 2, 1.5, 17]);
  expect([own.pixels.every((value) => value === 5), own.pixelsCrc32]).toEqual([true, frame.pixelsCrc32]);
  own.pixels.fill(6);
  sumAgain(own, true);
  expect(own.pixelsCrc32).toBe(checksumOf(own));
  expect([frame.pixels[0], own.pixelsCrc32 === frame.pixelsCrc32, counters.copied]).toEqual([5, false, 1]);
  sumAgain(own, false);
  expect(own.pixelsCrc32).toBe(-1);
});

test("a slot is poisoned when its last loan returns and not before, and is lent clean of detections", () => {
  const { pool, control } = makePool(1, 0, { isPoisoning: true });
  const frame = pool.acquire(control)!;
  frame.pixels.fill(5);
  frame.rowCount = 1;
  pool.retain(frame.slot);
  pool.release(frame.slot);
  expect([frame.pixels[0], frame.rowCount]).toEqual([5, 1]);
  pool.release(frame.slot);
  const late = [frame.header.bytes, frame.pixelBytes, frame.detectionBytes];
  expect(late.map((bytes) => bytes.every((byte) => byte === poison))).toEqual([true, true, true]);
  expect(pool.acquire(control)!.rowCount).toBe(-1);
});
