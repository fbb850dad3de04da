/** The options of `track` as help shows them, and what they mean to the library. */
import type { Problem } from "../core/errors.js";
import type { StreamDescriptor } from "../core/model/descriptor.js";
import { region } from "../core/option/geometry.js";
import { given, inGroup, type OptionsOf, onlyWith, option } from "../core/option/option.js";
import { type FrameShape, type LocateOptions, locateRanges } from "../core/tracking/locate/parameters.js";
import { isTiled, type TileSize } from "../core/tracking/locate/tiling.js";
import { linkOptions, whenLinked } from "./link-options.js";
import { refineOptions } from "./refine-options.js";
import { ringOptions } from "./ring-options.js";

/** What a mask file holds. */
export interface MaskFacts {
  readonly width: number;
  readonly height: number;
}

/** Options of the blob locator that the ring locator has no use for. */
const ofParticles = { locator: "particle" } as const;
const byScore = "Rings are chosen by --min-score.";
const wholeFrames = "Rings are searched in whole frames.";

const lookFor = inGroup("What to look for:", {
  preset: option.choice(["tweezer"], {
    doc: "A named set of values; options given beside it win. tweezer: diameter 21, separation 18, minmass 100, percentile 14, max-ecc 0.3, tiles of 256x256 with overlap 32, search-range 10, memory 3.",
  }),
  diameter: option.perAxis({
    doc: "Size of a particle's image; larger is safer than smaller.",
    ...locateRanges.diameter,
    required: true,
  }),
  separation: option.perAxis({
    doc: "Least distance between two particles; diameter + 1 when not given.",
    ...locateRanges.separation,
  }),
  invert: option.flag({
    doc: "The particles are dark on a bright ground.",
    default: false,
    only: ofParticles,
    instead: "Dark rings are --polarity dark.",
  }),
  percentile: option.number({
    doc: "A peak has to be brighter than this share of the non-zero pixels.",
    ...locateRanges.percentile,
    default: 64,
  }),
  noiseSize: option.perAxis({
    doc: "Width of the Gaussian that smooths the camera's noise; 0 leaves it as it is.",
    ...locateRanges.noiseSize,
    default: 1,
  }),
  smoothingSize: option.perAxis({
    doc: "Edge of the window whose mean is the background; diameter when not given.",
    ...locateRanges.smoothingSize,
  }),
  threshold: option.number({
    doc: "Smoothed brightness below this becomes 0; 1 for integer images, 1/255 for float ones when not given.",
    ...locateRanges.threshold,
  }),
  preprocess: option.flag({
    doc: "Smooth and subtract the background first; --no-preprocess takes the frames as they are.",
    default: true,
  }),
  roi: region({
    doc: "Look only at this part of every frame, as if the rest were not there: x,y,width,height in pixels; positions stay the whole frame's.",
  }),
  mask: option.path({
    doc: "An image as large as the frames; where it is 0 nothing is kept.",
    only: ofParticles,
    instead: "Rings can be searched in a part of the frame: --roi.",
  }),
});

const filters = inGroup("Filters:", {
  minmass: option.number({
    doc: "Least integrated brightness of a particle.",
    min: 0,
    default: 0,
    only: ofParticles,
    instead: byScore,
  }),
  maxmass: option.number({
    doc: "Largest integrated brightness of a particle.",
    above: 0,
    only: ofParticles,
    instead: byScore,
  }),
  maxsize: option.number({ doc: "Largest radius of gyration of a particle's brightness.", above: 0, unit: "px" }),
  minEcc: option.number({
    doc: "Least eccentricity: 0 is round.",
    min: 0,
    max: 1,
    only: ofParticles,
    instead: byScore,
  }),
  maxEcc: option.number({
    doc: "Largest eccentricity: 0 is round, 1 is a line.",
    min: 0,
    max: 1,
    only: ofParticles,
    instead: byScore,
  }),
  topn: option.count({
    doc: "Keep only the heaviest n particles of a frame.",
    ...locateRanges.topn,
    only: ofParticles,
    instead: byScore,
  }),
});

