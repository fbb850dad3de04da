/**
 * Links features of successive frames into tracks, one frame at a time (Crocker & Grier 1996, J. Colloid Interface Sci.
 * 179:298). Owns the live tracks; knows nothing of images, tables or files.
 */

import { MoteError, parameterRefusal } from "../../errors.js";
import { detectionFlag } from "../../model/detection.js";
import { later, type MonotonicMs, msBetween, never, now } from "../../time.js";
import { CandidateGraph } from "./candidate-graph.js";
import { growFloat64 } from "./growing-array.js";
import { LiveTracks } from "./live-tracks.js";
import { checkLinkParameters, type LinkParameters, type LinkSettings, resolveLinkParameters } from "./parameters.js";
import { VelocityField } from "./predictor.js";
import { Subnets } from "./subnets.js";

/** Those of the detection flags that `link` sets; a frame too crowded to weigh every candidate counts as degraded. */
export const linkFlag = { gap: detectionFlag.gap, subnetDegraded: detectionFlag.subnetDegraded } as const;

/** What happened in one frame. The linker returns the same object every time: copy what is to be kept. */
export interface FrameLinkReport {
  /** Features that continue a track. */
  linked: number;
  /** Features that start a track. */
  started: number;
  /** Tracks that can no longer be continued. */
  ended: number;
  /** Features without a finite position: never linked, numbered -1. */
  unlinkable: number;
  /** Subnets linked greedily, because of their size or the budget. */
  degradedSubnets: number;
  /** Tracks in the largest subnet; 0 when nothing was within range of anything. */
  largestSubnet: number;
}

/** What happened in all frames so far. */
export interface LinkSummary {
  readonly frames: number;
  readonly tracks: number;
  readonly links: number;
  /** Links across at least one missing frame. */
  readonly gaps: number;
  readonly unlinkable: number;
  readonly degradedFrames: number;
  readonly degradedSubnets: number;
  readonly largestSubnet: number;
  /** Tracks that the next frame may still continue. */
  readonly liveTracks: number;
}

export interface Linker {
  /**
   * Numbers the `count` features of a frame.
   *
   * Positions are y[yOffset + i] and x[xOffset + i], pixels; track numbers are written to ids[idsOffset + i], counted
   * from 0 in the order of frames and, within a frame, of features. The same input gives the same numbers, always,
   * unless a budget was exceeded. A position that is not finite gets -1 and is never linked. `flags`, when given,
   * receives `linkFlag` bits at flagsOffset + i.
   *
   * Frame numbers must increase; a jump counts as that many frames without features, for memory and for prediction,
   * as trackpy's `link` over a table does.
   */
  link(
    frameNumber: number,
    count: number,
    y: Float64Array,
    yOffset: number,
    x: Float64Array,
    xOffset: number,
    ids: Float64Array,
    idsOffset: number,
    flags?: Uint8Array,
    flagsOffset?: number,
  ): FrameLinkReport;
  summary(): LinkSummary;
}

/**
 * A linker without any frame yet. Memory grows with the tracks alive and the features of a frame, not with frames.
 * `now` is the clock of `linkBudgetMs`. Refuses parameters that cannot be used (MoteError).
 */
export function createLinker(parameters: LinkParameters, options: { readonly now?: () => MonotonicMs } = {}): Linker {
  const faults = checkLinkParameters(parameters);
  if (faults.length > 0) throw parameterRefusal("linker", faults);
  return new StreamingLinker(resolveLinkParameters(parameters), options.now ?? now);
}

