/** Finds the circle of one ring from a rough centre and radius. */

import type { PixelArray } from "../../model/pixel-format.js";
import type { FrameShape } from "../locate/parameters.js";
import { factorize, solve } from "../refine/cholesky.js";
import { type Circle, circleThrough, fitCircle } from "./circle-fit.js";
import type { CompleteRingParameters } from "./parameters.js";
import { PolarResponse, rayStep } from "./polar-response.js";

const roughPasses = 3;
/** Share of the score asked for below which a rough circle is given up at once. */
const hopeless = 0.6;
const finePasses = 6;
/** Rays with less than this share of the upper quartile's response see noise. */
const faint = 0.25;
/** Circles tried for a consensus. */
const triples = 36;
/** Rays up to this many pixels of arc apart have pixels in common. */
const sharedLags = 3;
/** Rays whose line is nearer than this many line widths to another ring's see that one too. */
const clearance = 4;
/** Share of the rays that must be clear of other rings to do without the rest. */
const leastClear = 0.25;
/**
 * Interpolation blurs by a variance of 1/6 pixel squared on either axis (the mean of f (1 - f)), which draws a line of
 * radius R inwards by 1/6 over 2 R.
 */
const blurShift = 1 / 12;
/** Fine passes end when the circle moves less than this, pixels. */
const converged = 1e-3;

/**
 * First the strongest point of every ray and the circle that most of them agree on, three times about the circle found before; then the circle along which the sum of all rays' responses is largest, by Newton steps. The second is what a
 * matched filter in white noise does, so that no ray has to see the line by itself.
 */
export class RingFit implements Circle {
  y = 0;
  x = 0;
  radius = 0;
  /** Share of the rays that see the ring, less those that do by chance; rays that leave the frame do not see it. */
  score = 0;
  /**
   * Standard deviation of the centre, root of the mean of both axes' variances, pixels: from the scatter of the rays'
   * own answers about the circle, with what neighbouring rays have in common.
   */
  ep = Number.NaN;

  readonly #polar: PolarResponse;
  readonly #params: CompleteRingParameters;
  readonly #fineRange: number;
  readonly #tolerance: number;
  readonly #pointY: Float64Array;
  readonly #pointX: Float64Array;
  readonly #miss: Float64Array;
  readonly #left: Float64Array;
  /** 1 for the rays that see the ring where the circle is. */
  readonly use: Uint8Array;
  readonly #trial: Circle = { y: 0, x: 0, radius: 0 };
  readonly #normal = new Float64Array(9);
  readonly #factor = new Float64Array(9);
  readonly #step = new Float64Array(3);
  readonly #unit = new Float64Array(3);

