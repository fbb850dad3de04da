/** What a process is given stays as it was: the file it reads, the pipes it shares. */
import { execFileSync, spawn } from "node:child_process";
import { closeSync, openSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { stackTrace } from "../stack-trace.mjs";
import { openShell, root } from "./shell.js";

const mote = join(root, "bin/mote.js");
const sim = "acquire --camera sim --size 64x64 --beads 4 --seed 1";
/** open(2): the flag that Linux shows in octal in /proc/PID/fdinfo. */
const nonBlocking = 0o4000;

function flagsOf(fd: number): number {
  return Number.parseInt(/flags:\s*(\d+)/.exec(readFileSync(`/proc/self/fdinfo/${fd}`, "utf8"))![1]!, 8);
}

/** A named pipe with both ends in this process, so that nothing that opens or closes it has to wait. */
function openPipe(folder: string, name: string): number {
  execFileSync("mkfifo", [join(folder, name)]);
  return openSync(join(folder, name), "r+");
}

test.each([
  ["a run", ["run", ...sim.split(" "), "--frames", "5", "then", "archive", "--out", "a.mote"]],
  ["a source", [...sim.split(" "), "--frames", "5", "--output", "b.mote"]],
  ["a run with JSON lines", ["run", "--json", ...sim.split(" "), "--frames", "5", "then", "archive", "--out", "c.tif"]],
  ["a command", ["inspect", join(root, "fixtures/beads.mote")]],
  ["help", ["track", "--help"]],
  ["a refusal", ["track", "--diameter", "four"]],
])("%s leaves the pipes that others share as blocking as they were", async (_, words) => {
  const shell = openShell("shared");
  const pipes = [openPipe(shell.folder, "in"), openPipe(shell.folder, "out")] as const;
  const before = pipes.map(flagsOf);
  const child = spawn(process.execPath, [mote, ...words], { cwd: shell.folder, stdio: [pipes[0], pipes[1], pipes[1]] });
  const ended = new Promise((resolve) => child.on("exit", resolve));
  let isOver = false;
  void ended.then(() => {
    isOver = true;
  });
  const seen = new Set<number>();
  // Node puts the flag back when it ends, so the time in between is what counts.
  while (!isOver) {
    for (const fd of pipes) seen.add(flagsOf(fd) & nonBlocking);
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect([[...seen], pipes.map(flagsOf)]).toEqual([[0], before]);
  for (const fd of pipes) closeSync(fd);
});

test("what has no place on a full disk is said, with exit code 1, and nobody listening is no fault", async () => {
  const shell = openShell("full-stdout");
  writeFileSync(join(shell.folder, "t.csv"), "frame,y,x\n0,1,1\n1,1,1\n");
  const beads = join(root, "fixtures/beads.mote");
  for (const words of [
    `verify ${beads}`,
    `inspect ${beads} --json`,
    "schema",
    "--help",
    "track --help",
    "--version",
    "link t.csv --search-range 5",
  ]) {
    const full = await shell.run(`mote ${words} > /dev/full`);
    expect([words, full.code, full.err]).toEqual([
      words,
      1,
      expect.stringMatching(/stdout.*cannot be written: ENOSPC/),
    ]);
    expect(full.err).not.toMatch(stackTrace);
    const gone = await shell.run(`mote ${words} | true`);
    expect([words, gone.code, gone.err]).toEqual([words, 0, expect.not.stringContaining("error")]);
  }
});
