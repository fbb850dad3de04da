/** Maximum likelihood fit of a 2D Gaussian to one window: Levenberg-Marquardt on the Poisson likelihood. */

import { factorize, solve } from "./cholesky.js";
import { at, createLikelihood, evaluate, type Likelihood, parameterCount } from "./gaussian-likelihood.js";
import { defaultMaxIterations, minSigma, type RefineParameters } from "./parameters.js";
import { AxisProfile } from "./profile.js";
import type { FitWindow } from "./window.js";

/** A fit ends when the step still asked for is this share of the uncertainty, squared. */
const convergedSquare = 1e-6;
/** And counts as failed when it is stopped more than this from the optimum, in the same measure. */
const acceptedSquare = 1e-2;

/**
 * One fitter serves one window after the other; nothing is allocated by `fit`.
 *
 * Source: Laurence and Chromy, Nature Methods 7, 338, 2010 (Levenberg-Marquardt with the Poisson likelihood in place of
 * chi square); model and information matrix of Smith et al., Nature Methods 7, 373, 2010. That maximum likelihood
 * reaches the bound where least squares do not: Mortensen et al., Nature Methods 7, 377, 2010.
 */
export class GaussianFit {
  /** Row and column of the fitted centre within the window. */
  y = 0;
  x = 0;
  /** In the window's units, electrons with a known camera, else grey levels. */
  amplitude = 0;
  background = 0;
  sigma = 0;
  /** Standard deviation of the position, root of the mean of both axes' variances, pixels. */
  ep = Number.NaN;
  iterations = 0;

  readonly #sign: number;
  readonly #fixedSigma: number | undefined;
  readonly #maxSigma: number;
  readonly #maxIterations: number;
  readonly #isCalibrated: boolean;
  readonly #columns: AxisProfile;
  readonly #rows: AxisProfile;
  readonly #current = new Float64Array(parameterCount);
  readonly #trial = new Float64Array(parameterCount);
  readonly #step = new Float64Array(parameterCount);
  readonly #factor = new Float64Array(parameterCount * parameterCount);
  #best: Likelihood = createLikelihood();
  #next: Likelihood = createLikelihood();

  constructor(params: RefineParameters) {
    this.#sign = params.invert ? -1 : 1;
    this.#fixedSigma = params.sigma;
    this.#maxSigma = Math.max(params.window.y, params.window.x);
    this.#maxIterations = params.maxIterations ?? defaultMaxIterations;
    this.#isCalibrated = params.camera !== undefined;
    this.#columns = new AxisProfile(params.window.x, params.pixelModel);
    this.#rows = new AxisProfile(params.window.y, params.pixelModel);
  }

  /** How many numbers are fitted. */
  get freeCount(): number {
    return this.#fixedSigma === undefined ? parameterCount : parameterCount - 1;
  }

