/** Undoes pixel locking by making positions even within the pixel again. */

import { type Axis, axes, binCount, FractionHistogram } from "./fraction-histogram.js";
import { measureLocking, mildBias, resolvedBias } from "./locking-report.js";

export interface BiasCorrectionParameters {
  /** Independent detections (at most one for each pixel visited) after which the map is no longer changed. */
  readonly learn?: number;
}

export const defaultLearn = 20_000;

export interface BiasCorrectionSummary {
  /** Detections whose position was mapped on y, on x. */
  readonly corrected: Readonly<Record<Axis, number>>;
  /** Detections that came before a bias could be told from chance, or where there was none. */
  readonly uncorrected: Readonly<Record<Axis, number>>;
  /** Whether the map is final. */
  readonly isLearned: boolean;
}

export interface BiasCorrection {
  /**
   * Corrects one frame's positions in place: y at values[yAt ...], x at values[xAt ...], pixels. Positions that are not
   * finite stay as they are, and no position leaves its pixel.
   */
  correct(count: number, values: Float64Array, yAt: number, xAt: number): void;
  summary(): BiasCorrectionSummary;
}

/**
 * Single-pixel interior filling (SPIFF): Burov, Figliozzi, Lin, Rice, Scherer and Dinner, PNAS 114, 221, 2017; Yifat,
 * Sule, Lin and Scherer, Scientific Reports 7, 16553, 2017. If beads lie anywhere within a pixel with the same
 * probability, a detection farther from its pixel's centre than a share F of all is F / 2 away from it; the map is
 * monotone and keeps centre and edges. Unlike theirs ours is the same on both sides of the centre, so that half as many
 * detections do.
 *
 * It learns while it runs, in constant memory: a frame is corrected with what it and the frames before it have shown, and
 * an axis is left alone until its bias stands out of chance and above 0.02 px. From `learn` independent detections on the
 * map is final, so that a long run is corrected alike throughout. The answer depends on the frames in their order and on
 * nothing else: give them in order to one correction, whatever number of workers located them. Beads that never leave
 * their pixel cannot be corrected: they keep the map from being learned.
 */
export function createBiasCorrection({ learn = defaultLearn }: BiasCorrectionParameters = {}): BiasCorrection {
  const histogram = new FractionHistogram();
  const maps = { y: new Float64Array(binCount + 1), x: new Float64Array(binCount + 1) };
  const isOn = { y: false, x: false };
  const corrected = { y: 0, x: 0 };
  const uncorrected = { y: 0, x: 0 };
  let isLearned = false;

  function study(count: number, values: Float64Array, yAt: number, xAt: number): void {
    histogram.add(count, values, yAt, xAt);
    const independent = histogram.independentCount;
    const least = Math.max(resolvedBias(independent), mildBias);
    for (const axis of axes) {
      const bins = histogram.bins[axis];
      isOn[axis] = measureLocking(bins, histogram.count).peakBiasPx > least;
      if (isOn[axis]) accumulate(maps[axis], bins, histogram.count);
    }
    isLearned = independent >= learn;
  }

  return {
    correct(count, values, yAt, xAt) {
      if (count === 0) return;
      if (!isLearned) study(count, values, yAt, xAt);
      for (const axis of axes) {
        if (isOn[axis]) {
          spread(maps[axis], count, values, axis === "y" ? yAt : xAt);
          corrected[axis] += count;
        } else uncorrected[axis] += count;
      }
    },
    summary: () => ({ corrected: { ...corrected }, uncorrected: { ...uncorrected }, isLearned }),
  };
}

/** Half the share of detections below each bin's start: true distances from the pixel's centre, 0 to 0.5 px. */
function accumulate(map: Float64Array, bins: Float64Array, count: number): void {
  let sum = 0;
  map[0] = 0;
  for (let bin = 0; bin < binCount; bin++) {
    sum += bins[bin]!;
    map[bin + 1] = sum / (2 * count);
  }
}

function spread(map: Float64Array, count: number, values: Float64Array, from: number): void {
  for (let i = from; i < from + count; i++) {
    const value = values[i]!;
    if (!Number.isFinite(value)) continue;
    const pixel = Math.round(value);
    const fraction = value - pixel;
    const place = Math.abs(fraction) * 2 * binCount;
    const bin = Math.min(binCount - 1, Math.floor(place));
    const distance = map[bin]! + (map[bin + 1]! - map[bin]!) * (place - bin);
    values[i] = pixel + (fraction < 0 ? -distance : distance);
  }
}
