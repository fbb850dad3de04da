/** Nothing of a user's is harmed: what a run reads, what it replaces, what another run writes, what else is in a folder. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { eachFrame } from "../core/storage/each-frame.js";
import { until } from "../until.js";
import { openShell, root, type Shell } from "./shell.js";

let shell: Shell;
beforeEach(() => {
  shell = openShell("claims");
});
afterEach(() => rmSync(shell.folder, { recursive: true, force: true }));

const camera = (frames: number) => `acquire --camera sim --size 64x64 --beads 4 --frames ${frames} --seed 3`;
const there = () => readdirSync(shell.folder).sort();
const file = (name: string) => join(shell.folder, name);

/** Runs the camera into `archive`. */
const archive = (frames: number, words: string) => shell.mote(`run ${camera(frames)} then archive ${words}`);

/** Keeps the first bytes of a recording, as a kill of its writer would. */
const cut = (name: string, to: string, bytes: number) =>
  writeFileSync(file(to), readFileSync(file(name)).subarray(0, bytes));

async function framesIn(name: string): Promise<number> {
  let frames = 0;
  for await (const _ of eachFrame(file(name))) frames++;
  return frames;
}

describe.each([".mote", ".h5", ".tif", ".ome.zarr"])("run%s", (ending) => {
  const name = `run${ending}`;

  test("is refused as output when it is the input, also through a link, and not touched", async () => {
    await archive(3, `--out ${name}`);
    symlinkSync(name, file(`link${ending}`));
    for (const out of [name, `link${ending}`]) {
      const ran = await shell.mote(`run acquire ${name} then archive --out ${out} --force`);
      expect(ran.code, ran.err).toBe(2);
      expect(ran.err).toContain("is a file that this run reads");
      expect(ran.err).toContain(name);
    }
    expect(await framesIn(name)).toBe(3);
    expect(there()).toEqual([`link${ending}`, name]);
  });

  test("is replaced when the new one is complete, and as it was when the stream is cut", async () => {
    await archive(3, `--out ${name}`);
    await shell.mote(`${camera(5)} --output five.mote`);
    cut("five.mote", "cut.mote", 30_000);
    const ended = await shell.mote(`archive --input cut.mote --out ${name} --force`);
    expect(ended.code).not.toBe(0);
    expect(await framesIn(name)).toBe(3);
    expect(ended.err).toContain(`run.partial${ending}`);
    expect(await framesIn(`run.partial${ending}`)).toBeGreaterThan(0);
    const done = await shell.mote(`archive --input five.mote --out ${name} --force`);
    expect(done.code, done.err).toBe(0);
    expect(await framesIn(name)).toBe(5);
    expect(there().filter((one) => one.startsWith(".") && !one.includes("partial"))).toEqual([]);
  });

  test("that a live run writes is refused to another, with and without --force, by its name", async () => {
    const words = `run ${camera(100_000)} --fps 50 then archive --out ${name}`.split(" ");
    const live = spawn(process.execPath, [join(root, "bin/mote.js"), ...words], { cwd: shell.folder, stdio: "ignore" });
    try {
      await until(() => existsSync(file(name)), { what: `the live run's ${name}` });
      for (const force of ["", "--force"]) {
        const ran = await archive(2, `--out ${name} ${force}`);
        expect(ran.code, ran.err).toBe(2);
        expect(ran.err).toMatch(/mote archive \(process \d+ on .* is writing it/);
      }
    } finally {
      live.kill("SIGKILL");
      await once(live, "close");
    }
    // Its lock stays, and the next one passes over it.
    expect(there()).toContain(`.${name}.lock`);
    const after = await archive(2, `--out ${name} --force`);
    expect(after.code, after.err).toBe(0);
    expect(await framesIn(name)).toBe(2);
    expect(there()).toEqual([name]);
  });
});

test("a store with somebody's files in it is not replaced, and they are named", async () => {
  await archive(3, "--out z.ome.zarr");
  mkdirSync(file("z.ome.zarr/analysis"));
  writeFileSync(file("z.ome.zarr/analysis/fit.csv"), "1,2");
  mkdirSync(file("z.ome.zarr/ledger/velocity"));
  writeFileSync(file("z.ome.zarr/ledger/velocity/zarr.json"), "{}");
  const refused = await archive(2, "--out z.ome.zarr --force");
  expect(refused.code).toBe(2);
  expect(refused.err).toContain("analysis/fit.csv, ledger/velocity/zarr.json in it are not of the store");
  expect(readFileSync(file("z.ome.zarr/analysis/fit.csv"), "utf8")).toBe("1,2");
  expect(await framesIn("z.ome.zarr")).toBe(3);
});

test("a split archive is replaced file by file once it is complete, and not when it is read", async () => {
  const split = "--split 2frames --out s.h5";
  await archive(7, split);
  expect(there()).toEqual(["s_000.h5", "s_001.h5", "s_002.h5", "s_003.h5"]);
  const own = await shell.mote(`run acquire s_*.h5 then archive ${split} --force`.split(" "));
  expect(own.code, own.err).toBe(2);
  const shorter = await archive(3, `${split} --force`);
  expect(shorter.code, shorter.err).toBe(0);
  expect(there()).toEqual(["s_000.h5", "s_001.h5"]);
  expect(await framesIn("s_000.h5")).toBe(2);
  expect((await shell.mote("inspect s_000.h5 --json")).out).not.toContain("partial");
});

test("a file that is only called like a part is not replaced with the row, and is named", async () => {
  await archive(5, "--split 2frames --out s.h5");
  for (const stray of ["s_123.h5", "s_20261101.h5"]) {
    writeFileSync(file(stray), "thesis");
    const { code, err } = await archive(3, "--split 2frames --out s.h5 --force");
    expect([code, err]).toEqual([2, expect.stringContaining(`${stray} exists already and has no part before it`)]);
    expect(readFileSync(file(stray), "utf8")).toBe("thesis");
    rmSync(file(stray));
  }
  expect(await framesIn("s_001.h5")).toBe(2);
});

test("a hidden file that no killed run left is not removed by who writes a table", async () => {
  writeFileSync(file("t.csv"), "frame,y,x\n0,1,2\n1,1,2\n");
  writeFileSync(file(".l.csv.part"), "mine");
  const { code, err } = await shell.mote("link t.csv --search-range 3 --out l.csv".split(" "));
  expect([code, existsSync(file("l.csv"))], err).toEqual([1, false]);
  expect(err).toContain(".l.csv.part");
  expect(readFileSync(file(".l.csv.part"), "utf8")).toBe("mine");
});

test("a table is not appended to itself", async () => {
  const table = "frame,y,x\n0,1,2\n1,1,2\n";
  writeFileSync(file("t.csv"), table);
  const own = await shell.run("mote link t.csv --search-range 3 >> t.csv");
  expect([own.code, own.err]).toEqual([2, expect.stringContaining("is a file that this run reads")]);
  const piped = await shell.run("mote link - --search-range 3 < t.csv >> t.csv");
  expect(piped.code, piped.err).toBe(2);
  expect(readFileSync(file("t.csv"), "utf8")).toBe(table);
});

test("--output replaces a recording when the new one is complete", async () => {
  await shell.mote(`${camera(3)} --output k.mote`);
  await shell.mote(`${camera(2)} --output two.mote`);
  cut("two.mote", "cut.mote", 3000);
  const ended = await shell.mote("track --diameter 11 --input cut.mote --output k.mote --force");
  expect(ended.code).not.toBe(0);
  expect(await framesIn("k.mote")).toBe(3);
  const done = await shell.mote("track --diameter 11 --input two.mote --output k.mote --force");
  expect(done.code, done.err).toBe(0);
  expect(await framesIn("k.mote")).toBe(2);
});

test("a picture never takes the place of what it shows", async () => {
  await shell.mote(`${camera(1)} --output k.mote`);
  await shell.mote("inspect k.mote --png 0 --png-out a.png");
  const before = readFileSync(file("a.png"));
  const ran = await shell.mote("inspect a.png --png 0 --png-out a.png --force");
  expect(ran.code, ran.err).toBe(2);
  expect(readFileSync(file("a.png")).equals(before)).toBe(true);
});

test("a socket that somebody listens on is refused and answers on; one that is dead is taken over", async () => {
  const path = file("d.sock");
  let connections = 0;
  const server = createServer((socket) => {
    connections++;
    socket.end("daemon");
  });
  await new Promise<void>((listening) => server.listen(path, listening));
  const refused = await shell.run("mote track --diameter 11 --input unix:d.sock --output t.mote");
  expect(refused.code, refused.err).toBe(2);
  expect(refused.err).toContain("another program listens there");
  expect(existsSync(path)).toBe(true);
  expect(connections).toBe(0);
  await new Promise((closed) => server.close(closed));

  const killed = spawn(
    process.execPath,
    ["-e", `require("net").createServer().listen("d.sock", () => process.kill(process.pid, "SIGKILL"))`],
    { cwd: shell.folder },
  );
  await once(killed, "close");
  expect(existsSync(path)).toBe(true);
  const ran = await shell.run(
    `mote track --diameter 11 --input unix:d.sock --output t.mote & mote ${camera(3)} --output unix:d.sock && wait $!`,
  );
  expect(ran.code, ran.err).toBe(0);
  expect(await framesIn("t.mote")).toBe(3);
  expect(there().filter((name) => name.startsWith("."))).toEqual([]);
});