const output = inGroup("Output:", {
  minTrackLength: option.count({
    doc: "Leave out tracks with fewer points; frames wait until their tracks are decided.",
    min: 1,
    max: 1000,
    default: 1,
    ...whenLinked,
  }),
  flags: option.flag({
    doc: "A last column of quality flags, summed: 1 linked across a gap, 2 linked greedily, 4 near the edge, 8 overlapping, 16 saturated.",
    default: false,
  }),
  frames: option.flag({ doc: "Pass the frames on; --no-frames sends detections only.", default: true }),
});

const speed = inGroup("Speed:", {
  workers: option.count({
    doc: "Threads that locate particles, in parallel; one for every processor core when not given.",
    min: 1,
    max: 256,
  }),
  ...onlyWith(ofParticles, {
    tileWidth: option.count({
      doc: "All workers work on every frame together, tile by tile, for the least latency and with the same answers; this wide (rounded up to a multiple of 64), as wide as the frame when only --tile-height is given. Without tiles, or with tiles as large as the frame, every worker has frames of its own.",
      min: 16,
      instead: wholeFrames,
    }),
    tileHeight: option.count({
      doc: "How high a tile is (rounded up to a multiple of 4), as high as the frame when only --tile-width is given.",
      min: 16,
      instead: wholeFrames,
    }),
    tileOverlap: option.count({
      doc: "How far the work on a tile may reach beyond it, at least as far as the filters and the refinement do; the least that will do when not given. Nothing is done twice, whatever the overlap: neighbours share what they have filtered.",
      min: 0,
      only: [{ tileWidth: given }, { tileHeight: given }],
      instead: "Say how large a tile is; rings are searched in whole frames.",
    }),
  }),
});

export const trackOptions = {
  ...lookFor,
  ...inGroup("Rings:", ringOptions),
  ...filters,
  ...inGroup("Refinement:", refineOptions),
  ...inGroup("Linking:", linkOptions),
  ...output,
  ...speed,
};
export type TrackOptions = OptionsOf<typeof trackOptions>;

/** Parameters of the locating library whose options are called otherwise, as trackpy calls them. */
export const locateNames = { minMass: "minmass", maxMass: "maxmass", maxSize: "maxsize" } as const;

/** The stage's options in the words of the locating library; absent ones stay absent. */
export function locateOptions(o: TrackOptions): LocateOptions {
  const named = {
    diameter: o.diameter,
    minMass: o.minmass,
    maxMass: o.maxmass,
    maxSize: o.maxsize,
    minEcc: o.minEcc,
    maxEcc: o.maxEcc,
    separation: o.separation,
    noiseSize: o.noiseSize,
    smoothingSize: o.smoothingSize,
    threshold: o.threshold,
    invert: o.invert,
    percentile: o.percentile,
    topn: o.topn,
    preprocess: o.preprocess,
    maxIterations: o.maxIterations,
  };
  return Object.fromEntries(
    Object.entries(named).filter(([, value]) => value !== undefined),
  ) as unknown as LocateOptions;
}

/** The tiles in which such a frame is worked on; null where one tile is all of it. */
export function tileSize(o: TrackOptions, shape: FrameShape, least: number): TileSize | null {
  if (o.tileWidth === undefined && o.tileHeight === undefined) return null;
  const size = {
    height: o.tileHeight ?? shape.height,
    width: o.tileWidth ?? shape.width,
    overlap: o.tileOverlap ?? least,
  };
  return isTiled(shape, size) ? size : null;
}

/** The region has to lie in the frame, the mask has to be as large as it. */
export function placeProblems(o: TrackOptions, input: StreamDescriptor, mask: MaskFacts | null): Problem[] {
  const { height, width } = input.shape;
  const problems: Problem[] = [];
  if (o.roi && (o.roi.x + o.roi.width > width || o.roi.y + o.roi.height > height)) {
    problems.push({
      code: "bad-option",
      where: "track, --roi",
      what: `expected a part of the ${width}x${height} frame, got ${o.roi.x},${o.roi.y},${o.roi.width},${o.roi.height}`,
      hint: "Give x,y,width,height inside the frame.",
    });
  }
  if (mask && (mask.width !== width || mask.height !== height)) {
    problems.push({
      code: "bad-option",
      where: `track, --mask ${o.mask}`,
      what: `expected an image of ${width}x${height} like the frames, got ${mask.width}x${mask.height}`,
      hint: "Make it as large as the frames.",
    });
  }
  return problems;
}
