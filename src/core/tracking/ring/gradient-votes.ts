/** Where the lines along the gradients of a frame meet at about a radius' distance: candidates for centres of rings. */

import type { PixelArray } from "../../model/pixel-format.js";
import type { FrameShape } from "../locate/parameters.js";
import type { CompleteRingParameters } from "./parameters.js";

/** Gradients above this many medians vote: 3 standard deviations of noise, which 1.2 % of noise pixels exceed. */
const voteAbove = 2.5;
const medianSamples = 65536;
/** Directions in which a candidate's voters are looked for. */
const directions = 32;

/**
 * Circular Hough transform by gradients (Kimme, Ballard and Sklansky, Commun. ACM 18, 120, 1975): every steep pixel
 * votes for all points on its gradient's line, to both sides, from the smallest to the largest radius away. Both flanks
 * of a bright or dark line and either kind of step vote for the centre alike.
 */
export class GradientVotes {
  /** Candidates of the last frame, most votes first. */
  readonly y: Float64Array;
  readonly x: Float64Array;
  readonly #shape: FrameShape;
  readonly #radii: { readonly least: number; readonly most: number };
  readonly #leastVotes: number;
  readonly #leastShare: number;
  #steep = 0;
  readonly #reach: number;
  readonly #half: number;
  readonly #smooth: Float32Array;
  readonly #votes: Float32Array;
  readonly #rows: Float32Array;
  readonly #sums: Float32Array;
  readonly #samples: Float32Array;
  readonly #found: Int32Array;

