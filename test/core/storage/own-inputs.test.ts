import { execFileSync } from "node:child_process";
import {
  closeSync,
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { fileConflicts } from "../../../src/core/storage/claim/own-inputs.js";
import { openedIdentity, removeOpenedFile } from "../../../src/core/storage/claim/removal.js";
import { canMountSmallDisk } from "../../judges.js";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "mote-inputs-"));
  writeFileSync(join(folder, "a.mote"), "frames");
  mkdirSync(join(folder, "z.zarr", "0"), { recursive: true });
});
afterEach(() => rmSync(folder, { recursive: true }));

const used = (name: string | number) => ({
  where: `the one that is ${name}`,
  file: typeof name === "string" ? join(folder, name) : name,
});
const conflicts = (reads: (string | number)[], writes: (string | number)[]) =>
  fileConflicts({ reads: reads.map(used), writes: writes.map(used) }).map(({ where, what }) => `${where} ${what}`);

test("an output that is an input is named with it, also through links and other spellings", () => {
  symlinkSync("a.mote", join(folder, "soft.mote"));
  linkSync(join(folder, "a.mote"), join(folder, "hard.mote"));
  symlinkSync(folder, join(folder, "same"));
  for (const name of ["a.mote", "soft.mote", "hard.mote", "same/a.mote", "z.zarr/../a.mote"]) {
    expect(conflicts(["b.mote", "a.mote"], [name])).toEqual([
      `the one that is ${name} is a file that this run reads (the one that is a.mote)`,
    ]);
  }
  expect(conflicts(["a.mote"], ["b.mote", "c.mote"])).toEqual([]);
});

test("a redirected stdin or stdout is the file behind it", () => {
  const fd = openSync(join(folder, "a.mote"), "r");
  try {
    expect(conflicts([fd], ["a.mote"])).toHaveLength(1);
    expect(conflicts(["a.mote"], [fd])).toHaveLength(1);
    expect(conflicts([fd], ["b.mote"])).toEqual([]);
  } finally {
    closeSync(fd);
  }
});

test("a folder is what is in it: a store that is read is not written into, nor one replaced that holds what is read", () => {
  expect(conflicts(["z.zarr"], ["z.zarr"])).toHaveLength(1);
  expect(conflicts(["z.zarr/0"], ["z.zarr"])).toHaveLength(1);
  expect(conflicts(["z.zarr"], ["z.zarr/0/new.mote"])).toHaveLength(1);
  expect(conflicts(["a.mote"], ["z.zarr"])).toEqual([]);
});

test("two outputs that are one file are told, whether it is there or not", () => {
  linkSync(join(folder, "a.mote"), join(folder, "hard.mote"));
  expect(conflicts([], ["a.mote", "hard.mote"])).toHaveLength(1);
  expect(conflicts([], ["new.mote", "z.zarr/../new.mote"])).toHaveLength(1);
  expect(conflicts([], ["new.mote", "newer.mote"])).toEqual([]);
});

test.skipIf(!canMountSmallDisk)("files with the same number on two disks are two files", () => {
  const disks = ["one", "two"].map((name) => join(folder, name));
  for (const disk of disks) {
    mkdirSync(disk);
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=1m", "tmpfs", disk]);
    writeFileSync(join(disk, "a.mote"), "frames");
  }
  try {
    const [one, two] = disks.map((disk) => join(disk, "a.mote")) as [string, string];
    expect(statSync(two).ino).toBe(statSync(one).ino);
    expect(conflicts(["one/a.mote"], ["two/a.mote"])).toEqual([]);
    expect(conflicts(["one/a.mote"], ["one/a.mote"])).toHaveLength(1);
    const fd = openSync(one, "r");
    const opened = openedIdentity(fd);
    closeSync(fd);
    expect([removeOpenedFile(two, opened), existsSync(two)]).toEqual([false, true]);
    expect([removeOpenedFile(one, opened), existsSync(one)]).toEqual([true, false]);
  } finally {
    for (const disk of disks) execFileSync("umount", [disk]);
  }
});

test("an output that has the name of a part of another output is told before a byte is written", () => {
  const outs = (...names: string[]) => names.map((name) => ({ where: `--out ${name}`, file: join(folder, name) }));
  const [row, ...others] = outs("run.h5", "run_001.h5", "run_1000.h5", "run_01.h5", "run.csv");
  expect(
    fileConflicts({ writes: [...others, { ...row!, isRow: true }] }).map(({ where, what }) => [where, what]),
  ).toEqual(
    ["run_001.h5", "run_1000.h5"].map((name) => [
      `--out ${name}`,
      "is a name that a part of --out run.h5 will have, which is split",
    ]),
  );
  expect(fileConflicts({ writes: [...others, row!] })).toEqual([]);
});
