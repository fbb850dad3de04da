/** What processes share while they run stays as it was: a recording as stdin, a line that branches, a signal. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { openShell } from "./shell.js";

const sim = "acquire --camera sim --size 64x64 --beads 4 --seed 1";

test.each([
  ["a thread that takes no more", "mote compress --out jxl --min-free 0 < in.mote"],
  ["a cut", "mote archive --out a.h5 --min-free 0 < in.mote"],
  [
    "two interrupts",
    "mote track --diameter 11 --minmass 300 --output t.mote < in.mote & P=$!; wait-for 'the output' '[ -s t.mote ]'; kill -INT $P; kill -INT $P; wait $P",
  ],
])("a recording given as stdin has the bytes it had, after %s", async (_, line) => {
  const shell = openShell("input");
  await shell.mote(`${sim} --frames 60 --quiet --output whole.mote`);
  const before = readFileSync(join(shell.folder, "whole.mote")).subarray(0, 200_000);
  writeFileSync(join(shell.folder, "in.mote"), before);
  await shell.run(line);
  expect(readFileSync(join(shell.folder, "in.mote")).equals(before)).toBe(true);
});

test("a branch that archives takes nothing from the line it hangs on", async () => {
  const shell = openShell("tee");
  const line = `mote ${sim} --frames 40 | tee >(mote archive --quiet --out raw.ome.tif; echo $? > rc) | mote track --diameter 11 --minmass 300 --output t.mote; echo "\${PIPESTATUS[*]}"; wait-for 'the branch' '[ -s rc ]'; cat rc`;
  expect((await shell.run(line)).out).toBe("0 0 0\n0");
  const verified = await shell.mote("verify raw.ome.tif t.mote --json");
  const files = JSON.parse(verified.out).files as { frames: number }[];
  expect(files.map(({ frames }) => frames)).toEqual([40, 40]);
});

test("SIGUSR1 opens no debugger", async () => {
  const shell = openShell("usr1");
  const line = `mote ${sim} --fps 50 --output u.mote 2> err & P=$!; wait-for 'frames' '[ -s u.mote ]'; kill -USR1 $P; export S=$(($(stat -c %s u.mote) + 50000)); wait-for 'more frames' '[ $(stat -c %s u.mote) -gt $S ]'; kill -INT $P; wait $P; echo $?`;
  expect((await shell.run(line)).out).toBe("0");
  expect(readFileSync(join(shell.folder, "err"), "utf8")).not.toMatch(/debugger/i);
});
