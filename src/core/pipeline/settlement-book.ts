/** What the keepers of a run's frames say, put into one word a frame for the source. */
import { extendRun } from "../model/frame-run.js";
import type { SettledFate, Settlement, SettlementReport } from "../model/settlement.js";

export class SettlementBook {
  readonly #keepers: number;
  /** Of each frame of which the last word is not said: how many keepers have it on the disk. */
  readonly #open = new Map<number, number>();
  #settled: { firstFrame: number; count: number; readonly fate: SettledFate; readonly reason: string }[] = [];
  readonly #counts = { stored: 0, lost: 0, failed: 0 };

  constructor(keepers: number) {
    this.#keepers = keepers;
  }

  get counts(): SettlementReport {
    return { ...this.#counts };
  }

  get openFrames(): number {
    return this.#open.size;
  }

  /** The source hands this frame out. */
  came(frameNumber: number): void {
    if (!this.#open.has(frameNumber)) this.#open.set(frameNumber, 0);
  }

  /** A keeper's word; of frames that never came, or of which the last word is said, it is nothing new. */
  heard({ firstFrame, count, fate, reason }: Settlement): void {
    // A span may be as long as a file claims; what is open is not.
    if (count > this.#open.size) {
      for (const number of [...this.#open.keys()]) {
        if (number >= firstFrame && number < firstFrame + count) this.#hear(number, fate, reason);
      }
    } else for (let number = firstFrame; number < firstFrame + count; number++) this.#hear(number, fate, reason);
  }

  /** Nobody will say more: what is open is not known to be on the disk. */
  end(reason: string): void {
    for (const number of [...this.#open.keys()]) this.#settle(number, "failed", reason);
  }

  /** What was settled since, in the order in which it was. */
  take(): readonly Settlement[] {
    const settled = this.#settled;
    this.#settled = [];
    return settled;
  }

  #hear(number: number, fate: SettledFate, reason: string): void {
    const stored = this.#open.get(number);
    if (stored === undefined) return;
    if (fate !== "stored") this.#settle(number, fate, reason);
    else if (stored + 1 === this.#keepers) this.#settle(number, "stored", "");
    else this.#open.set(number, stored + 1);
  }

  #settle(number: number, fate: SettledFate, reason: string): void {
    this.#open.delete(number);
    this.#counts[fate]++;
    const last = this.#settled.at(-1);
    if (last?.fate === fate && last.reason === reason && extendRun(last, number)) return;
    this.#settled.push({ firstFrame: number, count: 1, fate, reason });
  }
}
