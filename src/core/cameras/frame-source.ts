/** What a camera is given and what it gives: the parts of a source stage's contract that cameras need, by structure. */
import type { Frame } from "../memory/frame.js";
import type { StreamEvent } from "../model/event.js";
import type { JsonObject } from "../model/json.js";
import type { EpochNs, MonotonicMs } from "../time.js";

export interface CameraClock {
  /** Nanoseconds since the Unix epoch, UTC. */
  nowNs(): EpochNs;
  /** The monotonic clock. */
  now(): MonotonicMs;
  /** Sleeps this thread; returns early when the run drains or aborts. */
  sleepMs(ms: number): void;
}

export interface CameraContext<Data = unknown> {
  /** What the camera's connection has for its thread; undefined without one. */
  readonly connection: Data;
  readonly memory: WebAssembly.Memory;
  /** Byte offset of the scratch that the camera asked for. */
  readonly scratchOffset: number;
  readonly clock: CameraClock;
  isDraining(): boolean;
  emit(event: StreamEvent): void;
  /** Counts frames as lost that no event tells of. */
  countLost(frames: number, reason: string, of: "in"): void;
  /** A sentence for the user that does not end the run. */
  warn(text: string): void;
}

export type SourceOutcome = "frame" | "end" | "stopped";

export interface FrameSource {
  /** Fills the frame and returns "frame"; "end" when there are no more, "stopped" when the run drains. */
  next(frame: Frame): SourceOutcome | Promise<SourceOutcome>;
  /** False when what it read says itself that it is not all there was; absent: it always is. */
  isComplete?(): boolean;
  summary(): JsonObject;
  close(failed: boolean): void;
}
