import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { OverBudget } from "../../src/core/budget.js";
import { asDamage, decoding, decodingEach } from "../../src/core/decoding.js";
import { asMoteError, failure, MoteError } from "../../src/core/errors.js";
import { damagedHint, FormatProblem } from "../../src/core/format-problem.js";
import { fileBytes } from "../../src/core/storage/files.js";
import { readJournal } from "../../src/core/storage/formats/jxl/journal.js";

const folder = mkdtempSync(join(tmpdir(), "mote-decoding-"));
afterAll(() => rmSync(folder, { recursive: true }));

test("what a parser of foreign bytes lacks a check for is damage of the file, with its cause kept", async () => {
  const missed = () => new DataView(new ArrayBuffer(2)).getUint32(0);
  const error = await decoding(missed).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(FormatProblem);
  expect((error as FormatProblem).cause).toBeInstanceOf(RangeError);
  const told = asMoteError("verify, a.tif", error)!;
  expect(told).toBeInstanceOf(MoteError);
  expect(told.exitCode).toBe(1);
  expect(told.problems).toEqual([
    {
      code: "file-damaged",
      where: "verify, a.tif",
      what: expect.stringContaining("cannot be decoded"),
      hint: damagedHint,
    },
  ]);
  expect(asDamage(4711)).toBeInstanceOf(FormatProblem);
});

test("what has words keeps them behind the wall", () => {
  const system = Object.assign(new Error("EIO: i/o error, read"), { code: "EIO", syscall: "read" });
  for (const error of [
    failure("io-failed", "x", "y"),
    new FormatProblem("file-damaged", "z", 7),
    new OverBudget("w"),
    system,
  ])
    expect(asDamage(error)).toBe(error);
});

test("a format's problem and a broken budget have words wherever they come up; a defect stays one", () => {
  expect(asMoteError("link, t", new FormatProblem("file-cut", "is cut", 12, "Copy it."))!.problems).toEqual([
    { code: "file-cut", where: "link, t: byte 12", what: "is cut", hint: "Copy it." },
  ]);
  expect(asMoteError("link, t", new OverBudget("has too many"))!.problems[0]!.what).toBe("has too many");
  expect(asMoteError("link, t", new TypeError("x is undefined"))).toBeUndefined();
});

test("the wall around pieces is not around who takes them", async () => {
  const taken: number[] = [];
  async function take() {
    for await (const piece of decodingEach(
      (function* () {
        yield 1;
        throw new TypeError("a missed check");
      })(),
    ))
      taken.push(piece);
  }
  await expect(take()).rejects.toThrow(FormatProblem);
  expect(taken).toEqual([1]);
  async function fail() {
    for await (const _ of decodingEach([1])) throw new TypeError("a defect");
  }
  await expect(fail()).rejects.toThrow(TypeError);
});

test("the bytes of a folder are counted once, whatever links are in it", () => {
  const outer = join(folder, "outer");
  mkdirSync(join(outer, "inner"), { recursive: true });
  writeFileSync(join(outer, "inner", "a"), "four");
  symlinkSync(outer, join(outer, "inner", "up"));
  symlinkSync("self", join(outer, "self"));
  symlinkSync("nowhere", join(outer, "gone"));
  symlinkSync("inner/a", join(outer, "again"));
  expect(fileBytes(outer)).toBe(8);
});

test("a journal that is a device or a folder is refused, not read", () => {
  symlinkSync("/dev/zero", join(folder, "journal.ndjson"));
  expect(() => readJournal(folder)).toThrow("got a device");
  expect(readJournal(join(folder, "outer"))).toBeUndefined();
});
