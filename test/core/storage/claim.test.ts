import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { claimName, type Outcome } from "../../../src/core/storage/claim/claim.js";
import { abandonedLock, lockOn, takeLock } from "../../../src/core/storage/claim/lock.js";
import type { Replaceable } from "../../../src/core/storage/claim/replaceable.js";
import { singleFile } from "../../../src/core/storage/claim/single-file.js";

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

test.skipIf(process.platform === "win32")("who could not read the old file cannot read the new one", () => {
  chmodSync(path, 0o600);
  replaced("complete");
  expect([statSync(path).mode & 0o777, readFileSync(path, "utf8")]).toEqual([0o600, "new"]);
});
