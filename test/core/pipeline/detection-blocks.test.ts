import { expect, test } from "vitest";
import { blockOf, detectionBlocks } from "../../../src/core/pipeline/detection-blocks.js";

const makes = { needs: { detectionRows: 5 } };
const makesNone = { needs: {} };

test("every stage that makes detections has a block of its own, and those behind it read the nearest before them", () => {
  const blocks = detectionBlocks([makes, makesNone, makes, makesNone], (stageIndex) => stageIndex - 1);
  expect(blocks.count).toBe(2);
  expect(blocks.uses).toEqual([
    { reads: null, writes: 0 },
    { reads: 0, writes: null },
    { reads: 0, writes: 1 },
    { reads: 1, writes: null },
  ]);
  expect(blocks.uses.map(blockOf)).toEqual([0, 0, 1, 1]);
});

test("branches read what was found on their own path only", () => {
  // A source; two stages behind it that make some; a sink behind each, and one behind the source.
  const parents = [-1, 0, 0, 1, 2, 0];
  const stages = [makesNone, makes, makes, makesNone, makesNone, makesNone];
  const { uses } = detectionBlocks(stages, (stageIndex) => parents[stageIndex]!);
  expect(uses.map(blockOf)).toEqual([null, 0, 1, 0, 1, null]);
});

test("room for no rows is still a block: a frame in which nothing was found is not one that nobody looked at", () => {
  expect(detectionBlocks([{ needs: { detectionRows: 0 } }], () => -1)).toMatchObject({ count: 1 });
});
