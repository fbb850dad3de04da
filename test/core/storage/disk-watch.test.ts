import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { diskText } from "../../../src/core/cli/report-text.js";
import { MoteError } from "../../../src/core/errors.js";
import { counterFloats, StageCounters } from "../../../src/core/memory/stage-counters.js";
import { diskFault } from "../../../src/core/storage/disk/disk-fault.js";
import { DiskWatch } from "../../../src/core/storage/disk/disk-watch.js";
import { complaintOf } from "../../../src/core/storage/formats/h5/library.js";
import { fromMemory } from "../../../src/core/time.js";

const path = join(tmpdir(), "run.h5");

/** A watch of a disk that loses `bytesPerS` and ends a thousand megabytes after its start. */
function watched(bytesPerS: number, minFreeBytes: number) {
  let nowMs = 0;
  let looks = 0;
  const watch = new DiskWatch({
    minFreeBytes,
    now: () => fromMemory(nowMs),
    freeBytes() {
      looks++;
      return Math.max(0, 1e9 - (nowMs / 1000) * bytesPerS);
    },
  });
  const disk = watch.add(path);
  const goTo = (ms: number) => {
    nowMs = ms;
    return watch.look();
  };
  return { watch, disk, goTo, looks: () => looks };
}

test("the time to a full disk follows from the rate of the last ten seconds", () => {
  const { watch, goTo } = watched(10e6, 100e6);
  goTo(0);
  expect(watch.fullInS).toBe(null);
  goTo(500);
  expect(watch.fullInS).toBe(null);
  for (let ms = 1000; ms <= 30_000; ms += 500) goTo(ms);
  // 700 MB are left at 30 s, 600 of them above the limit.
  expect(watch.fullInS).toBe(60);
});

test("a disk that gains room, or keeps it, will not be full", () => {
  for (const rate of [0, -5e6]) {
    const { watch, goTo } = watched(rate, 0);
    for (let ms = 0; ms <= 5000; ms += 500) goTo(ms);
    expect(watch.fullInS).toBe(null);
  }
});

test("below the limit the time is that to the very end", () => {
  const { watch, disk, goTo } = watched(10e6, 990e6);
  for (let ms = 0; ms <= 10_000; ms += 500) goTo(ms);
  expect(watch.isLow(disk)).toBe(true);
  expect(watch.fullInS).toBe(90);
});

test("disks are looked at twice a second, and sooner when what was written may have filled one", () => {
  const { watch, goTo, looks } = watched(0, 990e6);
  expect([goTo(0), goTo(100), goTo(499), goTo(500), goTo(600)]).toEqual([true, false, false, true, false]);
  watch.wrote(4e6);
  expect(goTo(610)).toBe(false);
  watch.wrote(2e6);
  expect(goTo(620)).toBe(true);
  expect(looks()).toBe(3);
});

test("two files on one disk are one disk", () => {
  const { watch, disk } = watched(0, 0);
  expect(watch.add(join(tmpdir(), "other.csv"))).toBe(disk);
});

test("the status says it in minutes, from an hour on", () => {
  expect([null, 3601, 3600, 119.6, 0.1, 0].map(diskText)).toEqual([
    undefined,
    undefined,
    "disk full in 60 min",
    "disk full in 120 s",
    "disk full in 1 s",
    "waiting for room on the disk",
  ]);
});

test("a stage's counters keep unknown, soon and waiting apart", () => {
  const counters = new StageCounters(new ArrayBuffer(counterFloats * 8), 0);
  const seen = [counters.diskFullInS];
  for (const value of [12.5, 0, null]) {
    counters.foreseeFullDisk(value);
    seen.push(counters.diskFullInS);
  }
  expect(seen).toEqual([null, 12.5, 0, null]);
});

test("an error's cause says whether there is no room, the disk fails, or it is a defect of ours", () => {
  const system = (code: string) => Object.assign(new Error(`${code}: words`), { code, syscall: "write" });
  const told = (cause: unknown) => new MoteError({ code: "disk-full", where: "archive", what: "failed" }, { cause });
  const hdf5 = told(
    complaintOf("#000: h5fd.c line 1 in H5FD_write(): ... error message = 'No space left on device'").system,
  );
  const errors = [
    system("ENOSPC"),
    told(system("EDQUOT")),
    hdf5,
    system("EIO"),
    told(system("EROFS")),
    told(undefined),
  ];
  expect(errors.map(diskFault)).toEqual(["full", "full", "full", "failed", "failed", "failed"]);
  expect(diskFault(new TypeError("x is undefined"))).toBe(undefined);
});
