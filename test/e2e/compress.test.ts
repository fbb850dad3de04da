/** compress in a shell: into files and back, cut and resumed, refused. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { acquire } from "../../src/commands/acquire.js";
import type { Region } from "../../src/core/imaging/region.js";
import { runSource, type TakenFrame } from "../core/run-source.js";
import { testWithLibjxl } from "../judges.js";
import { until } from "../until.js";
import { openShell, root } from "./shell.js";

async function framesOf(files: string | string[], given: { roi?: Region } = {}): Promise<readonly TakenFrame[]> {
  return (await runSource(acquire, { files, ...given })).frames;
}

test.each([
  ["uint8", "--bit-depth 8"],
  ["12 bits", "--bit-depth 12"],
  ["uint16", "--bit-depth 16"],
])("%s: pixels, numbers, times and depth come back from the files, a lost frame's gap included", async (_, depth) => {
  const shell = openShell("compress");
  const sim = `mote acquire --camera sim --size 200x120 --frames 9 --beads 5 --fault drop@4 ${depth}`;
  const made = await shell.run(`${sim} > was.mote; mote acquire was.mote | mote compress --out 'my jxl' --json`);
  expect(made.err).not.toContain("error:");
  const files = readdirSync(join(shell.folder, "my jxl"));
  expect(files.filter((name) => name.endsWith(".jxl")).length).toBe(8);
  expect(files).not.toContain("frame_000004.jxl");
  const was = await framesOf(join(shell.folder, "was.mote"));
  expect(await framesOf(join(shell.folder, "my jxl/*.jxl"))).toEqual(was);
  const roi = { x: 10, y: 20, width: 50, height: 30 };
  const cut = await framesOf(join(shell.folder, "my jxl/*.jxl"), { roi });
  expect(cut).toEqual(await framesOf(join(shell.folder, "was.mote"), { roi }));
});

test("without the journal every file still knows its frame: pixels, numbers, times and depth", async () => {
  const shell = openShell("compress");
  const { code } = await shell.run(
    `mote acquire ${join(root, "fixtures/beads.mote")} | mote compress --out jxl --verify none && rm jxl/journal.ndjson`,
  );
  expect(code).toBe(0);
  const was = await framesOf(join(root, "fixtures/beads.mote"));
  const now = await framesOf(join(shell.folder, "jxl/*.jxl"));
  expect(now).toEqual(was);
});

test("--from compresses files without a stream, and again with another effort or cjxl", async () => {
  const shell = openShell("compress");
  await shell.run("mote acquire --camera sim --size 300x120 --frames 4 --bit-depth 12 > was.mote");
  const steps = [
    "--from was.mote --out a",
    "--from a --out b --effort 3",
    "--from 'b/*.jxl' --out c --verify sample:2",
  ];
  for (const step of steps) expect(await shell.run(`mote compress ${step}`)).toMatchObject({ code: 0 });
  const was = await framesOf(join(shell.folder, "was.mote"));
  for (const folder of ["a", "b", "c"]) expect(await framesOf(join(shell.folder, `${folder}/*.jxl`))).toEqual(was);
  const journal = readFileSync(join(shell.folder, "b/journal.ndjson"), "utf8");
  expect(journal).toContain('"sourceFile":"a/frame_000003.jxl"');
  const both = await shell.run("mote run acquire was.mote then compress --from a --out d");
  expect(both.code).toBe(2);
  expect(both.err).toContain("compress, --from: takes the place of a source, and this run has one");
});

test("without the program, --encoder cjxl is refused and says where to get it", async () => {
  const shell = openShell("compress");
  await shell.run("mote acquire --camera sim --size 32x32 --frames 1 > was.mote");
  const node = process.execPath;
  const { code, err } = await shell.run(
    `PATH=/nowhere ${node} ${join(root, "bin/mote.js")} compress --from was.mote --out a --encoder cjxl`,
  );
  expect(code).toBe(2);
  expect(err).toContain("there is no program cjxl to be run\n       Install it");
});

testWithLibjxl("--encoder cjxl keeps every bit of 8 to 16 bits", async () => {
  const shell = openShell("compress");
  for (const bits of [8, 12, 16]) {
    await shell.run(`mote acquire --camera sim --size 70x50 --frames 2 --bit-depth ${bits} > was${bits}.mote`);
    const ran = await shell.run(`mote compress --from was${bits}.mote --out jxl${bits} --encoder cjxl --effort 4`);
    expect(ran).toMatchObject({ code: 0 });
    const was = await framesOf(join(shell.folder, `was${bits}.mote`));
    expect(await framesOf(join(shell.folder, `jxl${bits}/*.jxl`))).toEqual(was);
  }
});

test("a run killed at any moment goes on with --resume, and all frames are there once", async () => {
  const shell = openShell("compress");
  await shell.run("mote acquire --camera sim --size 256x256 --frames 60 > was.mote");
  for (let kill = 0; kill < 3; kill++) {
    const child = spawn(join(root, "bin/mote.js"), ["compress", "--out", "jxl", "--input", "was.mote", "--resume"], {
      cwd: shell.folder,
      stdio: "ignore",
    });
    const ended = once(child, "exit");
    // Until some frames more are stored, then at once.
    const least = stored(shell.folder) + 7;
    await until(() => stored(shell.folder) >= least || child.exitCode !== null, { what: `${least} frames` });
    child.kill("SIGKILL");
    await ended;
  }
  const before = stored(shell.folder);
  expect(before).toBeGreaterThan(0);
  const last = await shell.run("mote compress --out jxl --input was.mote --resume --json");
  expect(last.err).not.toContain("error:");
  expect(last.code).toBe(0);
  expect(stored(shell.folder)).toBe(60);
  expect(readdirSync(join(shell.folder, "jxl")).filter((name) => name.endsWith(".part"))).toEqual([]);
  expect(await framesOf(join(shell.folder, "jxl/*.jxl"))).toEqual(await framesOf(join(shell.folder, "was.mote")));
}, 240_000);

function stored(folder: string): number {
  if (!existsSync(join(folder, "jxl"))) return 0;
  return readdirSync(join(folder, "jxl")).filter((name) => name.endsWith(".jxl")).length;
}

test("a damaged file, and one that is not what the journal says, are refused by name", async () => {
  const shell = openShell("compress");
  await shell.run(`mote acquire ${join(root, "fixtures/beads.mote")} | mote compress --out jxl`);
  const file = join(shell.folder, "jxl/frame_000003.jxl");
  truncateSync(file, statSync(file).size - 50);
  const short = await shell.run("mote acquire jxl/*.jxl > /dev/null");
  expect([short.code, short.err]).toEqual([2, expect.stringContaining("journal.ndjson says")]);
  await shell.run("rm jxl/journal.ndjson");
  const damaged = await shell.run("mote acquire jxl/*.jxl > /dev/null");
  expect([damaged.code, damaged.err]).toEqual([
    2,
    expect.stringMatching(/frame_000003.jxl: byte \d+: the file ends inside a box/),
  ]);
  const bytes = readFileSync(join(shell.folder, "jxl/frame_000002.jxl"));
  bytes.fill(7, 500, 600);
  writeFileSync(file, bytes);
  const wrong = await shell.run("mote acquire jxl/*.jxl > /dev/null");
  expect([wrong.code, wrong.err]).toEqual([
    1,
    expect.stringMatching(/frame_000003\.jxl.*(cannot be decoded|checksum)/),
  ]);
  writeFileSync(file, readFileSync(join(root, "README.md")));
  const none = await shell.run("mote acquire jxl/*.jxl > /dev/null");
  expect([none.code, none.err]).toEqual([2, expect.stringContaining("this is no JPEG XL")]);
});
