/** Every code of an error is one that a command ends with, and none other comes. */
import { expect, test } from "vitest";
import { errorCodes } from "../../src/core/error-codes.js";
import { quick, slow } from "./error-cases.js";
import { openShell } from "./shell.js";
import { codesIn } from "./told-codes.js";

const codes = Object.values(errorCodes).flatMap((group) => Object.keys(group));

test("each code is listed once, and has a command line that ends with it", () => {
  expect(codes).toEqual([...new Set(codes)]);
  expect([...Object.keys(quick), ...Object.keys(slow)].sort()).toEqual([...codes].sort());
});

test.each(Object.entries(quick))("an error is %s", async (code, { lay, before = [], line }) => {
  const shell = openShell("code");
  lay?.(shell.folder);
  for (const first of before) expect((await shell.mote(first.split(" "))).code).toBe(0);
  const ended = await shell.mote(line.split(" "));
  expect(codesIn(ended.err), ended.err).toEqual([code]);
  expect([1, 2]).toContain(ended.code);
});
