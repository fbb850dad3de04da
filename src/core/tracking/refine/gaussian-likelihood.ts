/** The likelihood of a 2D Gaussian on a flat background, with its gradient and Fisher information. Knows no steps. */

import type { AxisProfile } from "./profile.js";
import type { FitWindow } from "./window.js";

/** Order of the parameters; sigma is last so that it can be left out. */
export const at = { x: 0, y: 1, amplitude: 2, background: 3, sigma: 4 } as const;
export const parameterCount = 5;

/** Means are kept above this share of the shift, so that logarithms and weights stay finite. */
const lowestMean = 0.1;

/** What `evaluate` finds at one point. */
export interface Likelihood {
  /** Logarithm of the likelihood, without the terms that no parameter changes. */
  logLikelihood: number;
  /** Sum of (data - mean)^2 / mean. */
  chiSquare: number;
  readonly gradient: Float64Array;
  /** 5 by 5, lower triangle: the Fisher information, or the scatter of the gradient's terms. */
  readonly information: Float64Array;
}

export function createLikelihood(): Likelihood {
  return {
    logLikelihood: 0,
    chiSquare: 0,
    gradient: new Float64Array(parameterCount),
    information: new Float64Array(parameterCount * parameterCount),
  };
}

/**
 * Poisson log likelihood of mean m = background + amplitude p(x) p(y) + shift (Smith et al., Nature Methods 7, 373, 2010;
 * read noise as in Huang et al. 2013) with its gradient sum (d/m - 1) dm and information sum dm dm' / m.
 *
 * With `asScatter` the matrix is the sum of (d/m - 1)^2 dm dm' instead: what the gradient's variance is, whatever the noise.
 *
 * Every derivative is a product of a function of the column and one of the row, so that a pixel costs ten weighted sums
 * of its column's functions, and the parameters are put together once a row.
 */
export function evaluate(
  out: Likelihood,
  window: FitWindow,
  columns: AxisProfile,
  rows: AxisProfile,
  parameters: Float64Array,
  asScatter = false,
): void {
  const { data, live, width, height, shift } = window;
  const { value: c0, byCentre: c1, bySigma: c2 } = columns;
  const { value: r0, byCentre: r1, bySigma: r2 } = rows;
  const amplitude = parameters[at.amplitude]!;
  const base = parameters[at.background]! + shift;
  const least = lowestMean * shift;
  let logLikelihood = 0;
  let chiSquare = 0;
  let gx = 0;
  let gy = 0;
  let ga = 0;
  let gb = 0;
  let gs = 0;
  let xx = 0;
  let xy = 0;
  let yy = 0;
  let xa = 0;
  let ya = 0;
  let aa = 0;
  let xb = 0;
  let yb = 0;
  let ab = 0;
  let bb = 0;
  let xs = 0;
  let ys = 0;
  let as = 0;
  let bs = 0;
  let ss = 0;
  for (let row = 0, k = 0; row < height; row++) {
    const p = r0[row]!;
    const q = r1[row]!;
    const s = r2[row]!;
    const peak = amplitude * p;
    let w = 0;
    let w0 = 0;
    let w1 = 0;
    let w2 = 0;
    let w00 = 0;
    let w01 = 0;
    let w02 = 0;
    let w11 = 0;
    let w12 = 0;
    let w22 = 0;
    let e = 0;
    let e0 = 0;
    let e1 = 0;
    let e2 = 0;
    for (let column = 0; column < width; column++, k++) {
      const f0 = c0[column]!;
      const f1 = c1[column]!;
      const f2 = c2[column]!;
      const raw = base + peak * f0;
      const mean = Math.max(raw, least);
      const datum = data[k]!;
      const counts = live[k]!;
      const perMean = counts / mean;
      const excess = datum * perMean - counts;
      const weight = asScatter ? excess * excess : perMean;
      logLikelihood += datum * Math.log(mean) - mean * counts;
      chiSquare += excess * (datum - mean);
      e += excess;
      e0 += excess * f0;
      e1 += excess * f1;
      e2 += excess * f2;
      w += weight;
      const v0 = weight * f0;
      const v1 = weight * f1;
      const v2 = weight * f2;
      w0 += v0;
      w1 += v1;
      w2 += v2;
      w00 += v0 * f0;
      w01 += v0 * f1;
      w02 += v0 * f2;
      w11 += v1 * f1;
      w12 += v1 * f2;
      w22 += v2 * f2;
    }
    gx += p * e1;
    gy += q * e0;
    ga += p * e0;
    gb += e;
    gs += p * e2 + s * e0;
    xx += p * p * w11;
    xy += p * q * w01;
    yy += q * q * w00;
    xa += p * p * w01;
    ya += p * q * w00;
    aa += p * p * w00;
    xb += p * w1;
    yb += q * w0;
    ab += p * w0;
    bb += w;
    xs += p * p * w12 + p * s * w01;
    ys += q * p * w02 + q * s * w00;
    as += p * p * w02 + p * s * w00;
    bs += p * w2 + s * w0;
    ss += p * p * w22 + 2 * p * s * w02 + s * s * w00;
  }
  const a = amplitude;
  const { gradient, information } = out;
  out.logLikelihood = logLikelihood;
  out.chiSquare = chiSquare;
  gradient[0] = a * gx;
  gradient[1] = a * gy;
  gradient[2] = ga;
  gradient[3] = gb;
  gradient[4] = a * gs;
  information[0] = a * a * xx;
  information[5] = a * a * xy;
  information[6] = a * a * yy;
  information[10] = a * xa;
  information[11] = a * ya;
  information[12] = aa;
  information[15] = a * xb;
  information[16] = a * yb;
  information[17] = ab;
  information[18] = bb;
  information[20] = a * a * xs;
  information[21] = a * a * ys;
  information[22] = a * as;
  information[23] = a * bs;
  information[24] = a * a * ss;
}
