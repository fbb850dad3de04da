import { expect, test } from "vitest";
import { DrainPatience, lastWordPatienceMs, type Upstream } from "../../../src/core/pipeline/drain-patience.js";
import { epochNs, fromMemory, now, toMemory } from "../../../src/core/time.js";
import { fakeDescriptor, fakeFrame, fakeGeometry } from "../fake-context.js";

const interruptedNs = 1_800_000_000_000_000_000n;
const hourMs = 3_600_000;

/** Patience after an interrupt; `past` lets what is done under it be done longer ago than anybody waits. */
function interrupted(upstream: Upstream, aheadMs = 0) {
  let agoMs = 0;
  const clock = {
    now: () => fromMemory(toMemory(now()) - agoMs),
    nowNs: () => epochNs(interruptedNs),
    sleepMs() {},
  };
  const patience = new DrainPatience(upstream, clock);
  const { header } = fakeFrame(fakeGeometry(fakeDescriptor()));
  /** A frame that was received so long after the interrupt, by a clock that may be ahead. */
  const arrives = (afterMs: number) => {
    header.receivedAtNs = epochNs(interruptedNs + BigInt((afterMs + aheadMs) * 1e6));
    patience.arrived(header);
  };
  const past = (work: () => void) => {
    agoMs = 2 * lastWordPatienceMs;
    work();
    agoMs = 0;
  };
  arrives(-10);
  return { patience, arrives, past };
}

test("a file is not waited for", () => {
  expect(interrupted("file").patience.isOver(true)).toBe(true);
});

test("the last word is waited for as long as bytes of frames come that were on their way", () => {
  const { patience, arrives, past } = interrupted("live");
  expect(patience.isOver(false)).toBe(false);
  past(() => patience.isOver(true));
  expect(patience.isOver(false)).toBe(true);
  expect(patience.isOver(true)).toBe(false);
  past(() => patience.isOver(true));
  arrives(10);
  expect(patience.isOver(false)).toBe(false);
});

test("time that the stages behind took is not the stream's", () => {
  const { patience, past } = interrupted("live");
  past(() => patience.isOver(true));
  patience.waits();
  expect(patience.isOver(false)).toBe(false);
});

test("frames that a live source makes long after the interrupt do not hold up the end", () => {
  const { patience, arrives, past } = interrupted("live");
  past(() => patience.isOver(true));
  arrives(2 * lastWordPatienceMs);
  expect(patience.isOver(true)).toBe(true);
  patience.waits();
  expect(patience.isOver(true)).toBe(true);
});

test("the stamps of another machine are judged by how far its clock was ahead before the interrupt", () => {
  const { patience, arrives, past } = interrupted("live", hourMs);
  past(() => patience.isOver(true));
  arrives(10);
  expect(patience.isOver(true)).toBe(false);
  past(() => patience.isOver(true));
  arrives(2 * lastWordPatienceMs);
  expect(patience.isOver(true)).toBe(true);
});
