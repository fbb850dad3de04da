/** A ring unwrapped into rays, and how much each point of a ray looks like the ring's line. */

import type { PixelArray } from "../../model/pixel-format.js";
import type { FrameShape } from "../locate/parameters.js";
import type { CompleteRingParameters } from "./parameters.js";

/** Distance of samples along a ray, pixels. */
export const rayStep = 0.5;
/** The filter ends where the Gaussian has fallen to 1 %. */
const filterReach = 3;

/**
 * Samples the frame bilinearly along `angles` rays and filters every ray: with the second derivative of a Gaussian for a
 * line, which neither a level nor a slope of the illumination changes, with the first for a step.
 */
export class PolarResponse {
  readonly angles: number;
  readonly sine: Float64Array;
  readonly cosine: Float64Array;
  /** Samples of a ray in the last unwrapping; sample j lies at `firstRadius` + j `rayStep`. */
  samples = 0;
  firstRadius = 0;
  /** Response at the point that `strongest` found last. */
  strength = 0;
  /** Ray after ray, `samples` to a ray; NaN where a ray left the frame or met a pixel that is not finite. */
  readonly response: Float64Array;
  readonly #profile: Float64Array;
  readonly #filter: Float64Array;
  readonly #shape: FrameShape;

  constructor(shape: FrameShape, params: CompleteRingParameters, mostRange: number) {
    this.#shape = shape;
    // A ray for each pixel of the circumference.
    this.angles = Math.min(Math.max(Math.round(Math.PI * params.diameter), 24), 1024);
    this.sine = Float64Array.from({ length: this.angles }, (_, k) => Math.sin((2 * Math.PI * k) / this.angles));
    this.cosine = Float64Array.from({ length: this.angles }, (_, k) => Math.cos((2 * Math.PI * k) / this.angles));
    const half = Math.ceil((filterReach * params.lineWidth) / rayStep);
    this.#filter = Float64Array.from({ length: 2 * half + 1 }, (_, k) => {
      const u = ((k - half) * rayStep) / params.lineWidth;
      const bell = Math.exp((-u * u) / 2);
      if (params.polarity === "edge") return u * bell;
      return (params.polarity === "bright" ? 1 : -1) * (1 - u * u) * bell;
    });
    // Cut off and sampled, the filter must still be blind to a level.
    const mean = this.#filter.reduce((sum, value) => sum + value, 0) / this.#filter.length;
    this.#filter = this.#filter.map((value) => value - mean);
    const most = 2 * Math.ceil(mostRange / rayStep) + 1;
    this.response = new Float64Array(this.angles * most);
    this.#profile = new Float64Array(most + 2 * half);
  }

  /** Unwraps `range` pixels to both sides of a circle; the middle sample lies on it. */
  unwrap(pixels: PixelArray, start: number, stride: number, y: number, x: number, radius: number, range: number): void {
    const { height, width } = this.#shape;
    const half = this.#filter.length >> 1;
    const side = Math.ceil(range / rayStep);
    const profile = this.#profile;
    this.samples = 2 * side + 1;
    this.firstRadius = radius - side * rayStep;
    const sampled = this.samples + 2 * half;
    for (let angle = 0; angle < this.angles; angle++) {
      const dy = this.sine[angle]! * rayStep;
      const dx = this.cosine[angle]! * rayStep;
      const from = radius / rayStep - side - half;
      for (let j = 0; j < sampled; j++) {
        const py = y + (from + j) * dy;
        const px = x + (from + j) * dx;
        const row = Math.floor(py);
        const column = Math.floor(px);
        if (row < 0 || column < 0 || row >= height - 1 || column >= width - 1) {
          profile[j] = Number.NaN;
          continue;
        }
        const at = start + row * stride + column;
        const fy = py - row;
        const fx = px - column;
        const upper = pixels[at]! + fx * (pixels[at + 1]! - pixels[at]!);
        const lower = pixels[at + stride]! + fx * (pixels[at + stride + 1]! - pixels[at + stride]!);
        profile[j] = upper + fy * (lower - upper);
      }
      this.#filterRay(angle);
    }
  }

  #filterRay(angle: number): void {
    const filter = this.#filter;
    const out = angle * this.samples;
    for (let j = 0; j < this.samples; j++) {
      let sum = 0;
      for (let k = 0; k < filter.length; k++) sum += filter[k]! * this.#profile[j + k]!;
      this.response[out + j] = sum;
    }
  }

  /** Turns the response over where it is mostly negative on the strongest points of the rays: a step down is a step too. */
  makePositive(): void {
    let up = 0;
    let down = 0;
    for (let angle = 0; angle < this.angles; angle++) {
      let most = 0;
      let least = 0;
      for (let j = angle * this.samples; j < (angle + 1) * this.samples; j++) {
        most = Math.max(most, this.response[j]!);
        least = Math.min(least, this.response[j]!);
      }
      if (most >= 0) up += most;
      if (least <= 0) down -= least;
    }
    if (down <= up) return;
    for (let j = 0; j < this.angles * this.samples; j++) this.response[j] = -this.response[j]!;
  }

  /** Radius of the strongest inner point of a ray, to a part of a sample by a parabola; NaN without one above 0. */
  strongest(angle: number): number {
    const from = angle * this.samples;
    let best = -1;
    let most = 0;
    for (let j = 1; j < this.samples - 1; j++) {
      const value = this.response[from + j]!;
      if (value > most && value >= this.response[from + j - 1]! && value >= this.response[from + j + 1]!) {
        most = value;
        best = j;
      }
    }
    this.strength = most;
    if (best < 0) return Number.NaN;
    const before = this.response[from + best - 1]!;
    const after = this.response[from + best + 1]!;
    const curvature = before + after - 2 * most;
    const shift = curvature < 0 ? (0.5 * (before - after)) / curvature : 0;
    return this.firstRadius + (best + shift) * rayStep;
  }
}
