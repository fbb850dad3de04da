/** The options of `track --locator ring`, and what they mean to the library. */

import type { PerAxis } from "../core/model/per-axis.js";
import { given, type OptionsOf, onlyWith, option } from "../core/option/option.js";
import { type RingParameters, ringPolarities, ringRanges } from "../core/tracking/ring/parameters.js";

export const ringOptions = {
  locator: option.choice(["particle", "ring"], {
    doc: "What a particle looks like: particle is a blob, as trackpy's locate; ring is a bright or dark ring of about --diameter, whose radius becomes the column size and whose score (the share of the circumference seen) the column signal.",
    default: "particle",
  }),
  ...onlyWith(
    { locator: "ring" },
    {
      polarity: option.choice(ringPolarities, {
        doc: "The ring is brighter or darker than both its sides, or a step; bright when not given.",
      }),
      minScore: option.number({
        doc: "Least share of the circumference that has to be seen; 0.5 when not given.",
        ...ringRanges.minScore,
      }),
      lineWidth: option.number({
        doc: "Width across the ring's line (standard deviation), or blur of its step; a sixteenth of the diameter, 1 to 4, when not given.",
        ...ringRanges.lineWidth,
        unit: "px",
      }),
      radiusTolerance: option.number({
        doc: "How far a radius may be from half the diameter, as a share of it; 0.25 when not given.",
        ...ringRanges.radiusTolerance,
      }),
      searchEvery: option.count({
        doc: "Follow the rings from frame to frame and search the whole frame only every so many frames, for new ones; every frame when not given.",
        min: 1,
      }),
      followRange: option.number({
        doc: "How far a ring moves from one frame to the next; a quarter of the diameter when not given.",
        ...ringRanges.followRange,
        unit: "px",
        only: { searchEvery: given },
        instead: "Say how often the whole frame is searched, as in --locator ring --search-every 10.",
      }),
    },
  ),
};

/** The ring locator's parameters; null for particles. */
export function ringParameters(
  o: OptionsOf<typeof ringOptions> & {
    readonly diameter: PerAxis;
    readonly separation: PerAxis | undefined;
  },
): RingParameters | null {
  if (o.locator !== "ring") return null;
  return {
    diameter: o.diameter.x,
    polarity: o.polarity ?? "bright",
    ...(o.minScore === undefined ? {} : { minScore: o.minScore }),
    ...(o.separation === undefined ? {} : { separation: o.separation.x }),
    ...(o.lineWidth === undefined ? {} : { lineWidth: o.lineWidth }),
    ...(o.radiusTolerance === undefined ? {} : { radiusTolerance: o.radiusTolerance }),
    ...(o.followRange === undefined ? {} : { followRange: o.followRange }),
  };
}
