/** What the ring locator can be told, its defaults, and everything that can be wrong with it. Knows no pixels. */

import type { ParameterFault } from "../../errors.js";
import { rangeFaults } from "../../model/range.js";
import type { FrameShape } from "../locate/parameters.js";

/** bright and dark: a line brighter or darker than both of its sides · edge: the steepest step, up or down. */
export const ringPolarities = ["bright", "dark", "edge"] as const;
export type RingPolarity = (typeof ringPolarities)[number];

export interface RingParameters {
  /** Approximate diameter of the rings, pixels, from 8 on. */
  readonly diameter: number;
  readonly polarity: RingPolarity;
  /** Share of the circumference, 0 to 1, on which the ring must be seen. */
  readonly minScore?: number;
  /** Rings whose centres are nearer than this are one, the better one; half the diameter unless said otherwise. */
  readonly separation?: number;
  /** How far a radius may be from half the diameter, as a share of it, 0 to 0.5. */
  readonly radiusTolerance?: number;
  /** Standard deviation of the line, or blur of the step, across the ring, pixels. */
  readonly lineWidth?: number;
  /** How far a ring may have moved from its previous position, pixels; half a radius unless said otherwise. */
  readonly followRange?: number;
}

export type CompleteRingParameters = Required<RingParameters>;

export function completeRingParameters(params: RingParameters): CompleteRingParameters {
  const { diameter } = params;
  return {
    minScore: 0.5,
    separation: diameter / 2,
    radiusTolerance: 0.25,
    // A sixteenth of the diameter is what colloids of 10 to 60 px show slightly out of focus.
    lineWidth: Math.min(Math.max(diameter / 16, 1), 4),
    followRange: diameter / 4,
    ...params,
  };
}

/** What each parameter may be by itself, for the options that set them too. */
export const ringRanges = {
  minScore: { above: 0, max: 1 },
  separation: { min: 1 },
  radiusTolerance: { min: 0, max: 0.5 },
  lineWidth: { min: 0.5 },
  followRange: { above: 0 },
} as const;

/** All that is wrong with the parameters. */
export function checkRingParameters(shape: FrameShape, params: RingParameters): ParameterFault<keyof RingParameters>[] {
  const complete = completeRingParameters(params);
  const faults: ParameterFault<keyof RingParameters>[] = rangeFaults(ringRanges, complete);
  const { diameter, lineWidth, followRange } = complete;
  const refuse = (field: keyof RingParameters, what: string, hint: string) => faults.push({ field, what, hint });
  if (!(diameter >= 8)) refuse("diameter", `${diameter} px for a ring`, "Give at least 8, or look for blobs.");
  else if (diameter > 2 * Math.min(shape.height, shape.width)) {
    refuse("diameter", `${diameter} px in a frame of ${shape.width} x ${shape.height}`, "Give a smaller diameter.");
  }
  if (lineWidth > diameter / 4) refuse("lineWidth", `${lineWidth} px`, "Give at most a quarter of the diameter.");
  if (followRange > diameter / 2) refuse("followRange", `${followRange} px`, "Give at most half the diameter.");
  return faults;
}
