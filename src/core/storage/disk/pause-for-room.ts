/** Waits for room on a disk, and tells the user once that it does and once that it is over. */
import { formatDuration } from "../../units.js";

/** How often the disk is looked at while waiting, milliseconds. */
const pollMs = 500;

export interface PauseContext {
  readonly clock: { nowMs(): number; sleepMs(ms: number): void };
  isDraining(): boolean;
  isAborted(): boolean;
  warn(text: string): void;
  foreseeFullDisk(inSeconds: number | null): void;
}

export class PauseForRoom {
  readonly #context: PauseContext;
  #sinceMs: number | undefined;

  constructor(context: PauseContext) {
    this.#context = context;
  }

  /**
   * Returns true when `isThereRoom`, asked twice a second and for the first time after half a second; false when
   * the run was interrupted. Blocks this thread; the stages before it wait in their links.
   */
  wait(why: string, isThereRoom: () => boolean): boolean {
    const { clock, warn, foreseeFullDisk } = this.#context;
    if (this.#sinceMs === undefined) {
      this.#sinceMs = clock.nowMs();
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
    if (this.#sinceMs === undefined) return;
    const { clock, warn, foreseeFullDisk } = this.#context;
    warn(`there is room again, after ${formatDuration(clock.nowMs() - this.#sinceMs)}: going on`);
    this.#sinceMs = undefined;
    foreseeFullDisk(null);
  }
}