class StreamingLinker implements Linker {
  readonly #settings: LinkSettings;
  readonly #now: () => MonotonicMs;
  readonly #graph = new CandidateGraph();
  readonly #subnets: Subnets;
  readonly #velocities: VelocityField;
  #live = new LiveTracks();
  #next = new LiveTracks();
  /** Scaled positions: where each live track is expected, and where each feature is. */
  #expectedY = new Float64Array(0);
  #expectedX = new Float64Array(0);
  #featureY = new Float64Array(0);
  #featureX = new Float64Array(0);
  #lastFrame = Number.NEGATIVE_INFINITY;
  /** The last frame that had features: velocities are measured from it. */
  #lastObserved = Number.NEGATIVE_INFINITY;
  #deadline = never;
  #isOverBudget = false;
  readonly #askBudget = (): boolean => {
    if (!this.#isOverBudget && this.#deadline !== never) {
      this.#isOverBudget = msBetween(this.#deadline, this.#now()) >= 0;
    }
    return this.#isOverBudget;
  };
  readonly #report: FrameLinkReport = {
    linked: 0,
    started: 0,
    ended: 0,
    unlinkable: 0,
    degradedSubnets: 0,
    largestSubnet: 0,
  };
  readonly #totals = {
    frames: 0,
    tracks: 0,
    links: 0,
    gaps: 0,
    unlinkable: 0,
    degradedFrames: 0,
    degradedSubnets: 0,
    largestSubnet: 0,
  };

  constructor(settings: LinkSettings, now: () => MonotonicMs) {
    this.#settings = settings;
    this.#now = now;
    this.#subnets = new Subnets(settings);
    this.#velocities = new VelocityField(settings.predictor);
  }

  link(
    frameNumber: number,
    count: number,
    y: Float64Array,
    yOffset: number,
    x: Float64Array,
    xOffset: number,
    ids: Float64Array,
    idsOffset: number,
    flags?: Uint8Array,
    flagsOffset = 0,
  ): FrameLinkReport {
    if (!(Number.isFinite(frameNumber) && frameNumber > this.#lastFrame)) {
      const what = `expected a frame number above ${this.#lastFrame}, got ${frameNumber}`;
      throw new MoteError({ code: "file-damaged", where: "link", what, hint: "Sort the frames by number." });
    }
    const { memory, budgetMs, range, isAdaptive } = this.#settings;
    const report = this.#report;
    this.#isOverBudget = false;
    this.#deadline = budgetMs === Number.POSITIVE_INFINITY ? never : later(this.#now(), budgetMs);

    report.ended = this.#live.dropBefore(frameNumber - memory - 1);
    this.#expectTracks(frameNumber);
    this.#scaleFeatures(count, y, yOffset, x, xOffset);
    this.#graph.build(
      this.#live.count,
      this.#expectedY,
      this.#expectedX,
      count,
      this.#featureY,
      this.#featureX,
      range,
      isAdaptive,
    );
    this.#subnets.solve(this.#graph, this.#askBudget);
    this.#continueTracks(frameNumber, count, y, yOffset, x, xOffset, ids, idsOffset);
    if (flags !== undefined) this.#writeFlags(frameNumber, count, flags, flagsOffset);
    this.#rememberLost(frameNumber);

    report.degradedSubnets = this.#subnets.degradedCount;
    report.largestSubnet = this.#subnets.largest;
    this.#addToTotals();
    [this.#live, this.#next] = [this.#next, this.#live];
    this.#lastFrame = frameNumber;
    return report;
  }

  summary(): LinkSummary {
    return { ...this.#totals, liveTracks: this.#live.count };
  }

  #expectTracks(frameNumber: number): void {
    const { count, y, x, frame } = this.#live;
    const { scale, predictor } = this.#settings;
    this.#expectedY = growFloat64(this.#expectedY, count);
    this.#expectedX = growFloat64(this.#expectedX, count);
    for (let track = 0; track < count; track++) {
      let expectedY = y[track]!;
      let expectedX = x[track]!;
      if (predictor !== "none") {
        this.#velocities.predict(expectedY, expectedX, frameNumber - frame[track]!);
        expectedY = this.#velocities.predictedY;
        expectedX = this.#velocities.predictedX;
      }
      this.#expectedY[track] = expectedY / scale.y;
      this.#expectedX[track] = expectedX / scale.x;
    }
  }

  #scaleFeatures(count: number, y: Float64Array, yOffset: number, x: Float64Array, xOffset: number): void {
    const { scale } = this.#settings;
    this.#featureY = growFloat64(this.#featureY, count);
    this.#featureX = growFloat64(this.#featureX, count);
    for (let feature = 0; feature < count; feature++) {
      this.#featureY[feature] = y[yOffset + feature]! / scale.y;
      this.#featureX[feature] = x[xOffset + feature]! / scale.x;
    }
  }

  /** Gives every feature its number, and collects the next frame's live tracks and velocities. */
  #continueTracks(
    frameNumber: number,
    count: number,
    y: Float64Array,
    yOffset: number,
    x: Float64Array,
    xOffset: number,
    ids: Float64Array,
    idsOffset: number,
  ): void {
    const { trackOf } = this.#subnets.assignment;
    const live = this.#live;
    const next = this.#next;
    const report = this.#report;
    const measuresVelocity = this.#settings.predictor !== "none";
    const sinceObserved = frameNumber - this.#lastObserved;
    let isFieldNew = false;
    next.count = 0;
    report.linked = 0;
    report.started = 0;
    report.unlinkable = 0;
    for (let feature = 0; feature < count; feature++) {
      const featureY = y[yOffset + feature]!;
      const featureX = x[xOffset + feature]!;
      if (!(Number.isFinite(featureY) && Number.isFinite(featureX))) {
        ids[idsOffset + feature] = -1;
        report.unlinkable++;
        continue;
      }
      if (measuresVelocity && !isFieldNew) {
        this.#velocities.clear();
        isFieldNew = true;
      }
      const track = trackOf[feature]!;
      let id: number;
      if (track >= 0) {
        id = live.id[track]!;
        report.linked++;
        if (frameNumber - live.frame[track]! > 1) this.#totals.gaps++;
        if (measuresVelocity && live.frame[track] === this.#lastObserved) {
          const velocityY = (featureY - live.y[track]!) / sinceObserved;
          const velocityX = (featureX - live.x[track]!) / sinceObserved;
          this.#velocities.addSample(featureY, featureX, velocityY, velocityX);
        }
      } else {
        id = this.#totals.tracks++;
        report.started++;
      }
      ids[idsOffset + feature] = id;
      next.add(featureY, featureX, frameNumber, id);
    }
    if (report.linked + report.started > 0) this.#lastObserved = frameNumber;
  }

  #writeFlags(frameNumber: number, count: number, flags: Uint8Array, flagsOffset: number): void {
    const { trackOf } = this.#subnets.assignment;
    const { isDegraded } = this.#subnets;
    for (let feature = 0; feature < count; feature++) {
      const track = trackOf[feature]!;
      const hasGap = track >= 0 && frameNumber - this.#live.frame[track]! > 1;
      flags[flagsOffset + feature] = (hasGap ? linkFlag.gap : 0) | (isDegraded[feature] ? linkFlag.subnetDegraded : 0);
    }
  }

  /** Lost tracks stay alive, where they were last seen, while the next frame may still find them. */
  #rememberLost(frameNumber: number): void {
    const { count, y, x, frame, id } = this.#live;
    const { featureOf } = this.#subnets.assignment;
    const oldest = frameNumber - this.#settings.memory;
    for (let track = 0; track < count; track++) {
      if (featureOf[track]! >= 0) continue;
      if (frame[track]! >= oldest) this.#next.add(y[track]!, x[track]!, frame[track]!, id[track]!);
      else this.#report.ended++;
    }
  }

  #addToTotals(): void {
    const totals = this.#totals;
    const report = this.#report;
    totals.frames++;
    totals.links += report.linked;
    totals.unlinkable += report.unlinkable;
    totals.degradedSubnets += report.degradedSubnets;
    if (report.degradedSubnets > 0) totals.degradedFrames++;
    totals.largestSubnet = Math.max(totals.largestSubnet, report.largestSubnet);
  }
}