  constructor(shape: FrameShape, params: CompleteRingParameters, capacity: number) {
    const radius = params.diameter / 2;
    const pixels = shape.height * shape.width;
    this.#shape = shape;
    this.#radii = {
      least: Math.max(2, radius * (1 - params.radiusTolerance) - params.lineWidth),
      most: radius * (1 + params.radiusTolerance) + params.lineWidth,
    };
    // One vote for each pixel of the share of the circumference that must be seen: a line has two flanks of two pixels.
    this.#leastVotes = params.minScore * 2 * Math.PI * radius;
    this.#leastShare = 0.6 * params.minScore;
    this.#reach = Math.max(1, Math.floor(params.separation / 2));
    this.#half = Math.max(1, Math.round(0.1 * radius));
    this.#smooth = new Float32Array(pixels);
    this.#votes = new Float32Array(pixels);
    this.#rows = new Float32Array(pixels);
    this.#sums = new Float32Array(pixels);
    this.#samples = new Float32Array(Math.min(pixels, medianSamples));
    this.y = new Float64Array(capacity);
    this.x = new Float64Array(capacity);
    this.#found = new Int32Array(Math.ceil(pixels / 4) + 1);
  }

  /** Finds the candidates of a frame; pixels that are not finite count as 0. Returns how many there are. */
  find(pixels: PixelArray, start: number, stride: number): number {
    this.#smoothen(pixels, start, stride);
    this.#steep = this.#threshold();
    this.#vote(this.#steep);
    this.#sumVotes();
    return this.#findPeaks();
  }

  /** Binomial 1 4 6 4 1 on both axes (sigma 1), edges repeated. */
  #smoothen(pixels: PixelArray, start: number, stride: number): void {
    const { height, width } = this.#shape;
    const line = this.#sums;
    for (let y = 0; y < height; y++) {
      const from = start + y * stride;
      const to = y * width;
      for (let x = 0; x < width; x++) {
        const a = pixels[from + Math.max(x - 2, 0)]!;
        const b = pixels[from + Math.max(x - 1, 0)]!;
        const c = pixels[from + x]!;
        const d = pixels[from + Math.min(x + 1, width - 1)]!;
        const e = pixels[from + Math.min(x + 2, width - 1)]!;
        const sum = (a + e + 4 * (b + d) + 6 * c) / 16;
        line[to + x] = Number.isFinite(sum) ? sum : 0;
      }
    }
    const last = (height - 1) * width;
    for (let y = 0; y < height; y++) {
      const at = y * width;
      const above = Math.max(at - width, 0);
      const above2 = Math.max(at - 2 * width, 0);
      const below = Math.min(at + width, last);
      const below2 = Math.min(at + 2 * width, last);
      for (let x = 0; x < width; x++) {
        const outer = line[above2 + x]! + line[below2 + x]!;
        this.#smooth[at + x] = (outer + 4 * (line[above + x]! + line[below + x]!) + 6 * line[at + x]!) / 16;
      }
    }
  }

  /** Steepness squared from which pixels vote, from the median of a sample of the frame. */
  #threshold(): number {
    const { height, width } = this.#shape;
    const step = Math.max(1, Math.floor((height * width) / medianSamples));
    const smooth = this.#smooth;
    let count = 0;
    for (let at = width + 1; at < (height - 1) * width - 1 && count < this.#samples.length; at += step) {
      const gx = smooth[at + 1]! - smooth[at - 1]!;
      const gy = smooth[at + width]! - smooth[at - width]!;
      this.#samples[count++] = gx * gx + gy * gy;
    }
    const sorted = this.#samples.subarray(0, count).sort();
    return voteAbove * voteAbove * (sorted[count >> 1] ?? 0);
  }

  #vote(threshold: number): void {
    const { height, width } = this.#shape;
    const { least, most } = this.#radii;
    const smooth = this.#smooth;
    const votes = this.#votes.fill(0);
    for (let y = 1; y < height - 1; y++) {
      for (let x = 1; x < width - 1; x++) {
        const at = y * width + x;
        const gx = smooth[at + 1]! - smooth[at - 1]!;
        const gy = smooth[at + width]! - smooth[at - width]!;
        const squared = gx * gx + gy * gy;
        if (!(squared > threshold)) continue;
        const scale = 1 / Math.sqrt(squared);
        const unitX = gx * scale;
        const unitY = gy * scale;
        for (let radius = least; radius <= most; radius++) {
          const overY = Math.round(radius * unitY);
          const overX = Math.round(radius * unitX);
          if (y + overY >= 0 && y + overY < height && x + overX >= 0 && x + overX < width) {
            votes[at + overY * width + overX]!++;
          }
          if (y - overY >= 0 && y - overY < height && x - overX >= 0 && x - overX < width) {
            votes[at - overY * width - overX]!++;
          }
        }
      }
    }
  }

  /** Sums over a square, since lines miss the centre by their angle's error. */
  #sumVotes(): void {
    const { height, width } = this.#shape;
    const half = this.#half;
    const rows = this.#rows;
    for (let y = 0; y < height; y++) {
      let sum = 0;
      for (let x = -half; x < width; x++) {
        if (x + half < width) sum += this.#votes[y * width + x + half]!;
        if (x - half - 1 >= 0) sum -= this.#votes[y * width + x - half - 1]!;
        if (x >= 0) rows[y * width + x] = sum;
      }
    }
    for (let x = 0; x < width; x++) {
      let sum = 0;
      for (let y = -half; y < height; y++) {
        if (y + half < height) sum += rows[(y + half) * width + x]!;
        if (y - half - 1 >= 0) sum -= rows[(y - half - 1) * width + x]!;
        if (y >= 0) this.#sums[y * width + x] = sum;
      }
    }
  }

  /** Maxima over a square of the separation; of equal ones the first in raster order. */
  #findPeaks(): number {
    const { height, width } = this.#shape;
    const sums = this.#sums;
    const reach = this.#reach;
    let found = 0;
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        const at = y * width + x;
        const value = sums[at]!;
        if (value < this.#leastVotes || !this.#isPeak(y, x, value, reach)) continue;
        if (found < this.#found.length) this.#found[found++] = at;
      }
    }
    const peaks = this.#found.subarray(0, found).sort((a, b) => sums[b]! - sums[a]! || a - b);
    let count = 0;
    for (let i = 0; i < found && count < this.y.length; i++) {
      const y = Math.floor(peaks[i]! / width);
      const x = peaks[i]! % width;
      if (!this.#isSurrounded(y, x)) continue;
      this.y[count] = y;
      this.x[count++] = x;
    }
    return count;
  }

  /**
   * Whether voters lie all around: votes cast outwards meet as well, two radii from a ring, but all from one side of it. A
   * direction counts when a steep pixel within the radii has its gradient along it, within 26 degrees.
   */
  #isSurrounded(y: number, x: number): boolean {
    const { height, width } = this.#shape;
    const smooth = this.#smooth;
    let around = 0;
    for (let k = 0; k < directions; k++) {
      const unitY = Math.sin((2 * Math.PI * k) / directions);
      const unitX = Math.cos((2 * Math.PI * k) / directions);
      for (let radius = this.#radii.least; radius <= this.#radii.most; radius++) {
        const row = Math.round(y + radius * unitY);
        const column = Math.round(x + radius * unitX);
        if (row < 1 || column < 1 || row >= height - 1 || column >= width - 1) break;
        const at = row * width + column;
        const gx = smooth[at + 1]! - smooth[at - 1]!;
        const gy = smooth[at + width]! - smooth[at - width]!;
        const squared = gx * gx + gy * gy;
        if (!(squared > this.#steep) || (gx * unitX + gy * unitY) ** 2 < 0.81 * squared) continue;
        around++;
        break;
      }
    }
    return around >= this.#leastShare * directions;
  }

  #isPeak(y: number, x: number, value: number, reach: number): boolean {
    const { height, width } = this.#shape;
    for (let row = Math.max(0, y - reach); row <= Math.min(height - 1, y + reach); row++) {
      for (let column = Math.max(0, x - reach); column <= Math.min(width - 1, x + reach); column++) {
        const other = this.#sums[row * width + column]!;
        if (other > value) return false;
        if (other === value && (row < y || (row === y && column < x))) return false;
      }
    }
    return true;
  }
}
