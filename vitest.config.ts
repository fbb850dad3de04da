import { defineConfig } from "vitest/config";
import { slowTests } from "./test/tiers.js";

const all = "test/**/*.test.ts";

export default defineConfig({
  test: {
    globalSetup: "test/begin-run.ts",
    reporters: ["default", "./test/tell-left-out.ts"],
    // Generous: what a test waits for has a deadline of its own that says what it was.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    pool: "forks",
    // Whoever reads a slot that nobody holds any more reads a pattern.
    env: { MOTE_POISON_SLOTS: "1" },
    // The build runs as it stands: its modules are those of the threads and processes beside the tests.
    server: { deps: { external: [/\/dist\//] } },
    // `npx vitest run` runs both, `--project quick` one of them.
    projects: [
      // Of the quick ones many share a process: starting one and loading the modules takes longer than most of them.
      { extends: true, test: { name: "quick", include: [all], exclude: [...slowTests], isolate: false } },
      { extends: true, test: { name: "slow", include: [...slowTests] } },
    ],
  },
});
