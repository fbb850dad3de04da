/** A frame stream into a file whose disk fills or fails: the run ends in order, and the file is whole up to its last frame. */
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { execa } from "execa";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { formatCount } from "../../src/core/units.js";
import { faultsIn, faultyEnvironment } from "../faulty-files.js";
import { canMountSmallDisk } from "../judges.js";
import { environment, openShell, type Shell } from "./shell.js";

vi.setConfig({ testTimeout: 60_000 });

let shell: Shell;
beforeEach(() => {
  shell = openShell("output");
});
afterEach(() => rmSync(shell.folder, { recursive: true }));

interface Inspected {
  readonly frames: number;
  readonly fault: string | null;
  readonly end: { readonly notStored?: number; readonly lost: number; readonly isComplete: boolean } | null;
}

async function inspected(file: string): Promise<Inspected> {
  return JSON.parse((await shell.mote(`inspect ${file} --json`)).out) as Inspected;
}

/** Frames stored and lost, by the messages of `mote ... --output`. */
function told(err: string): { stored: number; lost: number; why: string } {
  const stored = /; the run ends at frame \d+, (\d+) frames written/.exec(err)?.[1];
  const [, lost, why] = /stream-out: (\d+) frames? lost \(([^)]*)\)/.exec(err) ?? [];
  return { stored: Number(stored), lost: Number(lost), why: why ?? "" };
}

for (const [error, why, times] of [
  ["ENOSPC", "disk full", 1],
  ["EIO", "writing failed", 1],
] as const) {
  test(`${error} at a frame ends the run with exit code 3, and every frame is stored or counted`, async () => {
    const log = join(shell.folder, "faults.log");
    const rule = { call: "write", path: "run.mote", from: 10, times, error, short: 5000 } as const;
    const ran = await execa("mote", "acquire --camera sim --frames 40 --size 64x64 --output run.mote".split(" "), {
      cwd: shell.folder,
      env: { ...environment, ...faultyEnvironment([rule], log) },
      reject: false,
    });
    expect(faultsIn(log).length).toBeGreaterThan(0);
    expect(ran.exitCode).toBe(3);
    const { stored, lost, why: reason } = told(String(ran.stderr));
    expect(reason).toBe(why);
    expect(String(ran.stderr)).toContain(`--output run.mote: cannot be written at byte`);
    const { frames, fault, end } = await inspected("run.mote");
    expect({ frames, fault }).toEqual({ frames: stored, fault: null });
    expect(end).toMatchObject({ notStored: lost, lost, isComplete: false });
    const verified = await shell.mote("verify run.mote");
    expect(verified.code).toBe(3);
    expect(verified.out).toContain(`${formatCount(lost, "frame")} lost while recording`);
  });
}

test("a disk that takes nothing more, not even the end, leaves a stream cut after its last whole frame", async () => {
  const rule = { call: "write", path: "run.mote", from: 10, error: "ENOSPC", short: 5000 } as const;
  const ran = await execa("mote", "acquire --camera sim --frames 40 --size 64x64 --output run.mote".split(" "), {
    cwd: shell.folder,
    env: { ...environment, ...faultyEnvironment([rule]) },
    reject: false,
  });
  expect(ran.exitCode).toBe(3);
  expect(String(ran.stderr)).toContain("the file is not closed in order");
  expect(await inspected("run.mote")).toMatchObject({ frames: told(String(ran.stderr)).stored, end: null });
});

test.skipIf(!canMountSmallDisk)(
  "a full disk behind --output, and behind a redirected stdout, keeps whole frames",
  async () => {
    const disk = join(shell.folder, "disk");
    mkdirSync(disk);
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=1m", "tmpfs", disk]);
    try {
      const source = "mote acquire --camera sim --frames 400 --size 128x128";
      for (const way of ["--output", ">"]) {
        const ran = await shell.run(`${source} | mote track --diameter 11 ${way} disk/run.mote`);
        expect(ran.code).toBe(3);
        const { stored, why } = told(ran.err);
        expect(why).toBe("disk full");
        expect(stored).toBeGreaterThan(10);
        expect(await inspected("disk/run.mote")).toMatchObject({ frames: stored, fault: null });
        rmSync(join(disk, "run.mote"));
      }
    } finally {
      execFileSync("umount", [disk]);
    }
  },
);

test("what shares a redirected stdout stands before and behind the stream", async () => {
  const line =
    "(printf before; mote acquire --camera sim --frames 2 --size 8x8; printf after) > all && mote acquire --camera sim --frames 2 --size 8x8 >> all";
  expect((await shell.run(line)).code).toBe(0);
  const text = readFileSync(join(shell.folder, "all")).toString("latin1");
  expect(text.startsWith("before\x89MOTE")).toBe(true);
  expect(text.split("after\x89MOTE").length).toBe(2);
});
