/** Simulated beads of known position on a camera of known noise, and the bound that no unbiased estimate can beat. */

import type { CameraNoise } from "../../../src/core/tracking/refine/parameters.js";
import { seeded } from "../../seed.js";

export interface Bead {
  readonly y: number;
  readonly x: number;
  /** Electrons at the peak. */
  readonly amplitude: number;
  readonly sigma: number;
}

export interface Optics {
  /** Electrons a pixel. */
  readonly background: number;
  readonly camera: CameraNoise;
}

/** Peak electrons of a bead whose peak stands `ratio` standard deviations of its own pixel's noise above background. */
export function amplitudeFor(ratio: number, { background, camera }: Optics): number {
  const rest = background + camera.readNoise ** 2;
  return (ratio * ratio + Math.sqrt(ratio ** 4 + 4 * ratio * ratio * rest)) / 2;
}

export interface Dice {
  uniform(): number;
  normal(): number;
  /** Poisson: by inversion below 60, above by rounding a normal of the same mean, variance and skewness. */
  poisson(mean: number): number;
}

export function createDice(seed: number): Dice {
  const uniform = seeded(seed);
  const normal = () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
  return {
    uniform,
    normal,
    poisson(mean) {
      if (mean > 60) {
        const z = normal();
        return Math.max(0, Math.round(mean + Math.sqrt(mean) * z + (z * z - 1) / 6));
      }
      let count = 0;
      let left = uniform();
      let term = Math.exp(-mean);
      while (left > term && count < 1000) {
        left -= term;
        term *= mean / ++count;
      }
      return count;
    },
  };
}

/** Electrons at the centre of each pixel: beads add up. */
export function expectedElectrons(
  height: number,
  width: number,
  beads: readonly Bead[],
  background: number,
): Float64Array {
  const image = new Float64Array(height * width).fill(background);
  for (const { y, x, amplitude, sigma } of beads) {
    for (let row = 0; row < height; row++) {
      for (let column = 0; column < width; column++) {
        const squared = (row - y) ** 2 + (column - x) ** 2;
        if (squared < 60 * sigma * sigma)
          image[row * width + column]! += amplitude * Math.exp(-squared / (2 * sigma * sigma));
      }
    }
  }
  return image;
}

/** Shot noise, read noise, gain, offset and rounding to whole grey levels of a 16-bit camera. */
export function expose(electrons: Float64Array, { gain, offset, readNoise }: CameraNoise, dice: Dice): Uint16Array {
  return Uint16Array.from(electrons, (mean) => {
    const level = (dice.poisson(mean) + readNoise * dice.normal()) / gain + offset;
    return Math.min(65535, Math.max(0, Math.round(level)));
  });
}

/**
 * Fisher information of one pixel about its mean: Poisson plus a normal of `readNoise`, by summing the density. Above a
 * mean of 150 the reciprocal of the variance is within 0.1 % of it.
 */
export function pixelInformation(mean: number, readNoise: number): number {
  if (readNoise === 0) return 1 / mean;
  if (mean > 150) return 1 / (mean + readNoise * readNoise);
  const most = Math.ceil(mean + 10 * Math.sqrt(mean) + 10);
  const step = Math.min(0.25, readNoise / 6);
  let information = 0;
  for (let value = -7 * readNoise; value < most + 7 * readNoise; value += step) {
    let density = 0;
    let slope = 0;
    let probability = Math.exp(-mean);
    for (let count = 0; count <= most; count++) {
      if (count > 0) probability *= mean / count;
      const off = (value - count) / readNoise;
      if (Math.abs(off) > 8) continue;
      const term = probability * Math.exp(-0.5 * off * off);
      density += term;
      slope += term * (count / mean - 1);
    }
    if (density > 1e-200) information += (slope * slope) / density;
  }
  return (information * step) / (readNoise * Math.sqrt(2 * Math.PI));
}

/**
 * Cramer-Rao bound of a position, pixels: root of the mean of both axes' variances, with amplitude, background and width
 * unknown, from the pixels of a window whose top left corner is pixel (top, left).
 */
export function positionBound(
  bead: Bead,
  { background, camera }: Optics,
  window: { top: number; left: number; height: number; width: number },
): number {
  const order = 5;
  const matrix = Array.from({ length: order }, () => new Float64Array(2 * order));
  const known = new Map<number, number>();
  const informationAt = (mean: number) => {
    // The information changes slowly: a grid of 2 % is within 0.01 % after interpolation.
    const position = Math.log(mean) / 0.02;
    const low = Math.floor(position);
    const [a, b] = [low, low + 1].map((index) => {
      if (!known.has(index)) known.set(index, pixelInformation(Math.exp(index * 0.02), camera.readNoise));
      return known.get(index)!;
    });
    return a! + (b! - a!) * (position - low);
  };
  for (let row = window.top; row < window.top + window.height; row++) {
    for (let column = window.left; column < window.left + window.width; column++) {
      const dy = row - bead.y;
      const dx = column - bead.x;
      const e = Math.exp(-(dy * dy + dx * dx) / (2 * bead.sigma ** 2));
      const signal = bead.amplitude * e;
      const slopes = [
        (signal * dx) / bead.sigma ** 2,
        (signal * dy) / bead.sigma ** 2,
        e,
        1,
        (signal * (dx * dx + dy * dy)) / bead.sigma ** 3,
      ];
      const information = informationAt(background + signal);
      for (let i = 0; i < order; i++) {
        for (let j = 0; j < order; j++) matrix[i]![j]! += information * slopes[i]! * slopes[j]!;
      }
    }
  }
  // Gauss-Jordan on the matrix beside the identity.
  for (let i = 0; i < order; i++) matrix[i]![order + i] = 1;
  for (let i = 0; i < order; i++) {
    const pivot = matrix[i]![i]!;
    matrix[i] = matrix[i]!.map((value) => value / pivot);
    for (let j = 0; j < order; j++) {
      if (j === i) continue;
      const factor = matrix[j]![i]!;
      matrix[j] = matrix[j]!.map((value, k) => value - factor * matrix[i]![k]!);
    }
  }
  return Math.sqrt((matrix[0]![order]! + matrix[1]![order + 1]!) / 2);
}
