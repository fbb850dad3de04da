/** What a user may ask of the linker, what an unset value means, and which values are refused. */
import type { ParameterFault } from "../../errors.js";
import { rangeFaults } from "../../model/range.js";

export type LinkPredictor = "none" | "nearest-velocity" | "drift";

export const linkPredictors: readonly LinkPredictor[] = ["none", "nearest-velocity", "drift"];

export interface LinkParameters {
  /**
   * Farthest a particle may move from one frame to the next, pixels on each axis. Equal values are a circle; different
   * ones an ellipse, and displacements are then counted in search ranges.
   */
  readonly searchRange: { readonly y: number; readonly x: number };
  /** Frames a particle may be missing and still go on as the same track; 0 when unset. */
  readonly memory?: number;
  /**
   * When set, a subnet too large to solve is split by shrinking its search range until it can be solved, down to this
   * many pixels (trackpy's adaptive_stop).
   */
  readonly adaptiveStop?: number;
  /** Factor by which the adaptive search shrinks the range at every attempt, between 0 and 1; 0.95 when unset. */
  readonly adaptiveStep?: number;
  /** How to guess where a particle will be before searching around it; "none" when unset. */
  readonly predictor?: LinkPredictor;
  /**
   * Tracks in the largest subnet that is solved optimally; a larger one is linked greedily and flagged. When unset:
   * 15 with an adaptive search, as in trackpy, else no limit but that on the work of a frame (see assignment.ts).
   */
  readonly maxSubnet?: number;
  /** Milliseconds of one frame after which its remaining subnets are linked greedily and flagged; no limit when unset. */
  readonly linkBudgetMs?: number;
}

/** trackpy's Linker.MAX_SUB_NET_SIZE_ADAPTIVE: tracks in a subnet beyond which the adaptive search shrinks the range. */
export const adaptiveMaxSubnet = 15;

/** What each parameter may be, for the options that set them too. */
export const linkRanges = {
  searchRange: { above: 0 },
  memory: { whole: true, min: 0, max: 1_000_000 },
  adaptiveStop: { above: 0 },
  adaptiveStep: { above: 0, below: 1 },
  maxSubnet: { whole: true, min: 1 },
  linkBudgetMs: { min: 0 },
} as const;

/** Every value of `parameters` that cannot be used; empty when all is well. */
export function checkLinkParameters(parameters: LinkParameters): ParameterFault<keyof LinkParameters>[] {
  const faults: ParameterFault<keyof LinkParameters>[] = rangeFaults(linkRanges, parameters);
  const { searchRange, adaptiveStop, predictor } = parameters;
  if (adaptiveStop !== undefined && adaptiveStop >= Math.max(searchRange.y, searchRange.x)) {
    const what = `expected less than the search range ${searchRange.y},${searchRange.x}, got ${adaptiveStop}`;
    faults.push({ field: "adaptiveStop", what, hint: "The range only shrinks: stop lower." });
  }
  if (predictor !== undefined && !linkPredictors.includes(predictor))
    faults.push({ field: "predictor", what: `expected one of ${linkPredictors.join(", ")}, got ${String(predictor)}` });
  return faults;
}

/** The parameters with every default filled in, and the search in the units in which distances are measured. */
export interface LinkSettings {
  /** Divisors of the coordinates: 1 with equal ranges, else the ranges themselves, so that exact ties stay trackpy's. */
  readonly scale: { readonly y: number; readonly x: number };
  /** Search range after scaling: pixels with equal ranges, else 1. */
  readonly range: number;
  readonly memory: number;
  /** Scaled range at or below which the adaptive search gives up; NaN without an adaptive search. */
  readonly adaptiveStop: number;
  readonly adaptiveStep: number;
  readonly isAdaptive: boolean;
  readonly predictor: LinkPredictor;
  /** Infinity when there is no limit. */
  readonly maxSubnet: number;
  /** Infinity when there is no budget. */
  readonly budgetMs: number;
}

/**
 * Resolves defaults and units. With different ranges on the axes coordinates are divided by them, the range becomes 1,
 * and the adaptive stop becomes its larger share of the two, as trackpy's Linker does.
 */
export function resolveLinkParameters(parameters: LinkParameters): LinkSettings {
  const { y, x } = parameters.searchRange;
  const isIsotropic = y === x;
  const stop = parameters.adaptiveStop;
  const isAdaptive = stop !== undefined;
  const scaledStop = stop === undefined ? Number.NaN : isIsotropic ? stop : Math.max(stop / y, stop / x);
  return {
    scale: isIsotropic ? { y: 1, x: 1 } : { y, x },
    range: isIsotropic ? y : 1,
    memory: parameters.memory ?? 0,
    adaptiveStop: scaledStop,
    adaptiveStep: parameters.adaptiveStep ?? 0.95,
    isAdaptive,
    predictor: parameters.predictor ?? "none",
    maxSubnet: parameters.maxSubnet ?? (isAdaptive ? adaptiveMaxSubnet : Number.POSITIVE_INFINITY),
    budgetMs: parameters.linkBudgetMs ?? Number.POSITIVE_INFINITY,
  };
}
