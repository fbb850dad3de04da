import { expect, test } from "vitest";
import { Link, linkWords } from "../../src/core/memory/link.js";
import type { LinkPolicy } from "../../src/core/memory/link-shape.js";
import { Overflow, overflowWords } from "../../src/core/memory/overflow.js";
import { RunControl, runControlWords } from "../../src/core/memory/run-control.js";
import { nothingTaken } from "../../src/core/memory/taken.js";
import { fromMemory, longAgo } from "../../src/core/time.js";
import { seeded } from "../seed.js";

/** `untilWrap`: entries that have still to come until its positions begin anew, as they do after some 2^28; absent: a new link. */
function makeLink(policy: LinkPolicy, capacity: number, window = 0, products = 0, untilWrap?: number) {
  const shape = { policy, capacity, window, products };
  const words = new Int32Array(new SharedArrayBuffer(linkWords(shape) * 4));
  if (untilWrap !== undefined) {
    const lap = 2 ** Math.ceil(Math.log2(capacity + window + 1)) * Math.max(1, products);
    // Head, claim and tail.
    words.fill(lap * Math.floor(2 ** 28 / lap) - untilWrap, 4, 7);
  }
  const link = new Link(words, shape);
  const control = new RunControl(new Int32Array(new SharedArrayBuffer(runControlWords * 4)));
  const taken = nothingTaken();
  return {
    link,
    control,
    taken,
    push: (slot: number, isEvent = false) =>
      link.push(slot, isEvent ? -1 : slot, window === 0 || isEvent, isEvent, fromMemory(slot * 10), control),
    take: () => (link.take(taken, control) ? { ...taken } : undefined),
  };
}

test("entries leave in the order they entered, with the time they entered", () => {
  const { push, take, link } = makeLink("block", 5);
  for (let lap = 0; lap < 4; lap++) {
    for (const slot of [1, 2, 3, 4, 5]) expect(push(slot)).toBe(-1);
    for (const slot of [1, 2, 3, 4, 5]) expect(take()).toMatchObject({ slot, pushedAt: slot * 10, droppedCount: 0 });
  }
  link.close();
  expect(take()).toBeUndefined();
  expect(link.depth).toEqual({ now: 0, most: 5 });
});

test("a frame that waits is taken without waiting, an event or one that a loss is told with is not", () => {
  const { push, take, link, taken } = makeLink("drop-newest", 3);
  expect(link.takeFrameNow(taken)).toBe(false);
  push(1);
  push(2);
  push(3);
  push(4);
  expect(link.takeFrameNow(taken)).toBe(true);
  expect(taken).toMatchObject({ slot: 1, pushedAt: 10, droppedCount: 0 });
  push(5);
  expect([take()?.slot, take()?.slot]).toEqual([2, 3]);
  expect(link.takeFrameNow(taken)).toBe(false);
  expect(take()).toMatchObject({ slot: 5, droppedCount: 1, droppedFirst: 4 });
  push(6, true);
  expect(link.takeFrameNow(taken)).toBe(false);
  expect(take()?.slot).toBe(6);
  const mapped = makeLink("block", 3, 2);
  mapped.push(1);
  expect(mapped.link.takeFrameNow(mapped.taken)).toBe(false);
});

test("drop-newest gives up the entry that comes and tells the next one that got in", () => {
  const { push, take } = makeLink("drop-newest", 2);
  expect([push(1), push(2), push(3), push(4)]).toEqual([-1, -1, 3, 4]);
  expect(take()).toMatchObject({ slot: 1 });
  expect(push(5)).toBe(-1);
  expect(take()).toMatchObject({ slot: 2, droppedCount: 0 });
  expect(take()).toMatchObject({ slot: 5, droppedCount: 2, droppedFirst: 3 });
});

test("what drop-newest gives up last is told by the event that ends the link", () => {
  const { push, take, link, control } = makeLink("drop-newest", 1);
  push(1);
  push(2);
  take();
  expect(link.push(9, -1, true, true, longAgo, control)).toBe(-1);
  expect(take()).toMatchObject({ slot: 9, droppedCount: 1, droppedFirst: 2 });
});

test("drop-oldest keeps the newest and tells which went", () => {
  const { push, take } = makeLink("drop-oldest", 3);
  expect([push(1), push(2), push(3), push(4), push(5)]).toEqual([-1, -1, -1, 1, 2]);
  expect(take()).toMatchObject({ slot: 3, droppedCount: 2, droppedFirst: 1 });
  expect(take()).toMatchObject({ slot: 4, droppedCount: 0 });
  expect(take()).toMatchObject({ slot: 5, droppedCount: 0 });
});

