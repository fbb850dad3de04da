/** Which frames wait for a sync, when it is due, and what it comes to. */
import { expect, test } from "vitest";
import { GroupCommit } from "../../../src/core/storage/sync/group-commit.js";
import type { SyncPlan } from "../../../src/core/storage/sync/sync-plan.js";
import { msBetween, now } from "../../../src/core/time.js";

function commitOf(plan: SyncPlan, outcomes: readonly boolean[] = []) {
  const durable: [number, number][] = [];
  let syncs = 0;
  const commit = new GroupCommit(
    plan,
    async () => outcomes[syncs++] ?? true,
    (first, count) => durable.push([first, count]),
  );
  return { commit, durable, syncs: () => syncs };
}

test("nothing is synced while nothing waits", async () => {
  const { commit, syncs } = commitOf({ withinMs: 50 });
  expect(commit.dueAt()).toBeUndefined();
  await commit.sync();
  expect(syncs()).toBe(0);
  expect(commit.counts).toEqual({ frames: 0, syncs: 0, longestMs: 0, notSynced: 0 });
});

test("a sync is due so long after the first frame that waits, not the last", async () => {
  const { commit } = commitOf({ withinMs: 50 });
  const before = now();
  commit.stored(0);
  const due = commit.dueAt()!;
  commit.stored(1);
  expect(commit.dueAt()).toBe(due);
  expect(msBetween(before, due)).toBeGreaterThanOrEqual(50);
  await commit.sync();
  expect(commit.dueAt()).toBeUndefined();
});

test("with `close` no sync is due before the end, with `frame` at once", () => {
  const [late, soon] = [commitOf("close").commit, commitOf("frame").commit];
  late.stored(0);
  soon.stored(0);
  expect(late.dueAt()).toBeUndefined();
  expect(msBetween(soon.dueAt()!, now())).toBeGreaterThanOrEqual(0);
});

test("one sync tells all frames that waited, as runs in the order they were stored", async () => {
  const { commit, durable, syncs } = commitOf({ withinMs: 50 });
  for (const number of [3, 4, 5, 9, 10, 7]) commit.stored(number);
  await commit.sync();
  expect(durable).toEqual([
    [3, 3],
    [9, 2],
    [7, 1],
  ]);
  expect([syncs(), commit.counts.frames]).toEqual([1, 6]);
});

test("after a refused sync neither what waited nor what comes is ever durable, and it is not tried again", async () => {
  const { commit, durable, syncs } = commitOf({ withinMs: 50 }, [true, false]);
  commit.stored(0);
  await commit.sync();
  commit.stored(1);
  commit.stored(2);
  await commit.sync();
  commit.stored(3);
  expect(commit.dueAt()).toBeUndefined();
  await commit.sync();
  commit.settle(true);
  expect(durable).toEqual([[0, 1]]);
  expect(syncs()).toBe(2);
  expect(commit.counts).toMatchObject({ frames: 1, syncs: 2, notSynced: 3 });
});

test("what waits at the end is durable where the close synced it", () => {
  const { commit, durable } = commitOf("close");
  for (const number of [0, 1, 2]) commit.stored(number);
  expect(commit.counts).toMatchObject({ frames: 0, notSynced: 3 });
  commit.settle(true);
  expect(durable).toEqual([[0, 3]]);
  expect(commit.counts).toMatchObject({ frames: 3, notSynced: 0 });
});
