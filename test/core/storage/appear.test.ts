import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createFile } from "../../../src/core/storage/appear.js";

const here = import.meta.dirname;
const isBuilt = existsSync(join(here, "../../../dist/core/storage/appear.js"));
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "mote-appear-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe("a new file", () => {
  const nothing = () => undefined;

  test("is not there before its first bytes, and nothing is left when these fail", () => {
    const path = join(folder, "run.csv");
    const begin = () => {
      expect(existsSync(path)).toBe(false);
      throw new Error("no room");
    };
    expect(() => createFile(path, begin)).toThrow("no room");
    expect(readdirSync(folder)).toEqual([]);
  });

  test("does not take a name that is taken", () => {
    const path = join(folder, "run.csv");
    writeFileSync(path, "of another");
    expect(() => createFile(path, nothing)).toThrow("EEXIST");
    expect(readdirSync(folder)).toEqual(["run.csv"]);
  });
});

test.skipIf(!isBuilt)(
  `a file of every kind has its beginning whenever it is there${isBuilt ? "" : " (skipped: needs npm run build)"}`,
  { timeout: 60_000 },
  () => {
    const names = ["h5", "csv", "ndjson", "parquet", "mote", "tif", "ome.tif"].map((ending) => `run.${ending}`);
    const told = JSON.parse(
      execFileSync(process.execPath, [join(here, "appear-log.mjs"), folder, ...names], { encoding: "utf8" }),
    ) as { seen: Record<string, number>; empty: string[] };
    expect(told.empty).toEqual([]);
    for (const name of names) expect(told.seen[name]).toBeGreaterThan(0);
  },
);
