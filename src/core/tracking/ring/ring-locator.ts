/** Locates particles that look like bright or dark rings: centre and radius to a part of a pixel. */

import { parameterRefusal } from "../../errors.js";
import { detectionCapacity } from "../../model/detection.js";
import type { PixelArray, PixelFormat } from "../../model/pixel-format.js";
import type { FrameShape } from "../locate/parameters.js";
import type { Circle } from "./circle-fit.js";
import { GradientVotes } from "./gradient-votes.js";
import { checkRingParameters, completeRingParameters, type RingParameters } from "./parameters.js";
import { RingFit } from "./ring-fit.js";

export interface RingLocatorSetup {
  readonly shape: FrameShape;
  readonly format: PixelFormat;
  readonly params: RingParameters;
}

/** One value a ring; what lies beyond the count is left over from other frames. */
export interface RingColumns {
  /** Centres, pixels, (0, 0) the centre of the top left pixel. */
  readonly y: Float64Array;
  readonly x: Float64Array;
  /** Of the line's middle, or of the steepest point of the step, pixels. */
  readonly radius: Float64Array;
  /** Share of the circumference on which the ring was seen, less what noise does by chance, 0 to 1. */
  readonly score: Float64Array;
  /** Standard deviation of the centre on one axis, pixels. */
  readonly ep: Float64Array;
}

/** Rings to follow; a locator's own columns may be given back to it. Without radius half the diameter is taken. */
export interface PreviousRings {
  readonly count: number;
  readonly y: Float64Array;
  readonly x: Float64Array;
  readonly radius?: Float64Array;
}

export interface RingLocator {
  /** The rings of the last frame, overwritten by the next. */
  readonly rings: RingColumns;
  /** Most rings that a frame can hold at this separation. */
  readonly capacity: number;
  /**
   * Locates the rings of a frame whose first pixel is pixels[start] and whose rows are `stride` pixels apart, and returns
   * how many there are. Without `previous` the whole frame is searched and rings come from top to bottom. With it each
   * previous ring is looked for within `followRange` of where it was and nowhere else, and those found keep their order:
   * a ring that is lost is left out, and a new one is not seen until the frame is searched again. Of two rings nearer
   * than the separation the one with the lower score is left out. Pixels that are not finite, and what lies beyond the
   * frame's edge, are not seen.
   */
  locate(pixels: PixelArray, start: number, stride: number, previous?: PreviousRings): number;
}

/**
 * A locator for frames of one shape. After this nothing is allocated but what the sorting of candidates takes, and nothing
 * is kept from frame to frame but the columns. Throws a MoteError with all problems of `checkRingParameters`.
 *
 * The purpose is that of trackpy's `locate_brightfield_ring` (Rinaldin, Verweij, Chakraborty and Kraft, Soft Matter 15,
 * 1345, 2019); the method is another: votes of gradients for candidates, then a matched filter along rays.
 */
