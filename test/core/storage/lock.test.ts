import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { afterEach, beforeEach, expect, test } from "vitest";
import { MoteError } from "../../../src/core/errors.js";
import { besideName, besideTarget, growingName } from "../../../src/core/storage/claim/beside.js";
import { abandonedLock, lockOn, lockProblem, takeLock } from "../../../src/core/storage/claim/lock.js";
import { thisWriter, writerName } from "../../../src/core/storage/claim/writer.js";

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "mote-lock-"));
  path = join(folder, "run.h5");
});
afterEach(() => rmSync(folder, { recursive: true }));

function refused(work: () => unknown): MoteError {
  try {
    work();
  } catch (error) {
    if (error instanceof MoteError) return error;
    throw error;
  }
  throw new Error("was not refused");
}

/** A lock as somebody else would have left it. */
function plant(changes: Partial<ReturnType<typeof thisWriter>>): void {
  const lock = besideName(path, "lock");
  mkdirSync(lock);
  writeFileSync(join(lock, writerName({ ...thisWriter(), ...changes })), "");
}

test("a lock is refused to the second with exit code 2 and the name of the first, and given back whole", () => {
  const lock = takeLock("archive, --out run.h5", path, "archive");
  const error = refused(() => takeLock("track, --output run.h5", path, "track"));
  expect(error.exitCode).toBe(2);
  expect(error.message).toContain(`mote archive (process ${process.pid} on ${hostname()}, since `);
  expect(lockOn(path)).toMatchObject({ state: "alive" });
  expect(abandonedLock(path)).toBeUndefined();
  lock.release();
  expect(lockOn(path)).toBeUndefined();
  expect(readdirSync(folder)).toEqual([]);
  takeLock("track, --output run.h5", path, "track").release();
});

test("a lock that was left on purpose is an abandoned one, and the next takes it over", () => {
  takeLock("a", path, "archive").leave();
  expect(abandonedLock(path)?.who).toContain("mote archive");
  expect(lockProblem(path)).toBeUndefined();
  const lock = takeLock("b", path, "track");
  expect(abandonedLock(path)).toBeUndefined();
  lock.release();
  expect(readdirSync(folder)).toEqual([]);
});

test.skipIf(process.platform !== "linux")("a number that another process has by now is no writer any more", () => {
  plant({ start: "1" });
  expect(lockOn(path)?.state).toBe("gone");
  takeLock("a", path, "archive").release();
});

test("the lock of a process that was there before the machine's last start is passed over", () => {
  plant({ boot: "0123456789ab" });
  expect(lockOn(path)?.state).toBe("gone");
  takeLock("a", path, "archive").release();
});

test.each([
  ["another machine", { machine: "0123456789ab" }],
  ["another container", { namespace: "1" }],
])("the lock of %s is refused, with the command that removes it", (_, changes) => {
  plant(changes);
  const error = refused(() => takeLock("a", path, "archive"));
  expect(error.exitCode).toBe(2);
  expect(error.problems[0]!.hint).toContain(`rm -r '${besideName(path, "lock")}'`);
});

test("what is no lock of ours is never removed", () => {
  writeFileSync(besideName(path, "lock"), "somebody's");
  expect(refused(() => takeLock("a", path, "archive")).exitCode).toBe(2);
  expect(readdirSync(folder)).toEqual([".run.h5.lock"]);
  rmSync(besideName(path, "lock"));
  mkdirSync(besideName(path, "lock"));
  writeFileSync(join(besideName(path, "lock"), "notes"), "somebody's");
  expect(refused(() => takeLock("a", path, "archive")).exitCode).toBe(2);
  expect(readdirSync(besideName(path, "lock"))).toEqual(["notes"]);
});

test("a link under the lock's name is followed neither by who writes nor by who reads, and the refusal says what it is", () => {
  const other = join(folder, "other");
  mkdirSync(other);
  writeFileSync(join(other, "left"), "somebody's");
  for (const target of ["nowhere", "other", ".run.h5.lock"]) {
    symlinkSync(target, besideName(path, "lock"));
    const { exitCode, problems } = refused(() => takeLock("a", path, "archive"));
    expect(exitCode, target).toBe(2);
    expect(problems[0]?.what, target).toMatch(
      /^needs the name \S+\.run\.h5\.lock for its lock .* a symbolic link has it$/,
    );
    expect(lockProblem(path), target).toEqual({
      code: "exists-already",
      what: problems[0]?.what,
      hint: problems[0]?.hint,
    });
    expect([lockOn(path), abandonedLock(path)], target).toEqual([undefined, undefined]);
    expect(readdirSync(other), target).toEqual(["left"]);
    rmSync(besideName(path, "lock"));
  }
  expect(readdirSync(folder)).toEqual(["other"]);
});

