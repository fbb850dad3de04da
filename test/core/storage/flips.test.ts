import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";

const root = join(import.meta.dirname, "../../..");
const isBuilt = existsSync(join(root, "dist/core/storage/verify/verification.js"));
const needsBuild = isBuilt ? "" : " (skipped: needs npm run build)";

test.skipIf(!isBuilt)(`verify notices every flip in pixels of ten${needsBuild}`, { timeout: 120_000 }, () => {
  const names = [".mote", ".h5", ".tif"];
  const words = ["bench/flips.mjs", "--flips", "10", "--seed", "7", "--formats", names.join(",")];
  const table = execFileSync(process.execPath, words, {
    cwd: root,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "ignore"],
  });
  for (const name of names) expect(table).toContain(`| \`${name}\` | 10 of 10 |`);
});
