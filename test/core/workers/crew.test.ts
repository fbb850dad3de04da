import { existsSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { threadId } from "node:worker_threads";
import { afterEach, describe, expect, test } from "vitest";
import type { Crew } from "../../../src/core/workers/crew.js";

const built = join(import.meta.dirname, "../../../dist/core/workers/crew.js");
const isBuilt = existsSync(built);
const { openCrew } = (
  isBuilt ? await import(pathToFileURL(built).href) : {}
) as typeof import("../../../src/core/workers/crew.js");
const task = await import(pathToFileURL(join(import.meta.dirname, "counting-task.mjs")).href);

const mostItems = 500;
const opened: Crew[] = [];
afterEach(async () => {
  for (const crew of opened.splice(0)) await crew.close();
});

async function hire(members: number, behaviour: object = {}) {
  const seen = new Int32Array(new SharedArrayBuffer(mostItems * 4));
  const who = new Int32Array(new SharedArrayBuffer(mostItems * 4));
  const started = new Int32Array(new SharedArrayBuffer(4));
  const warnings: string[] = [];
  const crew = await openCrew({
    name: "counters",
    task,
    setup: { seen, who, started, caller: threadId, ...behaviour },
    members,
    mostItems,
    warn: (text) => warnings.push(text),
  });
  opened.push(crew);
  return { crew, seen, who, started, warnings };
}

/** Waits until the threads have loaded the work, so that they take part from the first item on. */
function gathered(started: Int32Array, threads: number): void {
  while (Atomics.load(started, 0) < threads) Atomics.wait(started, 0, Atomics.load(started, 0), 50);
}

describe.skipIf(!isBuilt)(`a crew${isBuilt ? "" : " (skipped: needs npm run build)"}`, () => {
  for (const members of [1, 2, 5]) {
    test(`of ${members} does every item of every job once`, async () => {
      const { crew, seen, started, warnings } = await hire(members);
      gathered(started, members - 1);
      let wrong = 0;
      for (let round = 1; round <= 300; round++) {
        const count = (round * 37) % mostItems;
        await crew.run(count, round);
        // Items of the job have this round's number once, those beyond it nothing.
        for (let item = 0; item < mostItems; item++) if (seen[item] !== (item < count ? round : 0)) wrong++;
        seen.fill(0);
      }
      expect(wrong).toBe(0);
      await crew.close();
      expect(warnings).toEqual([]);
    });
  }

  test("shares the items among its threads, the caller's included", async () => {
    const { crew, who, started } = await hire(3, { slowMs: 1 });
    gathered(started, 2);
    await crew.run(60, 1);
    const threads = new Set(who.subarray(0, 60));
    expect(threads.size).toBe(3);
    expect(threads.has(threadId)).toBe(true);
  });

  test("throws what an item threw, whoever did it, and goes on with the next job", async () => {
    const { crew, seen, started } = await hire(2, { throwAt: 7, slowMs: 1 });
    gathered(started, 1);
    await expect(crew.run(20, 1)).rejects.toThrow("item 7 cannot be done: ü");
    expect([...seen.subarray(0, 20)]).toEqual(new Array(20).fill(1));
    await crew.run(5, 1);
    await expect(crew.run(8, 1)).rejects.toThrow("item 7");
  });

  for (const exitCode of [0, 7]) {
    test(`does the work of a thread that ends with code ${exitCode} in the middle of an item`, async () => {
      const { crew, seen, started, warnings } = await hire(3, { exitAt: 4, exitCode, slowMs: 2 });
      gathered(started, 2);
      await crew.run(50, 1);
      expect([...seen.subarray(0, 50)]).toEqual(new Array(50).fill(1));
      await crew.run(50, 1);
      expect([...seen.subarray(0, 50)]).toEqual(new Array(50).fill(2));
      await crew.close();
      const how = exitCode === 0 ? "it ended by itself" : "it ended with code 7";
      expect(warnings).toEqual(new Array(2).fill(`a thread of counters died (${how}); the others do its work`));
    });
  }

  test("whose threads cannot start works alone, and says so", async () => {
    const { crew, seen, warnings } = await hire(3, { dieAtStart: true });
    await crew.run(50, 1);
    expect([...seen.subarray(0, 50)]).toEqual(new Array(50).fill(1));
    await crew.close();
    expect(warnings).toEqual(new Array(2).fill("a thread of counters died (no such module); the others do its work"));
  });

  test("that is closed while its threads are still starting ends", async () => {
    const { crew } = await hire(4);
    await crew.close();
  });
});
