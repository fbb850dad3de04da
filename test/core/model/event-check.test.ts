import { expect, test } from "vitest";
import { endFault } from "../../../src/core/model/end-check.js";
import { eventFault, mostFrames } from "../../../src/core/model/event-check.js";
import { eventOf, joined, type LedgerSpan, spanFault, spanOf } from "../../../src/core/model/ledger.js";

const gap = { event: "gap", firstFrame: 3, count: 2, reason: "device gap" };

test("events that can be are believed, also those that only a later Mote knows", () => {
  for (const event of [
    gap,
    { ...gap, count: 4_294_967_295 },
    { ...gap, firstFrame: mostFrames - 2 },
    { ...gap, event: "drop", stage: "track" },
    { ...gap, event: "duplicate" },
    { event: "source", file: "a.tif", metadata: {} },
    { event: "note", text: "light on" },
    { event: "stage moved", x: 1 },
  ]) {
    expect(eventFault(event), JSON.stringify(event)).toBeUndefined();
  }
});

test("an event that says the impossible is refused, and its fault names the value", () => {
  for (const [event, named] of [
    [{ ...gap, count: 0 }, "0 frames"],
    [{ ...gap, count: -5 }, "-5 frames"],
    [{ ...gap, count: 1.5 }, "1.5 frames"],
    [{ ...gap, count: null }, "null frames"],
    [{ ...gap, count: "7" }, '"7" frames'],
    [{ ...gap, count: 2 ** 53 }, "9007199254740992 frames"],
    [{ ...gap, count: mostFrames }, "end at"],
    [{ ...gap, firstFrame: -1 }, "frame -1 on"],
    [{ ...gap, firstFrame: 0.5 }, "frame 0.5 on"],
    [{ ...gap, firstFrame: undefined }, "that is missing"],
    [{ ...gap, reason: 5 }, "reason 5"],
    [{ ...gap, event: "drop" }, "that is missing"],
    [{ event: "end", isComplete: true }, "called end"],
    [{ event: "source" }, "no file"],
    [{ event: "note" }, "no text"],
    [{}, "that is missing"],
    [[], "no JSON object"],
    [null, "no JSON object"],
  ] as const) {
    expect(eventFault(event), JSON.stringify(event)).toContain(named);
  }
});

test("an end with totals that cannot be is refused", () => {
  const stage = { stage: "acquire", in: 9, out: 5, dropped: { "device gap": 4 }, failed: 0, summary: {} };
  const end = { isComplete: true, lost: 4, stages: [stage] };
  expect(endFault(end)).toBeUndefined();
  for (const wrong of [
    { ...end, lost: -1 },
    { ...end, lost: 0.5 },
    { ...end, lost: null },
    { ...end, notStored: -3 },
    { ...end, isComplete: "yes" },
    { ...end, stages: {} },
    { ...end, stages: [null] },
    { ...end, stages: [{ ...stage, out: -1 }] },
    { ...end, stages: [{ ...stage, dropped: { reason: Number.NaN } }] },
    { ...end, stages: [{ ...stage, summary: null }] },
  ]) {
    expect(endFault(wrong), JSON.stringify(wrong)).toBeTypeOf("string");
  }
});

test("a row of the ledger is an event and back, whatever its length", () => {
  for (const event of [gap, { ...gap, event: "drop", stage: "track" }, { ...gap, event: "duplicate" }] as const) {
    const span = spanOf(event as Parameters<typeof spanOf>[0])!;
    expect(spanFault(span)).toBeUndefined();
    expect(eventOf(span)).toMatchObject({ event: event.event, firstFrame: 3, count: 2 });
  }
  expect(spanOf({ event: "note", text: "" })).toBeUndefined();
  expect(eventOf({ fate: "stored", firstFrame: 0, count: 1 })).toBeUndefined();
  expect(spanFault({ fate: undefined, firstFrame: 0, count: 1 })).toContain("not known");
  expect(spanFault({ fate: "stored", firstFrame: 0, count: 2 })).toContain("2 stored");
  expect(spanFault({ fate: "gap", firstFrame: 0, count: -1 })).toContain("-1 frames");
  expect(spanFault({ fate: "drop", firstFrame: Number.NaN, count: 1 })).toContain("null");
});

test("a ledger of a row a frame becomes one of spans; frames that were stored stay rows of their own", () => {
  const row = (fate: LedgerSpan["fate"], firstFrame: number, count = 1): LedgerSpan => ({ fate, firstFrame, count });
  const rows = [row("stored", 0), row("stored", 1), row("gap", 2), row("gap", 3), row("drop", 4), row("drop", 6, 3)];
  expect([...joined([...rows, row("drop", 9)])]).toEqual([
    row("stored", 0),
    row("stored", 1),
    row("gap", 2, 2),
    row("drop", 4),
    row("drop", 6, 4),
  ]);
});
