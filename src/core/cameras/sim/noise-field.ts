/** Noise drawn once and used again from another place for every row of every frame: seeded, and as fast as a copy. */
import type { Random } from "./random.js";

/** Samples are int16 in units of 2^-10 standard deviations: from -32 to 32. */
export const noiseScale = 1024;

/** Samples of the field of a frame with so many pixels: a power of two, enough that rows rarely meet again. */
export function noiseFieldLength(pixels: number): number {
  return Math.min(1 << 20, Math.max(1 << 14, 2 ** Math.ceil(Math.log2(4 * pixels))));
}

/**
 * Fills `field` with draws of mean 0 and standard deviation 1 of Poisson(`electrons`) plus Gaussian read noise: the exact
 * shape of the noise at that level. All zeros when there is no noise.
 */
export function fillSensorNoise(field: Int16Array, electrons: number, readNoise: number, random: Random): void {
  const deviation = Math.sqrt(electrons + readNoise * readNoise);
  for (let at = 0; at < field.length; at++) {
    if (deviation === 0) field[at] = 0;
    else field[at] = quantize((random.poisson(electrons) - electrons + readNoise * random.normal()) / deviation);
  }
}

/** Fills `field` with a standard normal, for the shot noise of the beads. */
export function fillNormalNoise(field: Int16Array, random: Random): void {
  for (let at = 0; at < field.length; at++) field[at] = quantize(random.normal());
}

function quantize(value: number): number {
  return Math.max(-32768, Math.min(32767, Math.round(value * noiseScale)));
}
