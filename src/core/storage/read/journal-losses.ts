/**
 * What the journal of a folder that has a file for each frame says of frames that have none. It is told with the file behind
 * which they are missing, or with the last one there is; so is a file that has a line and is gone.
 */
import type { ImageFile, ImageFileFacts } from "../../imaging/image-file.js";
import type { FateEvent } from "../../model/event.js";
import { isLossEvent } from "../../model/event-check.js";
import { cutRecording, type RecordedLoss } from "../../model/recorded-loss.js";

/** A journal as far as losses go. */
export interface JournalOfFrames {
  /** The stage that wrote it. */
  readonly stage: "archive" | "compress";
  /** Frames with a line, ascending. */
  readonly numbers: readonly number[];
  /** Whether the file of one of these frames is still there. */
  isThere(frame: number): boolean;
  /** What became of frames without a file, ascending by their first one. */
  readonly events: readonly FateEvent[];
  /** How the run ended, and the frames that it says were lost in all; undefined when it was cut. */
  readonly end: { readonly isComplete: boolean; readonly isCut: boolean; readonly lost: number } | undefined;
}

/** Where a file stands in the folder: nothing of other files but those that are gone lies between. */
interface Place {
  readonly frame: number;
  /** Of the last file before it that is there; -1 before the first. */
  readonly before: number;
  /** Files between, which are gone. */
  readonly gone: readonly number[];
  /** Files behind it, which are gone, when it is the last one that is there; undefined when it is not. */
  readonly goneBehind: readonly number[] | undefined;
}

/** What is to be said with the file of this frame: the losses behind the one before it and, by the last one, those at the end. */
export function lossesWith(
  journal: JournalOfFrames,
  frame: number,
): Required<Pick<ImageFile, "losses">> & { readonly facts: Pick<ImageFileFacts, "recordedLoss"> } {
  const place = placeIn(journal, frame);
  return {
    facts: place.goneBehind ? { recordedLoss: lossOf(journal) } : {},
    losses: (after) => (after < 0 ? lossesBefore(journal, place) : lossesBehind(journal, place)),
  };
}

function placeIn({ numbers, isThere }: JournalOfFrames, frame: number): Place {
  const at = firstFrom(numbers.length, (index) => numbers[index]! >= frame);
  let first = at;
  while (first > 0 && !isThere(numbers[first - 1]!)) first--;
  let next = at + 1;
  while (next < numbers.length && !isThere(numbers[next]!)) next++;
  return {
    frame,
    before: numbers[first - 1] ?? -1,
    gone: numbers.slice(first, at),
    goneBehind: next >= numbers.length ? numbers.slice(at + 1) : undefined,
  };
}

/** What the journal says of the run, told with its last frame. */
function lossOf({ end }: JournalOfFrames): RecordedLoss {
  return end ? { isCut: end.isCut, isComplete: end.isComplete, lost: null, reasons: [] } : cutRecording;
}

function lossesBefore(journal: JournalOfFrames, { before, frame, gone }: Place): FateEvent[] {
  return inOrder([...eventsWithin(journal, before, frame), ...goneEvents(journal, gone)]);
}

function* lossesBehind(journal: JournalOfFrames, { frame, goneBehind }: Place): Generator<FateEvent> {
  if (!goneBehind) return;
  let next = frame + 1;
  const behind = eventsWithin(journal, frame, Number.POSITIVE_INFINITY);
  for (const event of inOrder([...behind, ...goneEvents(journal, goneBehind)])) {
    yield event;
    next = Math.max(next, event.firstFrame + event.count);
  }
  const told = journal.events.reduce((sum, event) => sum + (isLossEvent(event) ? event.count : 0), 0);
  const missed = (journal.end?.lost ?? 0) - told;
  if (missed <= 0) return;
  // What a full disk refused comes behind the last frame that it took.
  yield dropOf(journal, next, missed, "not stored, as the journal says");
}

function* eventsWithin({ events }: JournalOfFrames, from: number, to: number): Generator<FateEvent> {
  for (let at = firstFrom(events.length, (index) => events[index]!.firstFrame >= from); at < events.length; at++) {
    const event = events[at]!;
    if (event.firstFrame > to) return;
    const position = positionOf(event);
    if (position > from && position <= to) yield event;
  }
}

/** The second copy of a frame comes behind it. */
function positionOf({ event, firstFrame }: FateEvent): number {
  return event === "duplicate" ? firstFrame + 0.5 : firstFrame;
}

function inOrder(events: FateEvent[]): FateEvent[] {
  return events.sort((a, b) => positionOf(a) - positionOf(b));
}

function goneEvents(journal: JournalOfFrames, frames: readonly number[]): FateEvent[] {
  return frames.map((frame) => dropOf(journal, frame, 1, "its file is gone"));
}

function dropOf({ stage }: JournalOfFrames, firstFrame: number, count: number, reason: string): FateEvent {
  return { event: "drop", stage, firstFrame, count, reason };
}

/** The first of so many places, in order, from which on `isFrom` holds. */
function firstFrom(places: number, isFrom: (place: number) => boolean): number {
  let [low, high] = [0, places];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (isFrom(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}