test("a named pipe under the lock's name is refused and not waited for", () => {
  execFileSync("mkfifo", [besideName(path, "lock")]);
  expect(refused(() => takeLock("a", path, "archive")).problems[0]?.what).toMatch(/ a named pipe has it$/);
  expect(lockOn(path)).toBeUndefined();
});

test("a lock that cannot be looked into is refused as one that somebody may hold", () => {
  plant({});
  chmodSync(besideName(path, "lock"), 0);
  chmodSync(folder, 0o777);
  // Root may look into everything: for this test it becomes nobody.
  const isRoot = process.getuid?.() === 0;
  if (isRoot) process.seteuid?.(65_534);
  try {
    const { exitCode, problems } = refused(() => takeLock("a", path, "archive"));
    expect(exitCode).toBe(2);
    expect(problems[0]?.what).toMatch(/^has a lock that cannot be looked into, .*\(EACCES: permission denied/);
    expect(lockProblem(path)?.what).toBe(problems[0]?.what);
  } finally {
    if (isRoot) process.seteuid?.(0);
    chmodSync(besideName(path, "lock"), 0o700);
  }
});

test("an empty lock, as a kill in the middle of giving one back leaves it, is passed over", () => {
  mkdirSync(besideName(path, "lock"));
  takeLock("a", path, "archive").release();
  expect(readdirSync(folder)).toEqual([]);
});

test("of many processes that find the lock of a dead one, one at a time has it", { timeout: 60_000 }, async () => {
  takeLock("first", path, "archive").leave();
  const build = pathToFileURL(resolve("dist/core/storage/claim/lock.js")).href;
  const racers = Array.from({ length: 12 }, () =>
    spawn(process.execPath, [resolve("test/core/storage/lock-racer.mjs"), build, path]),
  );
  const said = racers.map((racer) => collect(racer));
  await Promise.all(racers.map((racer) => once(racer.stdout!, "data")));
  for (const racer of racers) racer.stdin!.write("go");
  expect(await Promise.all(said)).toEqual(racers.map(() => "ready alone"));
  expect(abandonedLock(path)).toBeDefined();
});

async function collect(racer: ChildProcess): Promise<string> {
  let text = "";
  racer.stdout!.on("data", (bytes) => (text += String(bytes)));
  racer.stderr!.on("data", (bytes) => (text += String(bytes)));
  await once(racer, "close");
  return text;
}

test("names beside a file stay within what a file system takes, and are told apart", () => {
  const long = `${"漢".repeat(83)}a.h5`;
  expect(Buffer.byteLength(long)).toBeLessThanOrEqual(255);
  const names = [long, long.replace("a.h5", "b.h5")].flatMap((name) => [
    besideName(name, "lock"),
    besideName(name, "partial"),
    growingName(name),
    growingName(name, 2),
  ]);
  for (const name of names) {
    expect(Buffer.byteLength(name)).toBeLessThanOrEqual(255);
    writeFileSync(join(folder, name), "");
  }
  expect(new Set(names).size).toBe(names.length);
  expect(names.filter((name) => name.includes("\ufffd"))).toEqual([]);
  takeLock("a", join(folder, long.replace("a.h5", "c.h5")), "archive").release();
});

test("a growing file keeps its extension, and a hidden name tells whose it is", () => {
  expect(growingName("a/run.h5")).toBe("a/run.partial.h5");
  expect(growingName("run.ome.tif", 2)).toBe("run.partial-2.ome.tif");
  expect(growingName("run")).toBe("run.partial");
  expect(besideName("a/run.h5", "part")).toBe("a/.run.h5.part");
  expect(besideTarget(".run.h5.part", "part")).toBe("run.h5");
  expect(besideTarget("run.h5.part", "part")).toBeUndefined();
  expect(besideTarget(".part", "part")).toBeUndefined();
});

test("a folder that was moved takes its locks along, and they still say that their writer is gone", () => {
  takeLock("a", path, "archive").leave();
  const moved = `${folder}-moved`;
  renameSync(folder, moved);
  expect(abandonedLock(join(moved, "run.h5"))).toBeDefined();
  renameSync(moved, folder);
  expect(existsSync(besideName(path, "lock"))).toBe(true);
});
