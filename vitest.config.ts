import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    globalSetup: "test/begin-run.ts",
    // Generous: what a test waits for has a deadline of its own that says what it was.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    pool: "forks",
  },
});
