/** Grey levels to what an eye can see: a stretch between two percentiles, so that a hot pixel does not darken the rest. */
import type { PixelArray } from "../../model/pixel-format.js";

export interface Stretch {
  /** Shown as black. */
  readonly low: number;
  /** Shown as white; above `low`. */
  readonly high: number;
}

/** Samples are enough for a percentile, and sorting them is cheap. */
const mostSamples = 65_536;

/** Share of the range that is left below the low percentile. */
const footroom = 0.05;

/**
 * Percentiles `low` and `high` (0 to 100) of the finite pixels, from at most 65,536 of them, evenly spaced. A frame of one
 * value is stretched around it; one without a finite pixel is 0 to 1.
 */
export function robustStretch(pixels: PixelArray, low = 1, high = 99.9): Stretch {
  const step = Math.max(1, Math.floor(pixels.length / mostSamples)) | 1;
  const samples: number[] = [];
  for (let at = 0; at < pixels.length; at += step) {
    if (Number.isFinite(pixels[at])) samples.push(pixels[at]!);
  }
  if (samples.length === 0) return { low: 0, high: 1 };
  const sorted = Float64Array.from(samples).sort();
  const pick = (percent: number) => sorted[Math.round((percent / 100) * (sorted.length - 1))]!;
  const bottom = pick(low);
  const top = pick(high);
  if (!(top > bottom)) return { low: bottom - 0.5, high: bottom + 0.5 };
  // A background that is dark grey, not black, still shows its noise and its dimmest particles.
  return { low: bottom - footroom * (top - bottom), high: top };
}

/** 0 to 255 for one grey level; 0 for NaN. */
export function toGrey(value: number, { low, high }: Stretch): number {
  const share = (value - low) / (high - low);
  if (!(share > 0)) return 0;
  return share >= 1 ? 255 : Math.round(share * 255);
}
