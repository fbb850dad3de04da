/** A smoke of the fuzzer: a minute of mutated inputs, evenly over the pairs of command and format, from the seed of the run. */
import { execa } from "execa";
import { expect, test } from "vitest";
import { randomOfRun } from "../seed.js";

test("mutated inputs of every format end in a message, bounded, in every command that reads them", async () => {
  const seed = String(Math.floor(randomOfRun("fuzz")() * 2 ** 31));
  const words = ["test/fuzz/fuzz.mjs", "--seed", seed, "--seconds", "60"];
  const { exitCode, stdout, stderr } = await execa(process.execPath, words, { reject: false });
  console.info(`fuzz seed ${seed}`);
  expect(exitCode, `${stdout}\n${stderr}`).toBe(0);
  const [, inputs] = stdout.match(new RegExp(`^(\\d+) inputs, 0 findings of 0 kinds, seed ${seed}$`, "m")) ?? [];
  expect(Number(inputs), stdout).toBeGreaterThan(0);
  // A pair that nothing was given to was not tried.
  expect(stdout).not.toMatch(/^ +0 +\d+ +\d+ {2}/m);
}, 600_000);
