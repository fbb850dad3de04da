/** What a refinement can be told, its defaults, and everything that can be wrong with it. Knows no pixels. */

import type { ParameterFault } from "../../errors.js";
import type { PixelFormat } from "../../model/pixel-format.js";
import { isInRange, rangeFaults } from "../../model/range.js";
import type { FrameShape, PerAxis } from "../locate/parameters.js";

/** How positions found by the locator can be improved; `centroid` leaves them as they are. */
export const refineMethods = ["centroid", "radial-symmetry", "gaussian"] as const;
export type RefineMethod = (typeof refineMethods)[number];

/**
 * How grey levels came from photo-electrons: electrons = (grey level - offset) * gain, with Gaussian read noise added.
 * For an EMCCD at high gain give half of its gain (e-/ADU): the multiplication doubles the variance.
 */
export interface CameraNoise {
  /** Electrons per grey level, above 0. */
  readonly gain: number;
  /** Grey level without light. */
  readonly offset: number;
  /** Standard deviation of the read noise, electrons. */
  readonly readNoise: number;
}

export interface RefineParameters {
  /** Pixels a side of the window that is looked at, odd, at least 5; usually the diameter given to the locator. */
  readonly window: PerAxis;
  /** Whether features are darker than their surroundings. */
  readonly invert: boolean;
  /**
   * Noise of the camera, from a calibration. Without it the variance of a pixel is taken as proportional to its grey
   * level (offset 0), with the factor measured from the residuals of each feature by itself.
   */
  readonly camera?: CameraNoise;
  /** `gaussian`: the width in pixels when it is known; otherwise it is fitted, one for both axes. */
  readonly sigma?: number;
  /**
   * `gaussian`: whether a pixel sees the profile at its centre or its mean over the pixel's square. They differ by the
   * width alone, sigma^2 + 1/12, to second order in 1 / sigma: below a sigma of 1 it begins to matter.
   */
  readonly pixelModel?: "sampled" | "integrated";
  /** Grey level from which a pixel is saturated and left out; by default the largest value of an integer format. */
  readonly saturation?: number;
  /** `gaussian`: steps of the fit before it counts as failed. */
  readonly maxIterations?: number;
}

export interface RefinerSetup {
  readonly method: RefineMethod;
  readonly shape: FrameShape;
  readonly format: PixelFormat;
  readonly params: RefineParameters;
}

export const defaultMaxIterations = 40;

/** Grey level from which pixels are left out. */
export function saturationLevel(format: PixelFormat, params: RefineParameters): number {
  return params.saturation ?? { uint8: 255, uint16: 65535, float32: Infinity }[format];
}

type RefineFault = ParameterFault<"window" | "camera" | "sigma" | "maxIterations">;

/** All that is wrong with the parameters. */
export function checkRefineParameters({ method, shape, params }: RefinerSetup): RefineFault[] {
  const faults: RefineFault[] = [];
  const refuse = (field: RefineFault["field"], what: string, hint: string) => faults.push({ field, what, hint });
  for (const axis of ["y", "x"] as const) {
    const side = params.window[axis];
    if (!isInRange(side, windowRange)) {
      refuse("window", `${side} on ${axis} cannot be a window of ${method}`, "Give an odd number from 5 on.");
    } else if (side > shape[axis === "y" ? "height" : "width"]) {
      refuse("window", `${side} on ${axis} is more than the frame has`, "Give a smaller diameter.");
    }
  }
  const { camera, sigma, maxIterations } = params;
  if (camera !== undefined && !isInRange(camera.gain, { above: 0 })) {
    refuse("camera", `a camera gain of ${camera.gain} e-/ADU`, "Calibrate again: the gain must be above 0.");
  }
  if (camera !== undefined && !isInRange(camera.readNoise, { min: 0 })) {
    refuse("camera", `a read noise of ${camera.readNoise} e-`, "Calibrate again: read noise must be 0 or more.");
  }
  if (camera !== undefined && !Number.isFinite(camera.offset)) {
    refuse("camera", `a camera offset of ${camera.offset} ADU`, "Calibrate again: the offset must be a number.");
  }
  if (sigma !== undefined && !isInRange(sigma, { min: minSigma, max: Math.max(params.window.y, params.window.x) })) {
    refuse("sigma", `${sigma} px`, `Give at least ${minSigma} px and no more than the window.`);
  }
  return [...faults, ...rangeFaults({ maxIterations: { whole: true, min: 1 } }, { maxIterations })];
}

const windowRange = { odd: true, min: 5 };

/** Narrower profiles fall between the pixels: amplitude and width could not be told apart. */
export const minSigma = 0.4;
