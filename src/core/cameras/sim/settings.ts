/** Everything that decides the pictures of the simulated camera: plain JSON, complete. */
import type { FrameShape } from "../../model/descriptor.js";
import type { PixelFormat } from "../../model/pixel-format.js";
import type { Fault } from "../faults.js";

export interface SimSettings {
  readonly shape: FrameShape;
  /** 8, 12 or 16: the largest grey value is 2^bitDepth - 1; 8 gives uint8 pixels. */
  readonly bitDepth: number;
  readonly seed: number;
  readonly beads: number;
  readonly beadShape: "gaussian" | "ring";
  /** Standard deviation of the bead's Gaussian, px; a ring is brightest at sqrt(2) of it. */
  readonly beadSigma: number;
  /** Grey levels of a bead's brightest point above the background, and the half width of their uniform spread as a share. */
  readonly amplitude: number;
  readonly amplitudeSpread: number;
  /** px^2 a frame: the mean squared displacement grows by 4 D each frame. */
  readonly diffusion: number;
  /** px a frame. */
  readonly drift: { readonly y: number; readonly x: number };
  /** Probability that a bead is dark in a frame. */
  readonly blink: number;
  /** Grey levels of light at the frame's centre, above the offset. */
  readonly background: number;
  /** Grey levels by which the background rises from the first row (column) to the last. */
  readonly gradient: { readonly y: number; readonly x: number };
  /** Electrons a grey level: the variance of the light's noise is mean / gain. */
  readonly gain: number;
  /** Grey levels without light. */
  readonly offset: number;
  /** Electrons, standard deviation. */
  readonly readNoise: number;
  readonly hotPixels: number;
  readonly faults: readonly Fault[];
}

export function simPixelFormat(settings: Pick<SimSettings, "bitDepth">): PixelFormat {
  return settings.bitDepth <= 8 ? "uint8" : "uint16";
}

export function brightestGrey(settings: Pick<SimSettings, "bitDepth">): number {
  return 2 ** settings.bitDepth - 1;
}

/** Frames a second of simulated time when nothing paces the camera. */
export const unpacedRateHz = 100;

/** Pixels from a bead's centre to where it is fainter than a quarter of a grey level, which rounding hides. */
export function patchRadius(settings: Pick<SimSettings, "beadSigma" | "beadShape">, amplitude: number): number {
  const faint = Math.log(Math.max(amplitude, 0.5) / 0.25);
  // Ring: u exp(1 - u) = faint limit, u = r^2 / (2 sigma^2), solved by two steps of u = faint + 1 + ln u.
  const ring = faint + 1 + Math.log(faint + 1 + Math.log(faint + 1));
  const u = settings.beadShape === "ring" ? ring : faint;
  return Math.ceil(settings.beadSigma * Math.sqrt(2 * u)) + 1;
}