  constructor(shape: FrameShape, params: CompleteRingParameters) {
    const radius = params.diameter / 2;
    this.#params = params;
    const mostRange = params.radiusTolerance * radius + params.followRange + 2 * params.lineWidth;
    this.#fineRange = Math.max(4 * params.lineWidth, 0.4 * radius);
    this.#tolerance = Math.max(1, params.lineWidth);
    this.#polar = new PolarResponse(shape, params, Math.max(mostRange, this.#fineRange));
    const array = () => new Float64Array(this.#polar.angles);
    this.#pointY = array();
    this.#pointX = array();
    this.#miss = array();
    this.#left = array();
    this.use = new Uint8Array(this.#polar.angles);
  }

  /**
   * Fits from a rough circle whose centre is at most `offset` away. Returns whether there is a ring: seen on `minScore` of
   * its circumference, with a radius within the tolerance, not farther than offset and a line's width from the start.
   */
  fit(
    pixels: PixelArray,
    start: number,
    stride: number,
    y: number,
    x: number,
    radius: number,
    offset: number,
  ): boolean {
    this.y = y;
    this.x = x;
    this.radius = radius;
    const { radiusTolerance, lineWidth, diameter, minScore } = this.#params;
    let range = radiusTolerance * radius + offset + lineWidth;
    for (let pass = 0; pass < roughPasses; pass++) {
      this.#unwrap(pixels, start, stride, range);
      if (pass === 1) {
        // Most false candidates end here, at a third of the cost.
        this.#judge();
        if (this.score < hopeless * minScore) return false;
      }
      if (!this.#fitPoints()) return false;
      range = Math.max(this.#fineRange, range / 2);
    }
    for (let pass = 0; pass < finePasses; pass++) {
      this.#unwrap(pixels, start, stride, pass === 0 ? this.#fineRange : rayStep);
      if (pass === 0) this.#judge();
      if (this.score < minScore) return false;
      const moved = this.#climb();
      if (Number.isNaN(moved)) return false;
      if (moved < converged) break;
    }
    this.radius += blurShift / this.radius;
    const isOfSize = Math.abs(this.radius - diameter / 2) <= (radiusTolerance * diameter) / 2 + lineWidth;
    return isOfSize && Math.hypot(this.y - y, this.x - x) <= offset + lineWidth && Number.isFinite(this.ep);
  }

  /**
   * Fits once more from a circle that was found, without the rays on which another ring comes near. `others` counts the
   * circles in `circles`. Returns false, and leaves the circle as it was, where too few rays are left.
   */
  polish(
    pixels: PixelArray,
    start: number,
    stride: number,
    y: number,
    x: number,
    radius: number,
    circles: readonly Circle[],
    others: number,
  ): boolean {
    this.y = y;
    this.x = x;
    this.radius = radius - blurShift / radius;
    for (let pass = 0; pass < finePasses; pass++) {
      this.#unwrap(pixels, start, stride, pass === 0 ? this.#fineRange : rayStep);
      if (pass === 0) this.#judge();
      if (this.#clear(circles, others) < this.#polar.angles * leastClear) return false;
      const moved = this.#climb();
      if (Number.isNaN(moved)) return false;
      if (moved < converged) break;
    }
    this.radius += blurShift / this.radius;
    return Math.hypot(this.y - y, this.x - x) <= clearance * this.#params.lineWidth && Number.isFinite(this.ep);
  }

  /** Whether a ray's point on a circle lies within so many pixels of another circle. */
  isOn(angle: number, circle: Circle, other: Circle, distance: number): boolean {
    const y = circle.y + circle.radius * this.#polar.sine[angle]!;
    const x = circle.x + circle.radius * this.#polar.cosine[angle]!;
    return Math.abs(Math.hypot(y - other.y, x - other.x) - other.radius) <= distance;
  }

  /** How near another ring's line must be to be what a ray saw, pixels. */
  get confusion(): number {
    return this.#tolerance + this.#params.lineWidth;
  }

  get rays(): number {
    return this.#polar.angles;
  }

  /** Leaves out the rays that come near another ring; returns how many are left. */
  #clear(circles: readonly Circle[], others: number): number {
    let left = 0;
    for (let angle = 0; angle < this.#polar.angles; angle++) {
      for (let i = 0; i < others && this.use[angle] === 1; i++) {
        if (this.isOn(angle, this, circles[i]!, clearance * this.#params.lineWidth)) this.use[angle] = 0;
      }
      left += this.use[angle]!;
    }
    return left;
  }

  #unwrap(pixels: PixelArray, start: number, stride: number, range: number): void {
    this.#polar.unwrap(pixels, start, stride, this.y, this.x, this.radius, range);
    if (this.#params.polarity === "edge") this.#polar.makePositive();
  }

  /** Circle through the strongest points: of those that most agree on, and then of all that lie on it. */
  #fitPoints(): boolean {
    const { angles, sine, cosine } = this.#polar;
    for (let angle = 0; angle < angles; angle++) {
      const radius = this.#polar.strongest(angle);
      this.#pointY[angle] = this.y + radius * sine[angle]!;
      this.#pointX[angle] = this.x + radius * cosine[angle]!;
    }
    let count = this.#findConsensus();
    for (let round = 0; round < 8; round++) {
      if (count < hopeless * this.#params.minScore * angles) return false;
      if (!fitCircle(this, this.#pointY, this.#pointX, this.use)) return false;
      const kept = this.#markPoints(this);
      if (kept === count) break;
      count = kept;
    }
    return count >= hopeless * this.#params.minScore * angles;
  }

  /**
   * Of circles through three points a sixth of a turn apart, all around, the one with the most points (random sample
   * consensus without the randomness: Fischler and Bolles, Commun. ACM 24, 381, 1981). Three points of a third of a turn
   * miss a gap that most other choices would meet. Marks its points and returns how many there are.
   */
  #findConsensus(): number {
    const { angles } = this.#polar;
    const { diameter, radiusTolerance, lineWidth } = this.#params;
    const sixth = Math.round(angles / 6);
    const trial = this.#trial;
    let most = 0;
    let best = -1;
    for (let i = 0; i < triples; i++) {
      const first = Math.floor((i * angles) / triples);
      if (!this.#passThrough(first, sixth)) continue;
      if (Math.abs(trial.radius - diameter / 2) > (radiusTolerance * diameter) / 2 + lineWidth) continue;
      const count = this.#markPoints(trial);
      if (count > most) {
        most = count;
        best = first;
      }
    }
    if (best < 0) return 0;
    this.#passThrough(best, sixth);
    return this.#markPoints(trial);
  }

  #passThrough(first: number, sixth: number): boolean {
    const { angles } = this.#polar;
    const second = (first + sixth) % angles;
    const third = (first + 2 * sixth) % angles;
    return circleThrough(this.#trial, this.#pointY, this.#pointX, first, second, third);
  }

  /** Marks the points on a circle; returns how many there are. */
  #markPoints(circle: Circle): number {
    let count = 0;
    for (let angle = 0; angle < this.#polar.angles; angle++) {
      const dy = this.#pointY[angle]! - circle.y;
      const dx = this.#pointX[angle]! - circle.x;
      this.use[angle] = Math.abs(Math.sqrt(dy * dy + dx * dx) - circle.radius) <= this.#tolerance ? 1 : 0;
      count += this.use[angle]!;
    }
    return count;
  }

  /**
   * Marks the rays that see the ring where the circle is, as strongly as others. A ray that sees noise alone has its
   * strongest point anywhere, and by chance on the circle: that many of those that do not see the ring are taken off.
   */
  #judge(): void {
    const { angles } = this.#polar;
    const strengths = this.#left;
    let marked = 0;
    for (let angle = 0; angle < angles; angle++) {
      this.#miss[angle] = Math.abs(this.#polar.strongest(angle) - this.radius);
      this.#pointY[angle] = this.#polar.strength;
      this.use[angle] = this.#miss[angle]! <= this.#tolerance ? 1 : 0;
      if (this.use[angle] === 1) strengths[marked++] = this.#polar.strength;
    }
    const usual = strengths.subarray(0, marked).sort()[Math.floor(0.75 * marked)] ?? 0;
    let seen = 0;
    let measured = 0;
    for (let angle = 0; angle < angles; angle++) {
      if (this.#pointY[angle]! < faint * usual) this.use[angle] = 0;
      else if (!Number.isNaN(this.#miss[angle]!)) measured++;
      seen += this.use[angle]!;
    }
    const chance = this.#tolerance / this.#fineRange;
    this.score = Math.max(0, (seen - chance * measured) / (1 - chance) / angles);
  }

  /**
   * One Newton step of centre and radius up the sum of responses: a ray whose response rises outwards by f' wants its
   * radius larger by f' over the mean curvature. Returns how far the circle moved, NaN where the sum has no maximum.
   */
  #climb(): number {
    const { angles, samples, response, sine, cosine } = this.#polar;
    const middle = samples >> 1;
    let curvature = 0;
    let used = 0;
    for (let angle = 0; angle < angles; angle++) {
      if (this.use[angle] === 0) continue;
      const at = angle * samples + middle;
      const slope = (response[at + 1]! - response[at - 1]!) / (2 * rayStep);
      const bend = (2 * response[at]! - response[at + 1]! - response[at - 1]!) / (rayStep * rayStep);
      if (!Number.isFinite(slope) || !Number.isFinite(bend)) {
        this.use[angle] = 0;
        continue;
      }
      this.#miss[angle] = slope;
      curvature += bend;
      used++;
    }
    if (used < 8 || !(curvature > 0)) return Number.NaN;
    curvature /= used;
    const normal = this.#normal.fill(0);
    const step = this.#step.fill(0);
    for (let angle = 0; angle < angles; angle++) {
      if (this.use[angle] === 0) continue;
      const wanted = this.#miss[angle]! / curvature;
      this.#miss[angle] = wanted;
      const [s, c] = [sine[angle]!, cosine[angle]!];
      normal[0]! += s * s;
      normal[3]! += s * c;
      normal[4]! += c * c;
      normal[6]! += s;
      normal[7]! += c;
      normal[8]! += 1;
      step[0]! += s * wanted;
      step[1]! += c * wanted;
      step[2]! += wanted;
    }
    if (!factorize(this.#factor, normal, 3, 3, 0)) return Number.NaN;
    solve(step, this.#factor, 3, 3, step);
    this.#estimateError(used);
    // A step beyond the line's width would leave the curvature it was reckoned with.
    const largest = Math.max(Math.abs(step[0]!), Math.abs(step[1]!), Math.abs(step[2]!));
    const shorten = Math.min(1, this.#params.lineWidth / largest);
    this.y += shorten * step[0]!;
    this.x += shorten * step[1]!;
    this.radius += shorten * step[2]!;
    return largest;
  }

  #estimateError(used: number): void {
    const { angles, sine, cosine } = this.#polar;
    const step = this.#step;
    const left = this.#left;
    for (let angle = 0; angle < angles; angle++) {
      const along = step[0]! * sine[angle]! + step[1]! * cosine[angle]! + step[2]!;
      left[angle] = this.use[angle] === 0 ? 0 : this.#miss[angle]! - along;
    }
    // Rays a pixel apart share pixels: variances of sums over rays grow by the autocorrelation of neighbours.
    let variance = 0;
    for (let lag = 0; lag <= sharedLags; lag++) {
      let product = 0;
      for (let angle = 0; angle < angles; angle++) product += left[angle]! * left[(angle + lag) % angles]!;
      variance += lag === 0 ? product : 2 * product;
      if (lag === 0 && product === 0) break;
    }
    // Each of those seven sums lost as much to the three fitted numbers as the first.
    variance = Math.max(variance, 0) / Math.max(1, used - 3 * (2 * sharedLags + 1));
    const unit = this.#unit;
    let trace = 0;
    for (let axis = 0; axis < 2; axis++) {
      unit.fill(0);
      unit[axis] = 1;
      solve(unit, this.#factor, 3, 3, unit);
      trace += unit[axis]!;
    }
    this.ep = Math.sqrt((variance * trace) / 2);
  }
}
