import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { expect, test } from "vitest";
import { inSourcePlaces } from "../../../src/core/cli/source-places.js";

const chunks = join(import.meta.dirname, "../../../dist/start/chunks");
const isBuilt = existsSync(chunks);
const needsBuild = isBuilt ? "" : " (skipped: needs npm run build)";

test.skipIf(!isBuilt)(`a place in a joined chunk is told as the one in the module it came from${needsBuild}`, () => {
  const chunk = readdirSync(chunks).find((name) => /^running-.*\.js$/.test(name))!;
  const lines = readFileSync(join(chunks, chunk), "utf8").split("\n");
  const line = lines.findIndex((text) => text.startsWith("async function runStageThread("));
  expect(line).toBeGreaterThan(0);
  const stack = `Error: x\n    at runStageThread (${pathToFileURL(join(chunks, chunk)).href}:${line + 1}:16)\n    at node:internal/x:1:2`;
  const [first, told, last] = inSourcePlaces(stack).split("\n");
  const [, url, at] = /\((.*\.js):(\d+):\d+\)$/.exec(told!)!;
  expect(url).toMatch(/\/dist\/core\/pipeline\/stage-thread\.js$/);
  expect(readFileSync(fileURLToPath(url!), "utf8").split("\n")[Number(at) - 1]).toContain("function runStageThread(");
  expect([first, last]).toEqual(["Error: x", "    at node:internal/x:1:2"]);
});

test("places elsewhere, and of chunks without a map, stay as they are", () => {
  const stack = "Error: x\n    at a (file:///nowhere/start/chunks/a.js:1:2)\n    at b (file:///b.js:3:4)";
  expect(inSourcePlaces(stack)).toBe(stack);
});
