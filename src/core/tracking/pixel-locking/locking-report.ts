/** Tells pixel locking from chance, and how far it carries positions. */

import { axes, binCount, FractionHistogram } from "./fraction-histogram.js";

/** Biases below this many pixels are not worth a word. */
export const mildBias = 0.02;
/** From here on a bias is as large as the noise of a good bead. */
export const strongBias = 0.1;

/**
 * Quantile of Kolmogorov's distribution that chance exceeds once in 200 times on an axis, so once in 100 on either
 * (2 exp(-2 q^2) = 1 / 200).
 */
const chanceQuantile = Math.sqrt(Math.log(400) / 2);

export interface AxisLocking {
  /** Largest difference between measured and corrected position within a pixel, pixels. */
  readonly peakBiasPx: number;
  /** Where positions crowd. */
  readonly crowdAt: "pixel centres" | "pixel edges";
}

export interface LockingReport {
  /** none: no bias beyond chance and 0.02 px · mild: up to 0.1 px · strong: more. */
  readonly verdict: "none" | "mild" | "strong";
  /** Larger of the two axes', pixels. */
  readonly peakBiasPx: number;
  readonly y: AxisLocking;
  readonly x: AxisLocking;
  readonly detections: number;
  /** Detections that count: at most one for each pixel visited. */
  readonly independent: number;
  /** A bias below this would be taken for chance; above 0.02 px the verdict "none" says little. Infinity without any. */
  readonly resolvedBiasPx: number;
  /** What was found and what to do about it, one or two sentences. */
  readonly text: string;
}

/** The bias that chance alone reaches once in 100 times in so many independent detections, pixels. */
export function resolvedBias(independent: number): number {
  return independent > 0 ? chanceQuantile / (2 * Math.sqrt(independent)) : Infinity;
}

/**
 * Peak bias of one axis. If beads lie anywhere within a pixel with the same probability, the share F(g) of detections
 * within g of a pixel's centre tells that their true distance is F / 2; the bias is g - F / 2, half of the
 * Kolmogorov-Smirnov distance to even positions.
 */
export function measureLocking(bins: Float64Array, count: number): AxisLocking {
  let peak = 0;
  let sum = 0;
  for (let bin = 0; bin < binCount; bin++) {
    sum += bins[bin]!;
    const bias = (bin + 1) / (2 * binCount) - sum / (2 * Math.max(1, count));
    if (count > 0 && Math.abs(bias) > Math.abs(peak)) peak = bias;
  }
  return { peakBiasPx: Math.abs(peak), crowdAt: peak <= 0 ? "pixel centres" : "pixel edges" };
}

export interface LockingDetector {
  /** Adds one frame's positions, as the locator or a refinement left them, pixels. */
  add(count: number, values: Float64Array, yAt: number, xAt: number): void;
  report(): LockingReport;
}

/** Watches a run for pixel locking in constant memory. Its report does not depend on the order of the frames. */
export function createLockingDetector(): LockingDetector {
  const histogram = new FractionHistogram();
  return {
    add: (count, values, yAt, xAt) => histogram.add(count, values, yAt, xAt),
    report: () => reportLocking(histogram),
  };
}

export function reportLocking(histogram: FractionHistogram): LockingReport {
  const [y, x] = axes.map((axis) => measureLocking(histogram.bins[axis], histogram.count)) as [
    AxisLocking,
    AxisLocking,
  ];
  const independent = histogram.independentCount;
  const resolvedBiasPx = resolvedBias(independent);
  const worst = y.peakBiasPx > x.peakBiasPx ? y : x;
  const isReal = worst.peakBiasPx > Math.max(resolvedBiasPx, mildBias);
  const verdict = !isReal ? "none" : worst.peakBiasPx > strongBias ? "strong" : "mild";
  const report = { verdict, peakBiasPx: worst.peakBiasPx, y, x, detections: histogram.count, independent } as const;
  return { ...report, resolvedBiasPx, text: describe(report.verdict, worst, histogram.count, independent) };
}

function describe(
  verdict: LockingReport["verdict"],
  { peakBiasPx, crowdAt }: AxisLocking,
  detections: number,
  independent: number,
): string {
  const resolved = resolvedBias(independent);
  if (verdict !== "none") {
    const cure =
      crowdAt === "pixel centres"
        ? "Raise the diameter, refine by a Gaussian, or correct the bias."
        : "Lower the diameter or raise the separation where neighbours reach into it, or correct the bias.";
    return `Positions crowd at ${crowdAt}, by up to ${peakBiasPx.toFixed(2)} px. ${cure}`;
  }
  if (detections === 0) return "No detections to tell pixel locking from.";
  if (resolved > mildBias) {
    const limit = resolved > 0.5 ? "no bias at all" : `only a bias above ${resolved.toFixed(2)} px`;
    return `Too few to tell: ${detections} detections on ${independent} pixels can show ${limit}.`;
  }
  return `No pixel locking: positions are even within ${Math.max(peakBiasPx, 0.001).toFixed(3)} px.`;
}
