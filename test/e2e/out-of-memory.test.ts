import { readdirSync } from "node:fs";
import { beforeAll, expect, test } from "vitest";
import { openShell, root } from "./shell.js";

/** Kilobytes of address space: enough for Node and a thread, for a run's memory, for that and its threads. */
const limits = { thread: 1_000_000, memory: 4_000_000, library: 14_000_000 };

const { run, folder } = openShell("out-of-memory");

/** What a command line says under a limit on the address space, which Linux alone keeps to. */
const limited = (kilobytes: number, line: string) => run(`ulimit -v ${kilobytes}; mote ${line}`);

const onLinux = test.skipIf(process.platform !== "linux");

beforeAll(async () => {
  await run("mote acquire --camera sim --frames 3 | mote archive --out good.h5");
  await run("mote acquire --camera sim --frames 3 | mote compress --out jxl");
});

onLinux("a run without room for its memory says so in one sentence, with what to do", async () => {
  const { code, err } = await limited(limits.memory, "acquire --camera sim --frames 3 > frames.mote");
  expect(err.split("\n")).toEqual([
    "error: acquire: not enough memory (WebAssembly.Memory(): could not allocate memory)",
    expect.stringMatching(/^ {7}Lift the limit on address space .* close other programs, or give fewer workers\.$/),
  ]);
  expect(code).toBe(1);
});

onLinux("a thread without room ends no process: what it would take and what is left are told", async () => {
  const { code, err } = await limited(limits.thread, `verify ${root}/fixtures/beads.mote`);
  expect(err).toMatch(
    /^error: verify: not enough memory \(a thread takes 700 MB of address space, and \d+ k?M?B are left\)/,
  );
  expect(code).toBe(1);
});

onLinux("a file is not called damaged where the library that reads it has no room", async () => {
  for (const line of ["verify good.h5", "inspect good.h5", "recover good.h5", "verify jxl", "recover jxl"]) {
    const { code, err, out } = await limited(limits.memory, line);
    expect(err, line).toMatch(/^error: \S+, (good.h5|jxl): not enough memory \(/);
    expect({ code, out }, line).toEqual({ code: 1, out: "" });
  }
});

onLinux("a stage whose library has no room fails in order and leaves no file", async () => {
  for (const sink of ["archive --out run.h5", "compress --out run"]) {
    const { code, err } = await limited(limits.library, `run acquire --camera sim --frames 3 then ${sink}`);
    expect(err, sink).toMatch(/^error: (archive|compress): not enough memory \(/);
    expect(err.split("\n"), sink).toHaveLength(2);
    expect(code, sink).toBe(1);
  }
  expect(readdirSync(folder).filter((name) => name.includes("run.h5"))).toEqual([]);
});
