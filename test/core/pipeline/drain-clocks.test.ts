/** What a drain takes of whole streams, whose clock may not be ours; time is moved by the test. */
import { expect, test } from "vitest";
import type { FrameHeader } from "../../../src/core/model/frame-header.js";
import { DrainPatience, type Upstream } from "../../../src/core/pipeline/drain-patience.js";
import { epochNs, fromMemory } from "../../../src/core/time.js";

const frameMs = 10;
const interruptedMs = 10_000;

interface Source {
  /** How far its clock is ahead of ours. */
  readonly aheadMs: number;
  /** How much slower frames come than they are exposed: 1, not at all. */
  readonly slowness: number;
  /** When it ends by its own clock's run; a camera that nobody interrupted goes on. */
  readonly endsMs: number;
}

/** After ten seconds the run that takes the frames is interrupted: when the last frame that it took was exposed, in seconds. */
function lastTaken(upstream: Upstream, { aheadMs, slowness, endsMs }: Source): number {
  let nowMs = 0;
  const epoch = (ms: number) => epochNs(1_790_000_000_000_000_000n + BigInt(Math.round(ms)) * 1_000_000n);
  const patience = new DrainPatience(upstream, {
    now: () => fromMemory(nowMs),
    nowNs: () => epoch(nowMs),
    sleepMs: () => {},
  });
  let exposedMs = 0;
  for (; nowMs < 200_000; nowMs += frameMs) {
    const hasFrame = nowMs / slowness <= endsMs;
    if (nowMs >= interruptedMs && patience.isOver(hasFrame)) break;
    if (!hasFrame) continue;
    exposedMs = nowMs / slowness;
    patience.arrived({ receivedAtNs: epoch(exposedMs + aheadMs), capturedAtNs: 0n } as unknown as FrameHeader);
    patience.waits();
  }
  return Math.round(exposedMs / 1000);
}

const hourMs = 3_600_000;
const goesOn = Number.POSITIVE_INFINITY;

test.each([
  ["as ours", 0],
  ["an hour ahead", hourMs],
  ["an hour behind", -hourMs],
])(
  "with a clock %s, what waited in slow pipes when the camera was interrupted is taken to the last frame",
  (_, aheadMs) => {
    expect(lastTaken("live", { aheadMs, slowness: 4, endsMs: interruptedMs })).toBe(10);
  },
);

test.each([
  ["as ours", 0, 16],
  ["an hour ahead", hourMs, 16],
  // A minute is what a backlog may be, and cannot be told from a clock that is behind.
  ["an hour behind", -hourMs, 76],
])("with a clock %s, a camera that nobody interrupted is left", (_, aheadMs, seconds) => {
  expect(lastTaken("live", { aheadMs, slowness: 1, endsMs: goesOn })).toBe(seconds);
});

test("a replay that goes on is left after a while, a file at once", () => {
  const replay = { aheadMs: -hourMs, slowness: 1, endsMs: goesOn };
  expect([lastTaken("waiting", replay), lastTaken("file", replay)]).toEqual([23, 10]);
});