test("drop-oldest never gives up an event", () => {
  const { push, take } = makeLink("drop-oldest", 3);
  push(1, true);
  push(2);
  push(3);
  expect(push(4)).toBe(2);
  expect([take()?.slot, take()?.slot, take()?.slot]).toEqual([1, 3, 4]);
});

test("a full link with policy fail says so", () => {
  const { push } = makeLink("fail", 1);
  expect([push(1), push(2)]).toEqual([-1, -3]);
});

test("what a failing producer takes back is told by the entry that follows, up to the last event", () => {
  const { push, take, link } = makeLink("fail", 5);
  expect([push(1), push(2, true), push(3), push(4), push(5)]).toEqual([-1, -1, -1, -1, -1]);
  expect(push(6)).toBe(-3);
  expect([link.takeBack(), link.takeBack(), link.takeBack(), link.takeBack()]).toEqual([5, 4, 3, -1]);
  expect(push(9, true)).toBe(-1);
  expect([take()?.slot, take()?.slot]).toEqual([1, 2]);
  expect(take()).toMatchObject({ slot: 9, droppedCount: 4, droppedFirst: 3 });
});

test("a failing producer takes back nothing that somebody has begun with", () => {
  const plain = makeLink("fail", 2);
  plain.push(1);
  plain.take();
  expect(plain.link.takeBack()).toBe(-1);
  expect([plain.push(2), plain.take()]).toMatchObject([-1, { slot: 2, droppedCount: 0 }]);

  const { link, push, take, control } = makeLink("fail", 2, 2);
  push(1);
  const claimed = new Int32Array(1);
  expect(link.claim(claimed, 1, control)).toBe(1);
  push(2);
  expect([link.takeBack(), link.takeBack()]).toEqual([2, -1]);
  link.markMapped(claimed[0]!);
  expect(take()).toMatchObject({ slot: 1, droppedCount: 0 });
});

test.each([
  ["drop-newest", 3, undefined],
  ["drop-oldest", 3, undefined],
  ["latest", 1, undefined],
  ["drop-newest", 3, 50],
  ["drop-oldest", 3, 50],
  ["latest", 1, 50],
] as const)(
  "%s (room for %i, wraps after %s) tells each frame that it gave up once, and no other",
  (policy, capacity, untilWrap) => {
    const { push, link, taken, control } = makeLink(policy, capacity, 0, 0, untilWrap);
    // Of a run that was aborted, nothing is waited for.
    control.abort();
    const random = seeded(7);
    const given: number[] = [];
    const told: number[] = [];
    const came: number[] = [];
    function take(): void {
      if (link.takeNow(taken) !== "taken") return;
      for (let at = 0; at < taken.droppedCount; at++) told.push(taken.droppedFirst + at);
      if (taken.slot > 0) came.push(taken.slot);
    }
    let number = 0;
    for (let step = 0; step < 5000; step++) {
      const isEvent = random() < 0.05;
      const slot = isEvent ? 0 : ++number;
      let outcome = push(slot, isEvent);
      for (; outcome === -2; outcome = push(slot, isEvent)) take();
      if (outcome >= 0) given.push(outcome);
      if (random() < 0.4) take();
    }
    while (push(0, true) === -2) take();
    while (link.depth.now > 0) take();
    expect(given.length).toBeGreaterThan(500);
    expect(told).toEqual(given);
    expect([...came, ...told].sort((a, b) => a - b)).toEqual(Array.from({ length: number }, (_, at) => at + 1));
    expect(came).toEqual([...came].sort((a, b) => a - b));
  },
);

test("a blocked producer leaves when the run is aborted", () => {
  const { push, control } = makeLink("block", 1);
  push(1);
  control.abort();
  expect(push(2)).toBe(-2);
});

test("mapped entries leave in order whatever order they were mapped in", () => {
  const { link, push, take, control } = makeLink("block", 4, 4);
  for (const slot of [1, 2, 3]) push(slot);
  const a = new Int32Array(1);
  const b = new Int32Array(2);
  expect(link.claim(a, 1, control)).toBe(1);
  expect(link.claim(b, 2, control)).toBe(2);
  expect([link.slotAt(a[0]!), link.slotAt(b[0]!), link.slotAt(b[1]!)]).toEqual([1, 2, 3]);
  link.markMapped(b[1]!);
  link.markMapped(b[0]!);
  link.markMapped(a[0]!);
  expect([take()?.slot, take()?.slot, take()?.slot]).toEqual([1, 2, 3]);
});

