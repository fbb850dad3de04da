/**
 * How long a stage that relays another process' stream waits for its last word after the first interrupt. As long as
 * frames move that were on their way already; a process before us that was not interrupted goes on for ever, and is left
 * after a while. Knows no descriptor and no thread.
 */
import type { FrameHeader } from "../model/frame-header.js";
import { type EpochNs, epochMsBetween, type MonotonicMs, msBetween } from "../time.js";
import type { Clock } from "./stage.js";

/** The process before us is expected to end its stream within this time, frames in flight aside. */
export const lastWordPatienceMs = 3000;
/** A source that waits has only so much in flight as fits into memory and pipes, and loses nothing when it is left. */
const replayPatienceMs = 10_000;
/** Frames that are older than this when they come, every one of them, were stamped by a clock that is behind ours. */
const mostBacklogMs = 60_000;

/** `live`: frames that are not taken are lost; `waiting`: the source holds what is not taken; `file`: nothing is in flight. */
export type Upstream = "live" | "waiting" | "file";

export class DrainPatience {
  readonly #upstream: Upstream;
  readonly #clock: Clock;
  /** Age of the youngest frame that came, milliseconds by our clock: below 0 where the stamps are of a clock that is ahead. */
  #leastAgeMs = Number.POSITIVE_INFINITY;
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
    return msBetween(this.#movedAt!, this.#clock.now()) > lastWordPatienceMs;
  }

  /** A whole frame came. */
  arrived(header: FrameHeader): void {
    if (!this.#interrupted) {
      this.#leastAgeMs = Math.min(this.#leastAgeMs, epochMsBetween(stampOf(header), this.#clock.nowNs()));
      return;
    }
    this.#movesInFlight =
      this.#upstream === "live"
        ? epochMsBetween(this.#interrupted.atNs, stampOf(header)) + this.#behindMs <= lastWordPatienceMs
        : msBetween(this.#interrupted.at, this.#clock.now()) <= replayPatienceMs;
    if (this.#movesInFlight) this.#movedAt = this.#clock.now();
  }

  /** How far the clock of the stream's stamps is behind ours, milliseconds, as far as that cannot be a backlog; below 0: ahead. */
  get #behindMs(): number {
    const ageMs = this.#leastAgeMs;
    return ageMs < 0 ? ageMs : Number.isFinite(ageMs) ? Math.max(0, ageMs - mostBacklogMs) : 0;
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
