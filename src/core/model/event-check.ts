/** Judges an event that came from outside before anything counts or stores by it. */
import type { FateEvent, StreamEvent } from "./event.js";
import { isJsonObject, type JsonObject } from "./json.js";
import { isWholeNumber } from "./range.js";

/** Frame numbers end here: a camera of a million frames a second would need nine years. Sums of a few spans stay exact. */
export const mostFrames = 2 ** 48;

const fateNames: readonly string[] = ["gap", "drop", "duplicate"] satisfies FateEvent["event"][];

/** Whether an event says what became of frames that are not in the stream. */
export function isFateEvent(event: StreamEvent): event is FateEvent {
  return fateNames.includes(event.event);
}

/** Whether frames are lost by it: a second copy of a frame is none. */
export function isLossEvent(event: StreamEvent): event is Exclude<FateEvent, { event: "duplicate" }> {
  return event.event === "gap" || event.event === "drop";
}

/** What is wrong with it, as a clause behind "the event", or undefined. Events of names that are not known pass. */
export function eventFault(event: unknown): string | undefined {
  if (!isJsonObject(event)) return "is no JSON object";
  const name = event.event;
  if (typeof name !== "string") return `has the name ${shown(name)}, expected text`;
  // The stream's last word is a message of its own kind.
  if (name === "end") return "is called end";
  if (name === "source" && typeof event.file !== "string") return "names no file";
  if (name === "note" && typeof event.text !== "string") return "has no text";
  return fateNames.includes(name) ? spanFault(event) : undefined;
}

function spanFault({ event, firstFrame, count, reason, stage }: JsonObject): string | undefined {
  const name = String(event);
  if (!isWholeNumber(firstFrame, 0, mostFrames))
    return `is a ${name} from frame ${shown(firstFrame)} on, expected 0 to ${mostFrames - 1}`;
  if (!isWholeNumber(count, 1, mostFrames))
    return `is a ${name} of ${shown(count)} frames, expected 1 to ${mostFrames}`;
  if (firstFrame + count > mostFrames) {
    return `is a ${name} of ${count} frames from frame ${firstFrame} on, frame numbers end at ${mostFrames - 1}`;
  }
  if (typeof reason !== "string") return `is a ${name} for the reason ${shown(reason)}, expected text`;
  if (event === "drop" && typeof stage !== "string") return `is a drop in stage ${shown(stage)}, expected text`;
  return undefined;
}

/** A value in a sentence, short whatever it is. */
function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? "that is missing";
  return text.length > 40 ? `${text.slice(0, 40)}…` : text;
}
