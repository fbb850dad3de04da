/** The codes of errors that need a process of their own: another run beside it, a system that refuses, an interrupt. */
import { expect, test } from "vitest";
import { slow } from "../e2e/error-cases.js";
import { openShell } from "../e2e/shell.js";
import { codesIn } from "../e2e/told-codes.js";

test.each(Object.entries(slow))("an error is %s", { timeout: 120_000 }, async (code, { lay, env = {}, line }) => {
  const shell = openShell("code");
  lay?.(shell.folder);
  const given = Object.entries(env).map(([name, value]) => `export ${name}='${value}'`);
  const ended = await shell.run([...given, line].join("; "));
  expect(codesIn(ended.err), ended.err).toEqual([code]);
  expect([1, 2]).toContain(ended.code);
});
