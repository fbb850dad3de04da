/** What happens between frames and travels with them, in order. */
import type { JsonObject, JsonValue } from "./json.js";

/** `count` frames from number `firstFrame` on, and what became of them. */
interface Span {
  readonly firstFrame: number;
  /** 1 at least. */
  readonly count: number;
  readonly reason: string;
  /** True when the recording that is replayed says so: it happened before this run, and no stage of this run lost them. */
  readonly isRecorded?: boolean;
}

/** What became of frames that are not in the stream. */
export type FateEvent =
  /** The device's own counter jumped: the frames never reached Mote. */
  | ({ readonly event: "gap" } & Span)
  /** A link or stage lost the frames. */
  | ({ readonly event: "drop"; readonly stage: string } & Span)
  /** The device sent the frames twice; the second copies were left out. */
  | ({ readonly event: "duplicate" } & Span);

export type StreamEvent =
  | FateEvent
  /** The frames from here on were read from this file, which says this of itself. */
  | { readonly event: "source"; readonly file: string; readonly metadata: JsonObject }
  | { readonly event: "note"; readonly text: string; readonly [key: string]: JsonValue };