test("an event between frames needs no mapper and keeps its place", () => {
  const { link, push, take, control } = makeLink("block", 4, 4);
  push(1);
  push(2, true);
  push(3);
  const claimed = new Int32Array(4);
  expect(link.claim(claimed, 4, control)).toBe(2);
  link.markMapped(claimed[1]!);
  link.markMapped(claimed[0]!);
  expect([take()?.slot, take()?.slot, take()?.slot]).toEqual([1, 2, 3]);
});

test.each([undefined, 3, 1000])(
  "against a plain queue, a random sequence of pushes and takes never differs (wraps after %s)",
  (untilWrap) => {
    const random = seeded(12345);
    const { push, take } = makeLink("drop-oldest", 7, 0, 0, untilWrap);
    const model: number[] = [];
    /** An `expect` for each of thousands of steps would take longer than the steps. */
    const same = (got: number, expected: number | undefined, step: number) => {
      if (got !== expected) throw new Error(`step ${step}: expected ${expected}, got ${got}`);
    };
    let dropped = 0;
    let told = 0;
    for (let i = 0; i < 20_000; i++) {
      if (random() < 0.55) {
        const isFull = model.length === 7;
        if (isFull) dropped++;
        same(push(i), isFull ? model.shift() : -1, i);
        model.push(i);
      } else if (model.length > 0) {
        const entry = take()!;
        same(entry.slot, model.shift(), i);
        told += entry.droppedCount;
      }
    }
    while (model.length > 0) {
      const entry = take()!;
      expect(entry.slot).toBe(model.shift());
      told += entry.droppedCount;
    }
    expect(told).toBe(dropped);
  },
);

test("an overflow is settled once all of its queue has gone on and every frame it gave up was told", () => {
  const queue = { policy: "drop-newest", capacity: 1, window: 0 } as const;
  const overflow = new Overflow(new Int32Array(new SharedArrayBuffer(overflowWords(queue) * 4)), queue);
  const { control, taken } = makeLink("block", 1);
  const push = (slot: number) => overflow.queue.push(slot, slot, true, false, longAgo, control);
  expect(overflow.isSettled(0)).toBe(true);
  expect([push(1), push(2)]).toEqual([-1, 2]);
  expect(overflow.isSettled(1)).toBe(false);
  expect(overflow.queue.takeNow(taken)).toBe("taken");
  overflow.settle(1);
  // Frame 2 was given up, and the entry that will say so has to come this way too.
  expect(overflow.isSettled(1)).toBe(false);
  expect(push(3)).toBe(-1);
  expect(overflow.queue.takeNow(taken)).toBe("taken");
  expect(taken).toMatchObject({ slot: 3, droppedCount: 1, droppedFirst: 2 });
  overflow.settle(2);
  expect(overflow.isSettled(2)).toBe(true);
});

test.each([2 ** 31, 2 ** 32])("an overflow is settled by the same rule after %i entries", (entries) => {
  const queue = { policy: "drop-newest", capacity: 1, window: 0 } as const;
  const overflow = new Overflow(new Int32Array(new SharedArrayBuffer(overflowWords(queue) * 4)), queue);
  for (const queued of [entries - 1, entries, entries + 1]) {
    expect(overflow.isSettled(queued)).toBe(false);
    overflow.settle(queued);
    expect(overflow.isSettled(queued)).toBe(true);
  }
});

test("a full link that spills says so, for events too, and rings when there is room", () => {
  const { link, push, take } = makeLink("spill", 1);
  expect([push(1), push(2), push(3, true)]).toEqual([-1, -4, -4]);
  const bell = link.spaceBell;
  expect(link.hasRoom).toBe(false);
  take();
  expect([link.hasRoom, link.spaceBell !== bell, push(2)]).toEqual([true, true, -1]);
});

test("a mapper that claims makes room for the producer, and rings", () => {
  const { link, push, control } = makeLink("block", 1, 4);
  push(1);
  const bell = link.spaceBell;
  expect(link.hasRoom).toBe(false);
  link.claim(new Int32Array(1), 1, control);
  expect([link.hasRoom, link.spaceBell !== bell, push(2)]).toEqual([true, true, -1]);
});

test("mappers that are behind fill a link as those do that wait for them, and nothing in it is overwritten", () => {
  const { link, push, take, control } = makeLink("drop-newest", 2, 2);
  const claimed = new Int32Array(4);
  expect([push(1), push(2), link.claim(claimed, 2, control), push(3), push(4)]).toEqual([-1, -1, 2, -1, -1]);
  expect(link.claim(claimed.subarray(2), 2, control)).toBe(2);
  expect([link.hasRoom, push(5), push(6)]).toEqual([false, 5, 6]);
  for (const position of claimed) link.markMapped(position);
  expect([take()?.slot, take()?.slot, take()?.slot, take()?.slot]).toEqual([1, 2, 3, 4]);
});

