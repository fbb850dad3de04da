/** The point that the lines along the gradient of one window pass nearest to, and how far noise carries it. */

import type { RefineParameters } from "./parameters.js";
import type { FitWindow } from "./window.js";

/** Distances to the gradient's centroid below this many pixels count as this: their lines say next to nothing. */
const leastDistance = 0.25;
/** Variance of a smoothed gradient over that of a pixel: weights 1 2 2 1 on two columns three apart, over 18. */
const gradientVariance = 20 / 324;

/**
 * One solver serves one window after the other; nothing is allocated by `fit`.
 *
 * Source: Parthasarathy, Nature Methods 9, 724, 2012: gradients between the pixels, smoothed over 3 x 3, and the point with
 * the least sum of squared distances to their lines, weighted by gradient^2 / distance to the gradient's centroid. At the
 * window's edge we average the gradients that exist, where his program adds zeros.
 *
 * The uncertainty is not his: it is the pixels' variance carried through that formula to first order (weights' distances
 * held), with the camera's noise, or with variance proportional to the grey level and a factor from the lines' residuals.
 */
export class RadialSymmetryFit {
  /** Row and column of the centre within the window. */
  y = 0;
  x = 0;
  /** Standard deviation of the position, root of the mean of both axes' variances, pixels. */
  ep = Number.NaN;

  readonly #isCalibrated: boolean;
  /** Gradients between pixels, before and after smoothing, by x and by y; `count` is how many were averaged. */
  readonly #rawX: Float64Array;
  readonly #rawY: Float64Array;
  readonly #count: Float64Array;
  readonly #gradientX: Float64Array;
  readonly #gradientY: Float64Array;
  readonly #weight: Float64Array;
  /** What the centre gains by each smoothed gradient, then by each pixel. */
  readonly #byGradientX: Float64Array;
  readonly #byGradientY: Float64Array;
  readonly #byPixel: Float64Array;

  constructor(params: RefineParameters) {
    const size = params.window.y * params.window.x;
    const array = () => new Float64Array(size);
    this.#isCalibrated = params.camera !== undefined;
    this.#rawX = array();
    this.#rawY = array();
    this.#count = array();
    this.#gradientX = array();
    this.#gradientY = array();
    this.#weight = array();
    this.#byGradientX = array();
    this.#byGradientY = array();
    this.#byPixel = array();
  }

  readonly freeCount = 2;

  /** Returns whether there was a centre within the window. */
  fit(window: FitWindow): boolean {
    const height = window.height - 1;
    const width = window.width - 1;
    this.#differentiate(window, height, width);
    this.#smooth(height, width);
    if (!this.#weigh(height, width)) return false;

    // Normal equations of the sum of w (gx (y - yc) - gy (x - xc))^2.
    let [xx, xy, yy, bx, by] = [0, 0, 0, 0, 0];
    for (let i = 0, k = 0; i < height; i++) {
      for (let j = 0; j < width; j++, k++) {
        const gx = this.#gradientX[k]!;
        const gy = this.#gradientY[k]!;
        const w = this.#weight[k]!;
        const line = gx * (i + 0.5) - gy * (j + 0.5);
        xx += w * gy * gy;
        xy -= w * gx * gy;
        yy += w * gx * gx;
        bx -= w * gy * line;
        by += w * gx * line;
      }
    }
    const determinant = xx * yy - xy * xy;
    // Parallel lines meet nowhere.
    if (!(determinant > 1e-12 * xx * yy)) return false;
    this.x = (yy * bx - xy * by) / determinant;
    this.y = (xx * by - xy * bx) / determinant;
    const inverse = { xx: yy / determinant, xy: -xy / determinant, yy: xx / determinant };
    const variance = this.#propagate(window, inverse.xx, inverse.xy) + this.#propagate(window, inverse.xy, inverse.yy);
    this.ep = Math.sqrt((variance / 2) * this.#dispersion(window));
    const isInside = this.x > -0.5 && this.x < window.width - 0.5 && this.y > -0.5 && this.y < window.height - 0.5;
    return isInside && Number.isFinite(this.ep);
  }

  /** Gradients at the corners where four pixels meet; none where one of the four is missing. */
  #differentiate({ data, live, width: stride }: FitWindow, height: number, width: number): void {
    for (let i = 0, k = 0; i < height; i++) {
      for (let j = 0; j < width; j++, k++) {
        const p = i * stride + j;
        const q = p + stride;
        const isWhole = live[p]! * live[p + 1]! * live[q]! * live[q + 1]!;
        const down = data[q + 1]! - data[p]!;
        const up = data[p + 1]! - data[q]!;
        this.#rawX[k] = 0.5 * (down + up) * isWhole;
        this.#rawY[k] = 0.5 * (down - up) * isWhole;
        this.#weight[k] = isWhole;
      }
    }
  }

  #smooth(height: number, width: number): void {
    for (let i = 0, k = 0; i < height; i++) {
      for (let j = 0; j < width; j++, k++) {
        let sumX = 0;
        let sumY = 0;
        let count = 0;
        for (let m = Math.max(0, i - 1); m <= Math.min(height - 1, i + 1); m++) {
          for (let n = Math.max(0, j - 1); n <= Math.min(width - 1, j + 1); n++) {
            sumX += this.#rawX[m * width + n]!;
            sumY += this.#rawY[m * width + n]!;
            count += this.#weight[m * width + n]!;
          }
        }
        // Where the gradient itself is missing its neighbours do not stand in for it.
        const scale = this.#weight[k]! > 0 ? 1 / count : 0;
        this.#gradientX[k] = sumX * scale;
        this.#gradientY[k] = sumY * scale;
        this.#count[k] = scale === 0 ? 0 : count;
      }
    }
  }

