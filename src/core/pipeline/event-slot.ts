/** Events on their way through a link: JSON in the place where a frame has its pixels. */
import { failure } from "../errors.js";
import type { Frame } from "../memory/frame.js";
import type { FramePool } from "../memory/frame-pool.js";
import type { RunControl } from "../memory/run-control.js";
import { pixelsAt, slotKind } from "../memory/slot-layout.js";
import type { StreamEvent } from "../model/event.js";
import { parseJson } from "../model/json.js";
import type { EndOfStream } from "../model/run-report.js";

/** The stream's last word as it travels: an event like any other. */
export type EndEvent = { readonly event: "end" } & EndOfStream;

const encoder = new TextEncoder();

export function encodeEvent(event: StreamEvent | EndEvent): Uint8Array {
  return encoder.encode(JSON.stringify(event));
}

/** What `encodeEvent` made, wherever it has been. */
export function decodeEvent(bytes: Uint8Array): StreamEvent | EndEvent {
  return parseJson(new TextDecoder().decode(bytes)) as unknown as StreamEvent | EndEvent;
}

/** The bytes of the event that a slot holds, in memory of their own. */
export function eventBytes(frame: Frame): Uint8Array {
  return frame.bytes.slice(pixelsAt, pixelsAt + frame.eventBytes);
}

/** Lends a slot and puts the event into it; undefined when the run was aborted. `label` is for complaints. */
export function lendEvent(
  label: string,
  event: StreamEvent | EndEvent,
  pool: FramePool,
  control: RunControl,
): Frame | undefined {
  return lendEncoded(label, encodeEvent(event), pool, control);
}

/** The same with what `encodeEvent` made. */
export function lendEncoded(label: string, bytes: Uint8Array, pool: FramePool, control: RunControl): Frame | undefined {
  const frame = pool.acquire(control);
  if (!frame) return undefined;
  const room = frame.bytes.subarray(pixelsAt);
  if (bytes.length > room.length) {
    pool.release(frame.slot);
    throw failure(
      "not-enough-memory",
      label,
      `an event of ${bytes.length} bytes does not fit into a slot of ${room.length}`,
    );
  }
  room.set(bytes);
  frame.kind = slotKind.event;
  frame.eventBytes = bytes.length;
  return frame;
}

/** The event a slot holds. */
export function readEvent(frame: Frame): StreamEvent | EndEvent {
  return decodeEvent(eventBytes(frame));
}
