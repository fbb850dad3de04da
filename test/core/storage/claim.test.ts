import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { claimName, claimProblem, type Outcome } from "../../../src/core/storage/claim/claim.js";
import { abandonedLock, lockOn, takeLock } from "../../../src/core/storage/claim/lock.js";
import type { Replaceable } from "../../../src/core/storage/claim/replaceable.js";
import { singleFile } from "../../../src/core/storage/claim/single-file.js";
import { h5Segments } from "../../../src/core/storage/formats/h5/segment-names.js";

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "mote-claim-"));
  path = join(folder, "run.csv");
  writeFileSync(path, "old");
});
afterEach(() => rmSync(folder, { recursive: true }));

const there = () => readdirSync(folder).sort();

/** Writes a new file over the old one. */
function replaced(outcome: Outcome, kind: Replaceable = singleFile) {
  const claim = claimName({ where: "archive, --out run.csv", path, isForced: true, kind }, "archive");
  writeFileSync(claim.growing, "new");
  return claim.settle(outcome);
}

test("a name that is refused is given back: no lock stays", () => {
  expect(() => claimName({ where: "archive", path, isForced: false }, "archive")).toThrow("exists already");
  expect([lockOn(path), there()]).toEqual([undefined, ["run.csv"]]);
});

test("the mark of a file that was not closed goes when a complete one has its place, and not before", () => {
  for (const outcome of ["nothing", "kept", "cut"] as const) {
    takeLock("before", path, "archive").leave();
    replaced(outcome);
    expect([outcome, abandonedLock(path)?.state, readFileSync(path, "utf8")]).toEqual([outcome, "gone", "old"]);
  }
  replaced("complete");
  expect([abandonedLock(path), readFileSync(path, "utf8")]).toEqual([undefined, "new"]);
});

test("a complete file that cannot take the old one's place is a failure that names it, and is kept", () => {
  const stuck = {
    ...singleFile,
    replace() {
      throw new Error("EBUSY: resource busy");
    },
  };
  expect(() => replaced("complete", stuck)).toThrow("cannot take the old one's place: EBUSY");
  expect(there()).toEqual(["run.csv", "run.partial.csv"]);
  expect([readFileSync(path, "utf8"), lockOn(path)]).toEqual(["old", undefined]);
});

test("while a row of files is written, the names of its parts to come are refused to others, and free again after", () => {
  const row = join(folder, "run.h5");
  const part = (number: string) => ({ where: "b", path: join(folder, `run_${number}.h5`), isForced: false });
  const claim = claimName({ where: "a", path: row, isForced: false, kind: h5Segments }, "archive");
  const problem = claimProblem(part("002"));
  expect(problem?.what).toMatch(
    /^is a name of the row of files run\.h5, and mote archive \(process \d+ on .*\) writes it$/,
  );
  expect(() => claimName(part("002"), "archive")).toThrow(problem!.what);
  expect(there()).toEqual([".run.h5.lock", "run.csv"]);
  // No part has such a name: parts are counted with three digits, and a fourth where three do not do.
  for (const other of ["02", "0002"]) expect(claimProblem(part(other))).toBeUndefined();
  claim.giveBack();
  expect(claimProblem(part("002"))).toBeUndefined();
});

test("a single file that is replaced takes no name but its own", () => {
  const claim = claimName({ where: "a", path, isForced: true }, "archive");
  expect(claimProblem({ where: "b", path: join(folder, "run_002.csv"), isForced: false })).toBeUndefined();
  claim.giveBack();
});

test.skipIf(process.platform === "win32")("who could not read the old file cannot read the new one", () => {
  chmodSync(path, 0o600);
  replaced("complete");
  expect([statSync(path).mode & 0o777, readFileSync(path, "utf8")]).toEqual([0o600, "new"]);
});