  /** One over the distance to the centroid of gradient^2; false for a flat window. */
  #weigh(height: number, width: number): boolean {
    let mass = 0;
    let momentY = 0;
    let momentX = 0;
    for (let i = 0, k = 0; i < height; i++) {
      for (let j = 0; j < width; j++, k++) {
        const squared = this.#gradientX[k]! ** 2 + this.#gradientY[k]! ** 2;
        mass += squared;
        momentY += squared * (i + 0.5);
        momentX += squared * (j + 0.5);
      }
    }
    if (!(mass > 0)) return false;
    const centreY = momentY / mass;
    const centreX = momentX / mass;
    for (let i = 0, k = 0; i < height; i++) {
      for (let j = 0; j < width; j++, k++) {
        const distance = Math.sqrt((i + 0.5 - centreY) ** 2 + (j + 0.5 - centreX) ** 2);
        this.#weight[k] = this.#count[k] === 0 ? 0 : 1 / Math.max(distance, leastDistance);
      }
    }
    return true;
  }

  /** Variance of one coordinate of the centre, that with the row (`byX`, `byY`) of the normal matrix' inverse. */
  #propagate(window: FitWindow, byX: number, byY: number): number {
    const height = window.height - 1;
    const width = window.width - 1;
    // The centre moves by -M^-1 times what the slope of the sum of squares gains.
    for (let i = 0, k = 0; i < height; i++) {
      for (let j = 0; j < width; j++, k++) {
        const gx = this.#gradientX[k]!;
        const gy = this.#gradientY[k]!;
        const dy = i + 0.5 - this.y;
        const dx = j + 0.5 - this.x;
        const miss = gx * dy - gy * dx;
        const scale = this.#count[k] === 0 ? 0 : this.#weight[k]! / this.#count[k]!;
        this.#byGradientX[k] = scale * (byX * dy * gy - byY * (miss + dy * gx));
        this.#byGradientY[k] = scale * (byX * (miss - dx * gy) + byY * dx * gx);
      }
    }
    const { data, width: stride } = window;
    const byPixel = this.#byPixel;
    byPixel.fill(0, 0, window.height * stride);
    for (let i = 0; i < height; i++) {
      for (let j = 0; j < width; j++) {
        // A gradient before smoothing counts in all smoothed ones about it, if it was there.
        let sumX = 0;
        let sumY = 0;
        if (this.#count[i * width + j] === 0) continue;
        for (let m = Math.max(0, i - 1); m <= Math.min(height - 1, i + 1); m++) {
          for (let n = Math.max(0, j - 1); n <= Math.min(width - 1, j + 1); n++) {
            sumX += this.#byGradientX[m * width + n]!;
            sumY += this.#byGradientY[m * width + n]!;
          }
        }
        const p = i * stride + j;
        const q = p + stride;
        byPixel[p] = byPixel[p]! - 0.5 * (sumX + sumY);
        byPixel[p + 1] = byPixel[p + 1]! + 0.5 * (sumX - sumY);
        byPixel[q] = byPixel[q]! - 0.5 * (sumX - sumY);
        byPixel[q + 1] = byPixel[q + 1]! + 0.5 * (sumX + sumY);
      }
    }
    let variance = 0;
    // A pixel's own value stands for its variance: rough for one, right on average.
    for (let p = 0; p < window.height * stride; p++) variance += byPixel[p]! ** 2 * data[p]!;
    return variance;
  }

  /** Variance over mean of the pixels: 1 in electrons, measured from the lines' residuals where the camera is unknown. */
  #dispersion({ data, width: stride, height: rows }: FitWindow): number {
    if (this.#isCalibrated) return 1;
    const height = rows - 1;
    const width = stride - 1;
    let found = 0;
    let expected = 0;
    for (let i = 0, k = 0; i < height; i++) {
      for (let j = 0; j < width; j++, k++) {
        if (this.#count[k] !== 9) continue;
        const dy = i + 0.5 - this.y;
        const dx = j + 0.5 - this.x;
        const miss = this.#gradientX[k]! * dy - this.#gradientY[k]! * dx;
        const p = i * stride + j;
        const mean = (data[p]! + data[p + 1]! + data[p + stride]! + data[p + stride + 1]!) / 4;
        found += this.#weight[k]! * miss * miss;
        expected += this.#weight[k]! * gradientVariance * mean * (dy * dy + dx * dx);
      }
    }
    return expected > 0 ? found / expected : Number.NaN;
  }
}