test("an entry that no mapper worked on says so, and only that one", () => {
  const { push, take, link, control } = makeLink("block", 3, 3);
  const claimed = new Int32Array(3);
  for (const slot of [1, 2, 3]) push(slot);
  expect(link.claim(claimed, 3, control)).toBe(3);
  link.markMapped(claimed[0]!);
  link.passUnmapped(claimed[1]!);
  link.markMapped(claimed[2]!);
  expect([take(), take(), take()].map((entry) => entry?.isUnmapped)).toEqual([false, true, false]);
});

test.each([undefined, 5, 500])(
  "a mapper claims an entry only when nobody uses its product: no mapper, and not the consumer either (wraps after %s)",
  (untilWrap) => {
    const products = 3;
    // Of a run that was aborted, nothing is waited for.
    const { push, link, control, taken } = makeLink("block", 20, 2, products, untilWrap);
    control.abort();
    const random = seeded(11);
    const users = new Map<number, string>();
    const claimed: number[] = [];
    const batch = new Int32Array(4);
    let slot = 0;
    let left = 0;
    for (let step = 0; step < 20_000; step++) {
      const dice = random();
      if (dice < 0.4 && link.hasRoom) push(slot++, random() < 0.2);
      else if (dice < 0.7) {
        const count = link.claim(batch, 4, control);
        for (const position of batch.subarray(0, count)) {
          expect(users.get(position % products), `product of position ${position}`).toBeUndefined();
          users.set(position % products, "mapper");
          claimed.push(position);
        }
      } else if (dice < 0.8 && claimed.length > 0) {
        link.markMapped(claimed.splice(Math.floor(random() * claimed.length), 1)[0]!);
      } else if (link.takeNow(taken) === "taken") {
        expect(taken.slot).toBe(left++);
        for (const [product, user] of users) if (user === "consumer") users.delete(product);
        if (users.has(taken.position % products)) users.set(taken.position % products, "consumer");
      }
    }
    expect(left).toBeGreaterThan(1000);
  },
);

test("behind a tap's link nothing waits: a frame takes the oldest frame's place, an event finds room or not, the last word always does", () => {
  const shape = { policy: "drop-oldest", capacity: 2, window: 1, isTap: true } as const;
  const link = new Link(new Int32Array(new SharedArrayBuffer(linkWords(shape) * 4)), shape);
  const control = new RunControl(new Int32Array(new SharedArrayBuffer(runControlWords * 4)));
  const taken = nothingTaken();
  const push = (slot: number, isEvent = false) =>
    link.push(slot, isEvent ? -1 : slot, true, isEvent, fromMemory(0), control);
  const left = () => {
    const slots: number[] = [];
    while (link.take(taken, control)) {
      expect([taken.slot, taken.droppedCount]).toEqual([taken.slot, 0]);
      slots.push(taken.slot);
    }
    return slots;
  };
  for (let lap = 0; lap < 5; lap++) {
    expect([push(1), push(2), push(3), push(4), push(9, true)]).toEqual([-1, -1, 1, 2, 9]);
    expect(link.takeNow(taken)).toBe("taken");
    expect([taken.slot, taken.droppedCount]).toEqual([3, 0]);
    expect([push(9, true), push(5), push(8, true), push(6)]).toEqual([-1, 4, 8, 5]);
    expect(link.takeNow(taken)).toBe("taken");
    expect(link.takeNow(taken)).toBe("taken");
  }
  expect([push(7, true), push(8, true), push(9)]).toEqual([-1, -1, 9]);
  link.pushLast(10, fromMemory(0));
  link.close();
  expect(left()).toEqual([7, 8, 10]);
});

test("nothing comes out of a paused link, its policy goes on, and what waited comes in order when it is resumed", () => {
  const { push, take, link, taken, control } = makeLink("drop-oldest", 2);
  push(1);
  push(2);
  expect(take()?.slot).toBe(1);
  link.pause();
  expect([link.isPaused, link.takeFrameNow(taken)]).toEqual([true, false]);
  expect([push(3), push(4), push(5)]).toEqual([-1, 2, 3]);
  link.resume();
  expect(link.isPaused).toBe(false);
  expect(take()).toMatchObject({ slot: 4, droppedCount: 2, droppedFirst: 2 });
  expect(take()).toMatchObject({ slot: 5, droppedCount: 0 });

  link.pause();
  push(6);
  control.drain();
  expect(take()?.slot, "what waits in a paused link comes out when the run drains").toBe(6);
});
