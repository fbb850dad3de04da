/** What happens between frames and travels with them, in order. */
import type { JsonObject, JsonValue } from "./json.js";

export type StreamEvent =
  /** The device's own counter jumped: `count` frames never reached Mote. */
  | { readonly event: "gap"; readonly firstFrame: number; readonly count: number; readonly reason: string }
  /** A link or stage lost `count` frames from `firstFrame` on. */
  | {
      readonly event: "drop";
      readonly stage: string;
      readonly firstFrame: number;
      readonly count: number;
      readonly reason: string;
    }
  /** The device sent a frame twice; the second copy was left out. */
  | { readonly event: "duplicate"; readonly firstFrame: number; readonly count: number; readonly reason: string }
  /** The frames from here on were read from this file, which says this of itself. */
  | { readonly event: "source"; readonly file: string; readonly metadata: JsonObject }
  | { readonly event: "note"; readonly text: string; readonly [key: string]: JsonValue };
