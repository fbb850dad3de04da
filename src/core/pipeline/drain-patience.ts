/**
 * How long a stage that relays another process' stream waits for its last word after the first interrupt. As long as
 * frames move that were on their way already; a process before us that was not interrupted goes on for ever, and is left
 * after a while. Knows no descriptor and no thread.
 */
import type { FrameHeader } from "../model/frame-header.js";
import { type EpochNs, epochMsBetween, type MonotonicMs, msSince } from "../time.js";
import type { Clock } from "./stage.js";

/** The process before us is expected to end its stream within this time, frames in flight aside. */
export const lastWordPatienceMs = 3000;
/** A source that waits has only so much in flight as fits into memory and pipes, and loses nothing when it is left. */
const replayPatienceMs = 10_000;

/** `live`: frames that are not taken are lost; `waiting`: the source holds what is not taken; `file`: nothing is in flight. */
export type Upstream = "live" | "waiting" | "file";

export class DrainPatience {
  readonly #upstream: Upstream;
  readonly #clock: Clock;
  /** How far the stream's stamps run ahead of our clock, milliseconds: another machine's may. */
  #aheadMs: number | undefined;
  #interrupted: { readonly at: MonotonicMs; readonly atNs: EpochNs } | undefined;
  #movedAt: MonotonicMs | undefined;
  #movesInFlight = true;

  constructor(upstream: Upstream, clock: Clock) {
    this.#upstream = upstream;
    this.#clock = clock;
  }

  /** The run drains; true when what has not come by now is not waited for. Each byte counts as a move: `hasMoved`. */
  isOver(hasMoved: boolean): boolean {
    if (this.#upstream === "file") return true;
    if (!this.#interrupted) {
      this.#interrupted = { at: this.#clock.now(), atNs: this.#clock.nowNs() };
      this.#movedAt = this.#interrupted.at;
    } else if (hasMoved && this.#movesInFlight) this.#movedAt = this.#clock.now();
    return msSince(this.#movedAt!) > lastWordPatienceMs;
  }

  /** A whole frame came. */
  arrived(header: FrameHeader): void {
    if (!this.#interrupted) {
      this.#aheadMs ??= Math.max(0, epochMsBetween(this.#clock.nowNs(), stampOf(header)));
      return;
    }
    this.#movesInFlight =
      this.#upstream === "live"
        ? epochMsBetween(this.#interrupted.atNs, stampOf(header)) - (this.#aheadMs ?? 0) <= lastWordPatienceMs
        : msSince(this.#interrupted.at) <= replayPatienceMs;
    if (this.#movesInFlight) this.#movedAt = this.#clock.now();
  }

  /** The next frame is waited for from now on: what went by since the last one was the stages' behind us. */
  waits(): void {
    if (this.#movesInFlight && this.#interrupted) this.#movedAt = this.#clock.now();
  }
}

function stampOf(header: FrameHeader): EpochNs {
  const received = header.receivedAtNs;
  return received > 0n ? received : header.capturedAtNs;
}
