import { copyFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { openShell } from "./shell.js";

const shell = openShell("escape-codes");
const csi = "\u009b31m";
const foreign = `red\u001b[31m\u0007\u202e${csi}`;

/** Control characters but line feed and tab, in C0, C1 and DEL. */
function controls(text: string): number[] {
  return [...text]
    .map((character) => character.codePointAt(0)!)
    .filter((code) => (code < 32 && code !== 10 && code !== 9) || (code >= 127 && code < 160) || code === 0x202e);
}

beforeAll(() => {
  copyFileSync(resolve("fixtures/beads.mote"), join(shell.folder, `${foreign}.mote`));
  writeFileSync(join(shell.folder, "columns.csv"), `frame,y,x,${foreign}\n0,1.5,2.5,3\n1,a\u001b]0;title\u0007,2,3\n`);
});

test("a file's name and texts come out without anything that a terminal obeys, in results, messages and JSON", {
  timeout: 120_000,
}, async () => {
  const name = `${foreign}.mote`;
  for (const words of [
    ["inspect", name],
    ["inspect", name, "--json"],
    ["verify", name],
    ["recover", name, "--out", "copy.mote"],
    ["acquire", name, "--json", "--output", "other.mote"],
    ["inspect", `none-${name}`],
    ["verify", `none-${name}`, "--json"],
    ["inspect", "columns.csv"],
    ["inspect", "columns.csv", "--json"],
    ["verify", "columns.csv"],
    ["verify", "columns.csv", "--json"],
    ["link", "columns.csv", "--search-range", "5", "--out", "linked.csv"],
    ["archive", "--input", name, "--out", "a\nerror: mote: \u001b[31m/run.h5"],
    ["track", "--diameter", "\u001b[31m"],
    ["\u001b[31m"],
  ]) {
    const { out, err } = await shell.mote(words);
    expect(controls(out + err), words.join(" ")).toEqual([]);
    expect((out + err).length, words.join(" ")).toBeGreaterThan(0);
  }
});

test("a name with a line feed does not fake a line of a message", { timeout: 30_000 }, async () => {
  const { err } = await shell.mote(["inspect", "none\nerror: all is well.mote"]);
  expect(err).toContain("error: inspect, none\\nerror: all is well.mote: ");
});

test("JSON keeps what was in the text", { timeout: 30_000 }, async () => {
  const { out } = await shell.mote("inspect columns.csv --json");
  expect(JSON.parse(out).columns).toContain(foreign);
});
