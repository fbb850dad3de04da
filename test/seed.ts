/**
 * All randomness of the tests. What a test draws is either the same in every run (`seeded`) or the run's own (`randomOfRun`):
 * then the run's seed is told at its start and by every test that fails, and MOTE_SEED=n brings the same numbers again.
 */
import { inject, onTestFailed } from "vitest";

declare module "vitest" {
  interface ProvidedContext {
    /** The run's seed, 0 to 999999999; test/begin-run.ts chooses it. */
    seed: number;
  }
}

/** Reproducible numbers in 0 to 1 (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

/**
 * Numbers in 0 to 1 that differ from run to run. `name` sets them apart from those of other tests, so that a test draws the
 * same whichever others run. To be called inside a test, which tells the seed when it fails.
 */
export function randomOfRun(name: string): () => number {
  const seed = inject("seed");
  onTestFailed(() => console.error(`MOTE_SEED=${seed} draws the same numbers again (${name})`));
  let mixed = seed;
  for (const letter of name) mixed = Math.imul(mixed ^ letter.codePointAt(0)!, 0x01000193);
  return seeded(mixed);
}
