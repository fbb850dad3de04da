/** Before the first test: chooses the seed of what the tests draw, or takes MOTE_SEED, and tells it. */
import { randomInt } from "node:crypto";
import type { TestProject } from "vitest/node";

export default function beginRun(project: TestProject): void {
  const given = process.env.MOTE_SEED;
  if (given !== undefined && !/^\d{1,9}$/.test(given))
    throw new Error(`MOTE_SEED: expected 0 to 999999999, got ${given}`);
  // Both tiers draw from one seed.
  process.env.MOTE_SEED = given ?? String(randomInt(1_000_000_000));
  if (given === undefined) console.log(`MOTE_SEED=${process.env.MOTE_SEED} repeats what this run draws\n`);
  project.provide("seed", Number(process.env.MOTE_SEED));
}
