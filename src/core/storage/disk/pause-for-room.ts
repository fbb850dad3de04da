/** Waits for room on a disk, and tells the user once that it does and once that it is over. */

import { type MonotonicMs, msBetween } from "../../time.js";
import { formatDuration } from "../../units.js";

/** How often the disk is looked at while waiting, milliseconds. */
const pollMs = 500;

export interface PauseContext {
  readonly clock: { now(): MonotonicMs; sleepMs(ms: number): void };
  isDraining(): boolean;
  isAborted(): boolean;
  warn(text: string): void;
  foreseeFullDisk(inSeconds: number | null): void;
}

export class PauseForRoom {
  readonly #context: PauseContext;
  #since: MonotonicMs | undefined;

  constructor(context: PauseContext) {
    this.#context = context;
  }

  /**
   * Returns true when `isThereRoom`, asked twice a second and for the first time after half a second; false when
   * the run was interrupted. Blocks this thread; the stages before it wait in their links.
   */
  wait(why: string, isThereRoom: () => boolean): boolean {
    const { clock, warn, foreseeFullDisk } = this.#context;
    if (this.#since === undefined) {
      this.#since = clock.now();
      warn(`${why} (Ctrl-C ends the run)`);
    }
    foreseeFullDisk(0);
    for (;;) {
      if (this.#context.isDraining() || this.#context.isAborted()) {
        foreseeFullDisk(null);
        warn("interrupted while waiting for room: what is not stored is lost");
        return false;
      }
      clock.sleepMs(pollMs);
      if (isThereRoom()) return true;
    }
  }

  /** What was waited for has been written. */
  over(): void {
    if (this.#since === undefined) return;
    const { clock, warn, foreseeFullDisk } = this.#context;
    warn(`there is room again, after ${formatDuration(msBetween(this.#since, clock.now()))}: going on`);
    this.#since = undefined;
    foreseeFullDisk(null);
  }
}
