/**
 * The ledger of an archive: a row for every frame that was stored, and one for every run of frames that is not there, however
 * long it is; a reader also takes a row for each frame that is not there.
 */
import type { FateEvent, StreamEvent } from "./event.js";
import { eventFault, isFateEvent } from "./event-check.js";

/** What became of frames; the position is the code in a table. */
export const fates = ["stored", "gap", "drop", "duplicate", "image not stored"] as const;
export type Fate = (typeof fates)[number];

/** `count` frames from number `firstFrame` on, of one fate. */
export interface LedgerSpan {
  readonly fate: Fate;
  readonly firstFrame: number;
  readonly count: number;
}

/** The row that an event makes; undefined for events that say nothing of frames. */
export function spanOf(event: StreamEvent): LedgerSpan | undefined {
  return isFateEvent(event) ? { fate: event.event, firstFrame: event.firstFrame, count: event.count } : undefined;
}

/** What is wrong with a row that was read, as a clause behind "the row"; undefined when it can be believed. */
export function spanFault(span: {
  readonly fate: Fate | undefined;
  readonly firstFrame: number;
  readonly count: number;
}) {
  if (span.fate === undefined) return "has a fate that is not known";
  const { firstFrame, count } = span;
  if (span.fate === "stored" && count !== 1) return `is of ${count} stored frames, expected 1`;
  return eventFault({ event: "gap", firstFrame, count, reason: "" })?.replace(/^is a gap/, "is");
}

/** The event that a row tells of, from a ledger that keeps no reasons; undefined for a frame that was stored. */
export function eventOf({ fate, firstFrame, count }: LedgerSpan): FateEvent | undefined {
  const span = { firstFrame, count, reason: "as the ledger says" };
  if (fate === "gap" || fate === "duplicate") return { event: fate, ...span };
  if (fate === "drop") return { event: "drop", stage: "archive", ...span };
  if (fate === "image not stored") return { event: "drop", stage: "archive", ...span, reason: fate };
  return undefined;
}

/** Rows of one fate that go on where the one before ended, put together: a ledger of a row a frame becomes one of spans. */
export function* joined<Span extends LedgerSpan>(rows: Iterable<Span>): Generator<Span> {
  let held: Span | undefined;
  for (const row of rows) {
    const isNext = held && held.fate === row.fate && held.firstFrame + held.count === row.firstFrame;
    if (held && isNext && row.fate !== "stored") held = { ...held, count: held.count + row.count };
    else {
      if (held) yield held;
      held = row;
    }
  }
  if (held) yield held;
}
