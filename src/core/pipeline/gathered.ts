/**
 * Frames that were taken and not yet pushed: one, or as many as wait already where the stage takes several together. The first
 * frame is pushed alone, and so many together as were pushed in a short time before.
 */
import type { Frame } from "../memory/frame.js";
import type { Product } from "../memory/products.js";
import { deliveredFate } from "../model/fate-record.js";
import { frameFailedReason } from "../model/run-report.js";
import { type MonotonicMs, msBetween, now } from "../time.js";
import { sumAgain } from "./own-pixels.js";
import type { SerialRun } from "./serial-loops.js";
import type { FlowInstance, Verdict } from "./stage.js";

/** A push that takes longer is to be of fewer frames, milliseconds; one that takes less than half of it may be of more. */
const longestPushMs = 100;

export class Gathered {
  readonly #flow: FlowInstance;
  readonly #run: SerialRun;
  readonly #changesPixels: boolean;
  readonly #frames: Frame[] = [];
  readonly #pushedAt: MonotonicMs[] = [];
  #product: Product | undefined;
  readonly #limit: number;
  /** How many make it full. */
  #most = 1;

  /** `changesPixels`: pushing a frame changes its pixels. */
  constructor(flow: FlowInstance, run: SerialRun, changesPixels: boolean) {
    this.#changesPixels = changesPixels;
    this.#flow = flow;
    this.#run = run;
    this.#limit = flow.pushTogether ? (flow.mostTogether ?? 1) : 1;
  }

  get isFull(): boolean {
    return this.#frames.length >= this.#most;
  }

  /** `product`: what a mapper made of the frame, for stages that take frames one by one. */
  add(frame: Frame, pushedAt: MonotonicMs, product: Product | undefined): void {
    this.#product = product;
    this.#frames.push(frame);
    this.#pushedAt.push(pushedAt);
  }

  /** Hands the frames to the stage, and on to where it says. False when the run was aborted. */
  async push(): Promise<boolean> {
    if (this.#frames.length === 0) return true;
    const { counters } = this.#run;
    const frames = this.#frames;
    const before = now();
    counters.waitingSince = before;
    let verdicts: readonly (Verdict | "held")[];
    if (frames.length === 1) {
      const verdict = this.#flow.push(frames[0]!, this.#product);
      verdicts = [verdict instanceof Promise ? await verdict : verdict];
    } else verdicts = await this.#flow.pushTogether!(frames);
    if (this.#changesPixels) for (const frame of frames) sumAgain(frame, this.#run.layout.hasPixelChecksums);
    const after = now();
    counters.waitingSince = undefined;
    const tookMs = msBetween(before, after);
    counters.countBusy(tookMs);
    if (tookMs > longestPushMs) this.#most = Math.max(1, this.#most >> 1);
    else if (this.isFull && tookMs < longestPushMs / 2) this.#most = Math.min(this.#limit, this.#most * 2);
    let isGoingOn = true;
    for (const [at, frame] of frames.entries()) {
      counters.countLatency(msBetween(this.#pushedAt[at]!, after));
      counters.countAge(msBetween(frame.enteredAt, after));
      if (frame.rowCount > 0) counters.countDetections(frame.rowCount);
      isGoingOn &&= this.#handOn(frame, verdicts[at]);
    }
    frames.length = 0;
    this.#pushedAt.length = 0;
    return isGoingOn;
  }

  #handOn(frame: Frame, verdict: Verdict | "held"): boolean {
    const { shared, outlet, counters, context, held, fates, plan } = this.#run;
    if (verdict === "held") return true;
    held.delete(frame.slot);
    const { frameNumber } = frame.header;
    if (verdict === undefined) {
      fates?.add(frameNumber, 1, deliveredFate, "delivered");
      return outlet.frame(frame);
    }
    const isFailed = "failed" in verdict;
    const reason = isFailed ? frameFailedReason : verdict.drop;
    fates?.add(frameNumber, 1, `${plan.label}: ${reason}`, isFailed ? "failed" : "lost");
    shared.pool.release(frame.slot);
    if (isFailed) {
      context.warn(`frame ${frameNumber} failed: ${verdict.failed}`);
      counters.countFailed();
    } else outlet.drop(1, reason);
    // The stages behind hear of it in its place, as of any frame that does not come.
    outlet.event({ event: "drop", stage: plan.pathLabel, firstFrame: frameNumber, count: 1, reason });
    return true;
  }
}
