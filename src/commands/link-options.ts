/** The options of linking, declared once: `track` and `link` have the same, and read them the same way. */
import type { Problem } from "../core/errors.js";
import { kebab } from "../core/option/names.js";
import { type OptionsOf, option } from "../core/option/option.js";
import { checkLinkParameters, type LinkParameters, linkPredictors } from "../core/tracking/link/parameters.js";

export const linkOptions = {
  searchRange: option.perAxis({
    doc: "Farthest a particle moves from one frame to the next; without it nothing is linked and particle_id is empty.",
    above: 0,
  }),
  memory: option.count({
    doc: "Frames a particle may be missing and still keep its number.",
    min: 0,
    max: 1_000_000,
    default: 0,
  }),
  adaptiveStop: option.number({
    doc: "Where particles are too crowded to link at once, shrink the search range, down to this length at most.",
    above: 0,
    metavar: "length",
  }),
  adaptiveStep: option.number({
    doc: "Factor by which --adaptive-stop's search shrinks at every attempt; 0.95 when not given.",
    min: 0.01,
    max: 0.999,
    metavar: "factor",
  }),
  predictor: option.choice(linkPredictors, {
    doc: "Where to search: around the last position (none), moved on by the nearest particle's velocity, or by the mean velocity.",
    default: "none",
  }),
  maxSubnet: option.count({
    doc: "Particles that compete for the same places and are still linked optimally; larger groups are linked greedily and flagged. Without it 15 with --adaptive-stop, else no limit.",
    min: 1,
  }),
  linkBudget: option.number({
    doc: "Time for linking one frame, after which the rest of it is linked greedily and flagged; no limit when not given.",
    min: 0,
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

/** Values that cannot be used and options that mean nothing without another; `where` is the stage or command. */
export function linkProblems(where: string, o: LinkOptions): Problem[] {
  const parameters = linkParameters(o);
  const problems = parameters
    ? checkLinkParameters(parameters).map((problem) => ({
        ...problem,
        where: problem.where.replace(/^link,/, `${where},`),
      }))
    : (["adaptiveStop", "maxSubnet", "linkBudget"] as const)
        .filter((name) => o[name] !== undefined)
        .map((name) => ({
          where: `${where}, --${kebab(name)}`,
          what: "means nothing without --search-range",
          hint: "Say how far a particle moves: --search-range 5.",
        }));
  if (o.adaptiveStep !== undefined && o.adaptiveStop === undefined) {
    problems.push({
      where: `${where}, --adaptive-step`,
      what: "means nothing without --adaptive-stop",
      hint: "Say how far the search range may shrink: --adaptive-stop 1.",
    });
  }
  return problems;
}
