/** The ledger of a run: what its ends tell, side by side. */
import { expect, test } from "vitest";
import { FateRecord, type FateSpan, ledgerRows } from "../../../src/core/model/fate-record.js";

function record(...told: readonly (readonly [first: number, count: number, fate: string])[]): readonly FateSpan[] {
  const kept = new FateRecord();
  for (const one of told) kept.add(...one);
  return kept.spans;
}

function rows(...records: readonly (readonly FateSpan[])[]): readonly string[] {
  return [...ledgerRows(records)].map(({ firstFrame, count, fates }) => [firstFrame, count, ...fates].join(" "));
}

test("frames of one fate that follow one another are one span", () => {
  const spans = record(
    [0, 1, "delivered"],
    [1, 1, "delivered"],
    [2, 3, "lost"],
    [5, 1, "delivered"],
    [7, 1, "delivered"],
  );
  expect(spans.map(({ firstFrame, count, fate }) => [firstFrame, count, fate])).toEqual([
    [0, 2, "delivered"],
    [2, 3, "lost"],
    [5, 1, "delivered"],
    [7, 1, "delivered"],
  ]);
});

test("a frame that was delivered anywhere has a row of its own, a run of frames that nobody has is one row", () => {
  const a = record([0, 3, "delivered"], [3, 1000, "gap"], [1003, 1, "delivered"]);
  const b = record([0, 1, "delivered"], [1, 2, "full"], [3, 1000, "gap"], [1003, 1, "failed"]);
  expect(rows(a, b)).toEqual([
    "0 1 delivered delivered",
    "1 1 delivered full",
    "2 1 delivered full",
    "3 1000 gap gap",
    "1003 1 delivered failed",
  ]);
});

test("a frame of which one end says nothing has no fate there, and what was told late stands in its place", () => {
  expect(rows(record([5, 1, "delivered"], [0, 2, "gap"]), record([0, 1, "gap"]))).toEqual([
    "0 1 gap gap",
    "1 1 gap ",
    "5 1 delivered ",
  ]);
});

test("a run without frames has no rows", () => {
  expect([rows(), rows(record())]).toEqual([[], []]);
});
