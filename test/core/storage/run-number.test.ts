import { execFile } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterEach, beforeEach, expect, test } from "vitest";
import { runFileName } from "../../../src/core/storage/root/run-file-name.js";
import { isKind, runOf } from "../../../src/core/storage/root/run-names.js";
import { claimRun, localDay } from "../../../src/core/storage/root/run-number.js";
import { epochNs } from "../../../src/core/time.js";

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "mote root é\n-"));
});
afterEach(() => rmSync(root, { recursive: true }));

const day = "2026-11-20";

test("the next number is above every number of the day, whatever the kind of file", () => {
  const folder = join(root, day);
  expect(claimRun("archive", root, day)).toMatchObject({ folder, run: 1 });
  for (const name of ["tracks_run_003.csv", "run_007_frame_000012.jxl", "run_9.ome.zarr", "run_x.tif", "trun_99.tif"]) {
    writeFileSync(join(folder, name), "");
  }
  expect(claimRun("archive", root, day).run).toBe(10);
  expect(claimRun("archive", root, "2026-11-21").run).toBe(1);
});

test("a claim that is given back without a file leaves its number free, one of a killed run does not", () => {
  const first = claimRun("archive", root, day);
  first.release();
  first.release();
  expect(claimRun("archive", root, day).run).toBe(1);
  expect(claimRun("archive", root, day).run).toBe(2);
});

test("numbers beyond three digits are written in full, and read", () => {
  mkdirSync(join(root, day));
  writeFileSync(join(root, day, "run_0999.tif"), "");
  expect(claimRun("archive", root, day).run).toBe(1000);
  expect(runFileName("archive", ".h5", 1000)).toBe("tracking_run_1000.h5");
  expect([".run_012.claim", "run_012_frame_000001.tiff", "run.tif", "overrun_3.tif"].map(runOf)).toEqual([
    12,
    12,
    undefined,
    undefined,
  ]);
});

test("a kind is an extension alone", () => {
  expect([".h5", ".ome.tif", "a.h5", "dir/.h5", "h5"].map(isKind)).toEqual([true, true, false, false, false]);
});

test("a root that cannot be written to is told with its reason", () => {
  writeFileSync(join(root, day), "");
  expect(() => claimRun("archive", root, day)).toThrow(/no run can be begun in .*2026-11-20: E/s);
});

const build = join(import.meta.dirname, "../../../dist/core/storage/root/run-number.js");

test.skipIf(!existsSync(build))(
  "many processes that begin together get a number each",
  { timeout: 60_000 },
  async () => {
    // Each takes ten numbers, leaves a file for most and gives its claim back, as a run does that ends at once.
    const script = `import { writeFileSync } from "node:fs";
import { claimRun } from ${JSON.stringify(build)};
const [root, who] = process.argv.slice(1);
for (let i = 0; i < 10; i++) {
  const { folder, run, release } = claimRun("archive", root, "${day}");
  writeFileSync(folder + "/run_" + String(run).padStart(3, "0") + ".tif", who, { flag: "wx" });
  release();
}`;
    const run = promisify(execFile);
    await Promise.all(
      Array.from({ length: 12 }, (_, who) =>
        run(process.execPath, ["--input-type=module", "-e", script, root, String(who)]),
      ),
    );
    const names = readdirSync(join(root, day)).sort();
    expect(names.length).toBe(120);
    expect(names.map(runOf)).toEqual(Array.from({ length: 120 }, (_, at) => at + 1));
  },
);

test("a day is the computer's own, not UTC's", () => {
  const zone = process.env.TZ;
  try {
    const moment = epochNs(BigInt(Date.UTC(2026, 10, 20, 23, 30)) * 1_000_000n);
    process.env.TZ = "Asia/Tokyo";
    expect(localDay(moment)).toBe("2026-11-21");
    process.env.TZ = "America/New_York";
    expect(localDay(moment)).toBe("2026-11-20");
  } finally {
    if (zone === undefined) delete process.env.TZ;
    else process.env.TZ = zone;
  }
});