  /**
   * Fits from a start within the window. Returns whether it ended at an optimum: a feature of the right sign whose centre
   * lies in the window. The results are those of the last fit, right or wrong.
   */
  fit(window: FitWindow, startY: number, startX: number): boolean {
    const current = this.#current;
    this.#start(window, startY, startX);
    this.#evaluate(window, current, this.#best);
    let damping = 1e-3;
    let remaining = Infinity;
    let iterations = 0;
    while (iterations < this.#maxIterations) {
      iterations++;
      const free = this.#freeNow();
      if (!factorize(this.#factor, this.#best.information, parameterCount, free, damping)) {
        damping = Math.max(10 * damping, 1e-6);
        if (damping > 1e8) break;
        continue;
      }
      solve(this.#step, this.#factor, parameterCount, free, this.#best.gradient);
      // Newton decrement: the square of the step in units of its own uncertainty.
      remaining = 0;
      for (let i = 0; i < free; i++) remaining += this.#step[i]! * this.#best.gradient[i]!;
      remaining /= this.#dispersion(window);
      this.#move(free);
      this.#evaluate(window, this.#trial, this.#next);
      if (this.#next.logLikelihood >= this.#best.logLikelihood) {
        [this.#best, this.#next] = [this.#next, this.#best];
        current.set(this.#trial);
        damping = damping < 1e-6 ? 0 : damping / 10;
        if (remaining < convergedSquare) break;
      } else {
        // At the optimum rounding decides the sign of the difference.
        if (remaining < convergedSquare) break;
        damping = Math.max(10 * damping, 1e-3);
        if (damping > 1e8) break;
      }
    }
    this.iterations = iterations;
    return this.#conclude(window, remaining);
  }

  /** Background from the window's border, width from the second moments, amplitude from the pixels about the start. */
  #start(window: FitWindow, startY: number, startX: number): void {
    const { data, live, width, height } = window;
    let border = 0;
    let borderCount = 0;
    for (let y = 0, k = 0; y < height; y++) {
      const isEdgeRow = y === 0 || y === height - 1;
      for (let x = 0; x < width; x++, k++) {
        if (!isEdgeRow && x !== 0 && x !== width - 1) continue;
        border += data[k]!;
        borderCount += live[k]!;
      }
    }
    const level = borderCount > 0 ? border / borderCount : window.shift;
    let mass = 0;
    let moment = 0;
    let peak = 0;
    let peakCount = 0;
    for (let y = 0, k = 0; y < height; y++) {
      const dy = y - startY;
      for (let x = 0; x < width; x++, k++) {
        const dx = x - startX;
        const above = this.#sign * (data[k]! - level) * live[k]!;
        const squared = dy * dy + dx * dx;
        if (squared <= 2.5) {
          peak += above;
          peakCount += live[k]!;
        }
        if (above > 0) {
          mass += above;
          moment += squared * above;
        }
      }
    }
    const current = this.#current;
    const widest = Math.max(width, height) / 3;
    const byMoment = mass > 0 ? Math.sqrt(moment / (2 * mass)) : widest;
    current[at.x] = startX;
    current[at.y] = startY;
    current[at.sigma] = this.#fixedSigma ?? Math.min(Math.max(byMoment, 2 * minSigma), widest);
    const strength = peakCount > 0 && peak > 0 ? peak / peakCount : level > 0 ? 0.1 * level : 1;
    current[at.amplitude] = this.#sign * strength;
    current[at.background] = level - window.shift;
  }

  /** Sigma is held when it is known, or lies on a bound and wants to go beyond. */
  #freeNow(): number {
    if (this.#fixedSigma !== undefined) return parameterCount - 1;
    const sigma = this.#current[at.sigma]!;
    const pull = this.#best.gradient[at.sigma]!;
    const isHeld = (sigma <= minSigma && pull < 0) || (sigma >= this.#maxSigma && pull > 0);
    return isHeld ? parameterCount - 1 : parameterCount;
  }

  /** The trial is a step from the current point, cut so that no parameter leaves what its expansion is good for. */
  #move(free: number): void {
    const current = this.#current;
    const trial = this.#trial;
    const step = this.#step;
    const sigma = current[at.sigma]!;
    const largest = Math.max(Math.abs(step[at.x]!), Math.abs(step[at.y]!));
    const shorten = largest > sigma ? sigma / largest : 1;
    for (let i = 0; i < parameterCount; i++) trial[i] = current[i]! + (i < free ? shorten * step[i]! : 0);
    if (free === parameterCount) {
      const wanted = Math.min(Math.max(trial[at.sigma]!, sigma / 1.6), sigma * 1.6);
      trial[at.sigma] = Math.min(Math.max(wanted, minSigma), this.#maxSigma);
    }
  }

  #evaluate(window: FitWindow, parameters: Float64Array, out: Likelihood, asScatter = false): void {
    this.#columns.fill(window.width, parameters[at.x]!, parameters[at.sigma]!);
    this.#rows.fill(window.height, parameters[at.y]!, parameters[at.sigma]!);
    evaluate(out, window, this.#columns, this.#rows, parameters, asScatter);
  }

  /** Variance over mean: 1 in electrons, measured (Pearson) where the camera is not known. */
  #dispersion(window: FitWindow): number {
    if (this.#isCalibrated) return 1;
    return Math.max(this.#best.chiSquare / Math.max(1, window.liveCount - this.freeCount), Number.MIN_VALUE);
  }

  #conclude(window: FitWindow, remaining: number): boolean {
    const current = this.#current;
    this.x = current[at.x]!;
    this.y = current[at.y]!;
    this.amplitude = current[at.amplitude]!;
    this.background = current[at.background]!;
    this.sigma = current[at.sigma]!;
    this.ep = this.#positionError(window);
    const isInside = this.x > -0.5 && this.x < window.width - 0.5 && this.y > -0.5 && this.y < window.height - 0.5;
    return remaining < acceptedSquare && isInside && this.#sign * this.amplitude > 0 && Number.isFinite(this.ep);
  }

  /**
   * From the inverse of the information matrix F, whose column i solves F c = e_i. Where the camera is unknown the
   * likelihood is only of the right shape, and the variance is F^-1 B F^-1 with the scatter B of the gradient's terms
   * (White, Econometrica 50, 1, 1982, theorem 3.2), with its share lost to the fitted parameters put back.
   */
  #positionError(window: FitWindow): number {
    const free = this.#freeNow();
    const factor = this.#factor;
    if (!factorize(factor, this.#best.information, parameterCount, free, 0)) return Number.NaN;
    const solution = this.#step;
    if (!this.#isCalibrated) this.#evaluate(window, this.#current, this.#next, true);
    let variance = 0;
    for (let i = 0; i < 2; i++) {
      solution.fill(0);
      solution[i] = 1;
      solve(solution, factor, parameterCount, free, solution);
      variance += this.#isCalibrated ? solution[i]! : quadraticForm(this.#next.information, solution, free);
    }
    if (!this.#isCalibrated) variance *= window.liveCount / (window.liveCount - free);
    return Math.sqrt(variance / 2);
  }
}

/** v' M v for a symmetric M of which the lower triangle is kept. */
function quadraticForm(matrix: Float64Array, vector: Float64Array, n: number): number {
  let sum = 0;
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < i; j++) sum += 2 * matrix[i * parameterCount + j]! * vector[i]! * vector[j]!;
    sum += matrix[i * parameterCount + i]! * vector[i]! * vector[i]!;
  }
  return sum;
}
