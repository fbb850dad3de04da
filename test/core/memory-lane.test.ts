import { expect, test } from "vitest";
import { Lane, laneWords, longestRecord } from "../../src/core/memory/lane.js";
import { Link, linkWords } from "../../src/core/memory/link.js";
import type { LinkPolicy } from "../../src/core/memory/link-shape.js";
import { RunControl, runControlWords } from "../../src/core/memory/run-control.js";
import { nothingTaken } from "../../src/core/memory/taken.js";
import { longAgo } from "../../src/core/time.js";
import { randomOfRun } from "../seed.js";

/** `counted`: where both counts stand. */
function makeLane(counted = 0) {
  const words = new Int32Array(new SharedArrayBuffer(laneWords * 4));
  words.fill(counted, 0, 2);
  return new Lane(words);
}

const record = (length: number, value: number) => new Uint8Array(length).fill(value);

test.each([0, 2 ** 28 - 100_000])(
  "records come out as they went in, also past the end of the ring (from byte %i)",
  (counted) => {
    const random = randomOfRun(`lane from ${counted}`);
    const lane = makeLane(counted);
    const waiting: Uint8Array[] = [];
    let refused = 0;
    for (let step = 0; step < 4000; step++) {
      const next = record(Math.floor(random() ** 4 * 9000), step & 0xff);
      if (lane.write(next)) waiting.push(next);
      else refused++;
      if (random() < 0.05) {
        expect(lane.hasUpTo(lane.end)).toBe(waiting.length > 0);
        const same = lane.takeUpTo(lane.end).map((bytes, at) => Buffer.compare(bytes, waiting[at]!) === 0);
        expect(same).toEqual(waiting.splice(0).map(() => true));
      }
    }
    expect(refused).toBeGreaterThan(0);
  },
);

test("a lane takes the longest record when it is empty, and never one that is longer", () => {
  const lane = makeLane(70_000);
  expect(lane.write(record(longestRecord + 1, 1))).toBe(false);
  expect(lane.write(record(longestRecord, 2))).toBe(true);
  expect(lane.write(record(0, 3))).toBe(false);
  expect(lane.takeUpTo(lane.end).map((bytes) => Buffer.compare(bytes, record(longestRecord, 2)))).toEqual([0]);
  expect(lane.write(record(0, 3))).toBe(true);
});

function makeLink(policy: LinkPolicy, capacity: number) {
  const shape = { policy, capacity, window: 0, hasLane: true };
  const link = new Link(new Int32Array(new SharedArrayBuffer(linkWords(shape) * 4)), shape);
  const control = new RunControl(new Int32Array(new SharedArrayBuffer(runControlWords * 4)));
  const taken = nothingTaken();
  return {
    link,
    taken,
    push: (frame: number) => link.push(frame, frame, true, false, longAgo, control),
    take: () => {
      link.take(taken, control);
      return { ...taken, told: taken.told.map(([value]) => value) };
    },
  };
}

test("what is told beside a link comes with the entry behind it, however full the link was", () => {
  const { link, push, take, taken } = makeLink("drop-newest", 2);
  expect([push(0), push(1)]).toEqual([-1, -1]);
  expect([link.tell(record(1, 101)), push(2), link.tell(record(1, 102))]).toEqual([true, 2, true]);
  expect([take(), take()]).toMatchObject([
    { slot: 0, told: [] },
    { slot: 1, told: [] },
  ]);
  push(3);
  push(4);
  expect(link.takeFrameNow(taken)).toBe(false);
  expect(take()).toMatchObject({ slot: 3, told: [101, 102], droppedCount: 0 });
  expect(link.takeFrameNow(taken)).toBe(true);
});

test("of frames that went from a link and do not follow one another, the earlier are left to the producer to tell", () => {
  const { link, push, take } = makeLink("latest", 1);
  expect([push(0), push(2)]).toEqual([-1, 0]);
  expect(link.takeDisplaced()).toBeUndefined();
  expect([push(3), link.takeDisplaced()]).toEqual([2, { firstFrame: 0, count: 1 }]);
  expect([push(5), link.takeDisplaced()]).toEqual([3, undefined]);
  expect(take()).toMatchObject({ slot: 5, droppedFirst: 2, droppedCount: 2 });
});
