import { expect, test } from "vitest";
import { FramePool, poolWords } from "../../src/core/memory/frame-pool.js";
import { RunControl, runControlWords } from "../../src/core/memory/run-control.js";
import { slotLayout } from "../../src/core/memory/slot-layout.js";
import { fromMemory } from "../../src/core/time.js";

const geometry = { pixelFormat: "uint16", pixelBytes: 30 * 20 * 2, detectionRows: 5, detectionColumns: 9 } as const;

function makePool(slots: number, spareSlots: number) {
  const shape = { geometry, base: 128, slots, spareSlots };
  const buffer = new SharedArrayBuffer(128 + slotLayout(geometry).slotBytes * (slots + spareSlots));
  const pool = new FramePool(new Int32Array(new SharedArrayBuffer(poolWords(shape) * 4)), buffer, shape);
  pool.initialize();
  return { pool, control: new RunControl(new Int32Array(new SharedArrayBuffer(runControlWords * 4))), buffer };
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
