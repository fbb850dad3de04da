import { mkdirSync, readdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { besideName } from "../../../src/core/storage/claim/beside.js";
import { takeLock } from "../../../src/core/storage/claim/lock.js";
import { thisWriter, writerName } from "../../../src/core/storage/claim/writer.js";
import { quickFolder, recovered, verified } from "./verify-recover.js";

let folder: string;
let names = 0;
beforeAll(() => {
  folder = quickFolder("mote-verify-lock-");
});
afterAll(() => rmSync(folder, { recursive: true }));

function table(): string {
  const path = join(folder, `table${names++}.csv`);
  writeFileSync(path, "frame,y,x\n0,1.5,2.5\n1,1.5,2.5\n");
  return path;
}

/** A lock as a writer with this name left it. */
function lockOfWriter(path: string, name: string): void {
  mkdirSync(besideName(path, "lock"));
  writeFileSync(join(besideName(path, "lock"), name), "");
}

const stranger = { ...thisWriter(), machine: "0123456789ab" };
const dead = { ...thisWriter(), start: "1" };

test("a table that nobody locks is not checked for its end, and recovers without a loss that is known", async () => {
  const path = table();
  const report = await verified(path);
  expect([report.verdict, report.unchecked.map(({ aspect }) => aspect)]).toEqual(["unchecked", ["values", "end"]]);
  expect(await recovered(path, `${path}.csv`)).toMatchObject({ ending: "unknown", hasLoss: false, rows: 2 });
});

test("a table that is being written is incomplete, and says by whom", async () => {
  const path = table();
  const lock = takeLock("test", path, "archive");
  const report = await verified(path);
  lock.release();
  expect(report.verdict).toBe("incomplete");
  expect(report.findings[0]).toMatchObject({ code: "being-written", check: "completeness" });
  expect(report.findings[0]?.what).toMatch(new RegExp(`mote archive \\(process ${process.pid} on .+\\) is writing it`));
  expect((await verified(path)).verdict).toBe("unchecked");
});

test("a table whose writer died or gave up, or writes on another machine, is incomplete, and recover says so", async () => {
  for (const [name, code] of [
    [writerName(dead), "writer-died"],
    ["left", "writer-died"],
    [writerName(stranger), "writer-elsewhere"],
    ["what is this", "writer-elsewhere"],
  ] as const) {
    const path = table();
    lockOfWriter(path, name);
    const report = await verified(path);
    expect([report.verdict, report.findings.map((finding) => finding.code)]).toEqual(["incomplete", [code]]);
    const recovery = await recovered(path, `${path}.csv`);
    expect([recovery.ending, recovery.hasLoss, recovery.isLostCounted]).toEqual(["unfinished", true, false]);
    expect(recovery.rows).toBe(2);
  }
});

test("an old table that a run replaces is judged as it is: the new one grows under another name", async () => {
  const path = table();
  const lock = takeLock("test", path, "archive");
  lock.isOfAnother("file");
  expect((await verified(path)).verdict).toBe("unchecked");
  lock.release();
});

test("a link to a table that is being written tells the same; a copy that was moved elsewhere is not checked", async () => {
  const path = table();
  lockOfWriter(path, writerName(dead));
  const link = join(folder, "link.csv");
  symlinkSync(path, link);
  expect((await verified(link)).verdict).toBe("incomplete");
  const moved = join(folder, `moved-${basename(path)}`);
  renameSync(path, moved);
  expect((await verified(moved)).verdict).toBe("unchecked");
  expect(readdirSync(dirname(path))).toContain(basename(besideName(path, "lock")));
});
