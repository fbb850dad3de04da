import { expect, test } from "vitest";
import { Frame } from "../../../src/core/memory/frame.js";
import { slotLayout } from "../../../src/core/memory/slot-layout.js";
import { column } from "../../../src/core/model/detection.js";
import { createTrackLengthFilter, mostHeldFrames } from "../../../src/core/tracking/follow/track-length.js";
import { seeded } from "../../seed.js";

const geometry = { pixelFormat: "uint8", pixelBytes: 16, detectionRows: 40, detectionColumns: 10 } as const;

function frameOf(number: number, ids: readonly number[]): Frame {
  const frame = new Frame(new ArrayBuffer(slotLayout(geometry).slotBytes), 0, 0, geometry);
  frame.header.reset("uint8", 4, 4, 4, 8);
  frame.header.frameNumber = number;
  frame.rowCount = ids.length;
  for (const [row, id] of ids.entries()) {
    for (let c = 0; c < 9; c++) frame.detections[c * ids.length + row] = id * 100 + c;
    frame.detections[column.particle_id * ids.length + row] = id;
  }
  return frame;
}

/** Frames out as [number, ids], the most that waited, and the filter's counts. */
function filter(minLength: number, memory: number, frames: readonly (readonly [number, readonly number[]])[]) {
  const out: [number, number[]][] = [];
  let waiting = 0;
  let most = 0;
  const stubs = createTrackLengthFilter(
    minLength,
    memory,
    9,
    ({ header }) => header.frameNumber,
    (frame) => {
      waiting--;
      const rows = frame.rowCount;
      const ids = [...frame.detections.slice(column.particle_id * rows, column.particle_id * rows + rows)];
      for (const [row, id] of ids.entries())
        expect(frame.detections[column.mass * rows + row]).toBe(id * 100 + column.mass);
      out.push([frame.header.frameNumber, ids]);
    },
  );
  for (const [number, ids] of frames) {
    waiting++;
    most = Math.max(most, waiting);
    stubs.push(frameOf(number, ids));
  }
  stubs.flush();
  return { out, most, tracks: stubs.tracks, rows: stubs.rows };
}

test("a track of exactly the length stays from its first frame on, a shorter one goes altogether", () => {
  const { out, tracks, rows } = filter(3, 0, [
    [0, [1, 2]],
    [1, [1, 2]],
    [2, [1]],
    [3, [3]],
  ]);
  expect(out).toEqual([
    [0, [1]],
    [1, [1]],
    [2, [1]],
    [3, []],
  ]);
  expect([tracks, rows]).toEqual([1, 3]);
});

test("a track that is missing for as long as it is remembered still counts as one", () => {
  const { out } = filter(3, 2, [
    [0, [1]],
    [1, []],
    [2, []],
    [3, [1]],
    [4, [1]],
    [5, []],
  ]);
  expect(out.map(([, ids]) => ids.length)).toEqual([1, 0, 0, 1, 1, 0]);
});

test("what was never linked is short", () => {
  expect(
    filter(2, 0, [
      [0, [-1, 5]],
      [1, [5]],
    ]).out,
  ).toEqual([
    [0, [5]],
    [1, [5]],
  ]);
});

test("the same as filtering the whole table, in bounded memory", () => {
  const random = seeded(7);
  for (const [minLength, memory] of [
    [1, 0],
    [2, 0],
    [4, 2],
    [6, 1],
  ] as const) {
    // Tracks with random births, deaths, and gaps no longer than the memory.
    const frames: [number, number[]][] = Array.from({ length: 300 }, (_, i) => [i, []]);
    for (let id = 0; id < 150; id++) {
      let at = Math.floor(random() * 290);
      for (let left = 1 + Math.floor(random() * 10); left > 0 && at < 300; left--) {
        frames[at]![1].push(id);
        at += 1 + Math.floor(random() * (memory + 1));
      }
    }
    const lengths = new Map<number, number>();
    for (const [, ids] of frames) for (const id of ids) lengths.set(id, (lengths.get(id) ?? 0) + 1);
    const expected = frames.map(([number, ids]) => [number, ids.filter((id) => lengths.get(id)! >= minLength)]);
    const { out, most } = filter(minLength, memory, frames);
    expect(out).toEqual(expected);
    expect(most).toBeLessThanOrEqual(mostHeldFrames(minLength, memory) + 1);
  }
});