export function createRingLocator({ shape, params }: RingLocatorSetup): RingLocator {
  const faults = checkRingParameters(shape, params);
  if (faults.length > 0) throw parameterRefusal("ring locator", faults);
  const complete = completeRingParameters(params);
  const { separation, diameter, followRange } = complete;
  const capacity = detectionCapacity(shape, { y: separation, x: separation });
  // Candidates lie half a separation apart at least.
  const votes = new GradientVotes(shape, complete, 4 * capacity);
  const fit = new RingFit(shape, complete);
  const column = () => new Float64Array(Math.max(4 * capacity, 64));
  const rings = { y: column(), x: column(), radius: column(), score: column(), ep: column() };
  const keep = new Uint8Array(rings.y.length);
  const order = new Int32Array(rings.y.length);
  /** For each ring the rays that see it. */
  const seen = new Uint8Array(rings.y.length * fit.rays);
  const first = { y: column(), x: column(), radius: column() };
  const current: Circle = { y: 0, x: 0, radius: 0 };
  const nearby: Circle[] = Array.from({ length: 32 }, () => ({ y: 0, x: 0, radius: 0 }));
  // Rings whose centres are farther apart than this have no ray in common.
  const reach = diameter * (1 + complete.radiusTolerance) + 8 * complete.lineWidth;
  // Less than the separation by the error of a candidate.
  const sidePeaks = 0.8 * separation;
  // A candidate is the middle of a square of votes, a tenth of a radius to each side.
  const candidateOffset = Math.min(followRange, 2 + 0.15 * diameter);

  function put(at: number): void {
    rings.y[at] = fit.y;
    rings.x[at] = fit.x;
    rings.radius[at] = fit.radius;
    rings.score[at] = fit.score;
    rings.ep[at] = fit.ep;
    seen.set(fit.use, at * fit.rays);
  }

  function search(pixels: PixelArray, start: number, stride: number): number {
    const candidates = votes.find(pixels, start, stride);
    let count = 0;
    for (let i = 0; i < candidates && count < rings.y.length; i++) {
      const y = votes.y[i]!;
      const x = votes.x[i]!;
      if (isFound(y, x, count)) continue;
      if (fit.fit(pixels, start, stride, y, x, diameter / 2, candidateOffset)) put(count++);
    }
    return count;
  }

  /** Whether a candidate is a side peak of the votes for a ring that was found. */
  function isFound(y: number, x: number, count: number): boolean {
    for (let i = 0; i < count; i++) if (Math.hypot(y - rings.y[i]!, x - rings.x[i]!) < sidePeaks) return true;
    return false;
  }

  /** Results are written behind what is still to be read, so that `previous` may be `rings`. */
  function follow(pixels: PixelArray, start: number, stride: number, previous: PreviousRings): number {
    let count = 0;
    for (let i = 0; i < previous.count && count < rings.y.length; i++) {
      const y = previous.y[i]!;
      const x = previous.x[i]!;
      const radius = previous.radius?.[i] ?? diameter / 2;
      if (!Number.isFinite(y) || !Number.isFinite(x) || !(radius > 0)) continue;
      if (fit.fit(pixels, start, stride, y, x, radius, followRange)) put(count++);
    }
    return count;
  }

  /**
   * Leaves out the worse of rings that are too near, of equals the later, and those that are not seen on enough of their
   * circumference once the lines of better rings are taken from it: circles that touch several rings from outside.
   */
  function dropFalse(count: number): number {
    const byScore = order.subarray(0, count);
    for (let i = 0; i < count; i++) byScore[i] = i;
    byScore.sort((a, b) => rings.score[b]! - rings.score[a]! || a - b);
    keep.fill(0, 0, count);
    for (let i = 0; i < count; i++) {
      const ring = byScore[i]!;
      let near = 0;
      let isApart = true;
      for (let j = 0; j < i && isApart; j++) {
        const other = byScore[j]!;
        if (keep[other] === 0) continue;
        const distance = Math.hypot(rings.y[ring]! - rings.y[other]!, rings.x[ring]! - rings.x[other]!);
        isApart = distance >= separation;
        if (isApart && distance < reach) near = addNear(near, other);
      }
      keep[ring] = isApart && ownScore(ring, near) >= complete.minScore ? 1 : 0;
    }
    let kept = 0;
    for (let i = 0; i < count; i++) if (keep[i] === 1) copy(i, kept++);
    return kept;
  }

  function addNear(count: number, other: number): number {
    if (count === nearby.length) return count;
    setCircle(nearby[count]!, other);
    return count + 1;
  }

  /** Share of the circumference on which the ring is seen and no nearby one is. */
  function ownScore(ring: number, near: number): number {
    if (near === 0) return rings.score[ring]!;
    setCircle(current, ring);
    let own = 0;
    let all = 0;
    for (let angle = 0; angle < fit.rays; angle++) {
      let isOwn = seen[ring * fit.rays + angle] === 1;
      if (isOwn) all++;
      for (let i = 0; i < near && isOwn; i++) isOwn = !fit.isOn(angle, current, nearby[i]!, fit.confusion);
      if (isOwn) own++;
    }
    return (rings.score[ring]! * own) / all;
  }

  /** Fits rings that others come near once more, where they are clear of them. All from the first fits of the others. */
  function polish(pixels: PixelArray, start: number, stride: number, count: number): void {
    for (let i = 0; i < count; i++) {
      first.y[i] = rings.y[i]!;
      first.x[i] = rings.x[i]!;
      first.radius[i] = rings.radius[i]!;
    }
    for (let ring = 0; ring < count; ring++) {
      const [y, x, radius] = [first.y[ring]!, first.x[ring]!, first.radius[ring]!];
      let near = 0;
      for (let other = 0; other < count && near < nearby.length; other++) {
        if (other === ring || Math.abs(first.y[other]! - y) >= reach || Math.abs(first.x[other]! - x) >= reach)
          continue;
        const circle = nearby[near++]!;
        circle.y = first.y[other]!;
        circle.x = first.x[other]!;
        circle.radius = first.radius[other]!;
      }
      if (near === 0 || !fit.polish(pixels, start, stride, y, x, radius, nearby, near)) continue;
      const score = rings.score[ring]!;
      put(ring);
      rings.score[ring] = score;
    }
  }

  function setCircle(circle: Circle, ring: number): void {
    circle.y = rings.y[ring]!;
    circle.x = rings.x[ring]!;
    circle.radius = rings.radius[ring]!;
  }

  function copy(from: number, to: number): void {
    rings.y[to] = rings.y[from]!;
    rings.x[to] = rings.x[from]!;
    rings.radius[to] = rings.radius[from]!;
    rings.score[to] = rings.score[from]!;
    rings.ep[to] = rings.ep[from]!;
  }

  function sortDown(count: number): void {
    const down = order.subarray(0, count);
    for (let i = 0; i < count; i++) down[i] = i;
    down.sort((a, b) => rings.y[a]! - rings.y[b]! || rings.x[a]! - rings.x[b]!);
    for (const values of [rings.y, rings.x, rings.radius, rings.score, rings.ep]) {
      const sorted = Float64Array.from(down, (at) => values[at]!);
      values.set(sorted);
    }
  }

  return {
    rings,
    capacity,
    locate(pixels, start, stride, previous) {
      const found = previous === undefined ? search(pixels, start, stride) : follow(pixels, start, stride, previous);
      const count = dropFalse(found);
      polish(pixels, start, stride, count);
      if (previous === undefined) sortDown(count);
      return count;
    },
  };
}
