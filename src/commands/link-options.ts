/** The options of linking, declared once: `track` and `link` have the same, and read them the same way. */
import type { Problem } from "../core/errors.js";
import { given, type OptionsOf, option } from "../core/option/option.js";
import { parameterProblems } from "../core/option/parameter-problems.js";
import {
  checkLinkParameters,
  type LinkParameters,
  linkPredictors,
  linkRanges,
} from "../core/tracking/link/parameters.js";

/** Of options that mean nothing where nothing is linked. */
export const whenLinked = {
  only: { searchRange: given },
  instead: "Say how far a particle moves: --search-range 5.",
} as const;

export const linkOptions = {
  searchRange: option.perAxis({
    doc: "Farthest a particle moves from one frame to the next; without it nothing is linked and particle_id is empty.",
    ...linkRanges.searchRange,
  }),
  memory: option.count({
    doc: "Frames a particle may be missing and still keep its number.",
    ...linkRanges.memory,
    ...whenLinked,
    default: 0,
  }),
  adaptiveStop: option.number({
    doc: "Where particles are too crowded to link at once, shrink the search range, down to this length at most.",
    ...linkRanges.adaptiveStop,
    ...whenLinked,
    metavar: "length",
  }),
  adaptiveStep: option.number({
    doc: "Factor by which --adaptive-stop's search shrinks at every attempt; 0.95 when not given.",
    ...linkRanges.adaptiveStep,
    only: { adaptiveStop: given },
    instead: "Say how far the search range may shrink: --adaptive-stop 1.",
    metavar: "factor",
  }),
  predictor: option.choice(linkPredictors, {
    doc: "Where to search: around the last position (none), moved on by the nearest particle's velocity, or by the mean velocity.",
    ...whenLinked,
    default: "none",
  }),
  maxSubnet: option.count({
    doc: "Particles that compete for the same places and are still linked optimally; larger groups are linked greedily and flagged. Without it 15 with --adaptive-stop, else no limit.",
    ...linkRanges.maxSubnet,
    ...whenLinked,
  }),
  linkBudget: option.number({
    doc: "Time for linking one frame, after which the rest of it is linked greedily and flagged; no limit when not given.",
    ...linkRanges.linkBudgetMs,
    ...whenLinked,
    unit: "ms",
  }),
};
type LinkOptions = OptionsOf<typeof linkOptions>;

/** The options in the words of the linker, absent ones absent; null without a search range: nothing is linked. */
export function linkParameters(o: LinkOptions): LinkParameters | null {
  if (!o.searchRange) return null;
  return {
    searchRange: o.searchRange,
    memory: o.memory,
    predictor: o.predictor,
    ...(o.adaptiveStop === undefined ? {} : { adaptiveStop: o.adaptiveStop }),
    ...(o.adaptiveStep === undefined ? {} : { adaptiveStep: o.adaptiveStep }),
    ...(o.maxSubnet === undefined ? {} : { maxSubnet: o.maxSubnet }),
    ...(o.linkBudget === undefined ? {} : { linkBudgetMs: o.linkBudget }),
  };
}

/** Values that cannot be used together; `where` is the stage or command. */
export function linkProblems(where: string, o: LinkOptions): Problem[] {
  const parameters = linkParameters(o);
  return parameters ? parameterProblems(where, checkLinkParameters(parameters), { linkBudgetMs: "linkBudget" }) : [];
}
