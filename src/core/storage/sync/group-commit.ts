/**
 * One sync for many frames: which of those that were stored wait for it, when it is due, and what it made durable. A disk's
 * refusal is final: the system forgets what it could not write, so that a later sync that succeeds says nothing of what waited
 * then (fsync(2), "errors"), nor of a file that goes on behind it.
 */
import { extendRun, type FrameRun } from "../../model/frame-run.js";
import { later, type MonotonicMs, msSince, now } from "../../time.js";
import type { SyncPlan } from "./sync-plan.js";

/** Told in the order in which the frames were stored. */
export type OnDurable = (firstFrame: number, count: number) => void;

export interface SyncCounts {
  /** Frames that are durable. */
  readonly frames: number;
  readonly syncs: number;
  readonly longestMs: number;
  /** Frames that were stored and are not known to be durable. */
  readonly notSynced: number;
}

export class GroupCommit {
  readonly #plan: SyncPlan;
  readonly #sync: () => Promise<boolean>;
  readonly #onDurable: OnDurable;
  /** Stored and not synced yet, as runs of following numbers. */
  #waiting: FrameRun[] = [];
  #firstAt: MonotonicMs | undefined;
  #hasFailed = false;
  readonly #counts = { frames: 0, syncs: 0, longestMs: 0, notSynced: 0 };

  /** `sync` makes durable all that was stored before, and says whether it did; once it could not it is not called again. */
  constructor(plan: SyncPlan, sync: () => Promise<boolean>, onDurable: OnDurable = () => {}) {
    this.#plan = plan;
    this.#sync = sync;
    this.#onDurable = onDurable;
  }

  /** Those that still wait are not durable, and counted so. */
  get counts(): SyncCounts {
    const { notSynced, ...counts } = this.#counts;
    return { ...counts, notSynced: notSynced + this.#waitingFrames };
  }

  /** A frame is stored with all it has. */
  stored(frameNumber: number): void {
    if (this.#hasFailed) {
      this.#counts.notSynced++;
      return;
    }
    this.#firstAt ??= now();
    if (!extendRun(this.#waiting.at(-1), frameNumber)) this.#waiting.push({ firstFrame: frameNumber, count: 1 });
  }

  /** When the next sync is to begin; undefined: not before the close, or nothing waits. */
  dueAt(): MonotonicMs | undefined {
    if (this.#firstAt === undefined || this.#plan === "close") return undefined;
    return this.#plan === "frame" ? this.#firstAt : later(this.#firstAt, this.#plan.withinMs);
  }

  /** Syncs what waits; nothing where nothing does. */
  async sync(): Promise<void> {
    if (this.#waiting.length === 0) return;
    const before = now();
    const isDurable = await this.#sync();
    this.#counts.syncs++;
    this.#counts.longestMs = Math.max(this.#counts.longestMs, Math.round(msSince(before) * 10) / 10);
    this.settle(isDurable);
  }

  /** What waits is durable, as after a close that syncs, or never will be. */
  settle(isDurable: boolean): void {
    const runs = this.#waiting;
    const frames = this.#waitingFrames;
    this.#waiting = [];
    this.#firstAt = undefined;
    if (!isDurable) {
      this.#hasFailed = true;
      this.#counts.notSynced += frames;
      return;
    }
    this.#counts.frames += frames;
    for (const { firstFrame, count } of runs) this.#onDurable(firstFrame, count);
  }

  get #waitingFrames(): number {
    return this.#waiting.reduce((sum, { count }) => sum + count, 0);
  }
}
