/** The options of `track`, what they mean to the library, and what does not go together. */
import type { Problem } from "../core/errors.js";
import type { StreamDescriptor } from "../core/model/descriptor.js";
import { region } from "../core/option/geometry.js";
import { type OptionsOf, option } from "../core/option/option.js";
import type { FrameShape, LocateOptions } from "../core/tracking/locate/parameters.js";
import { isTiled, type TileSize } from "../core/tracking/locate/tiling.js";
import { type CameraNoise, refineMethods } from "../core/tracking/refine/parameters.js";
import { type RingParameters, ringPolarities } from "../core/tracking/ring/parameters.js";
import { linkOptions } from "./link-options.js";

/** What a mask file holds. */
export interface MaskFacts {
  readonly width: number;
  readonly height: number;
}

export const trackOptions = {
  preset: option.choice(["tweezer"], {
    doc: "A named set of values; options given beside it win. tweezer: diameter 21, separation 18, minmass 100, percentile 14, max-ecc 0.3, tiles of 256x256 with overlap 32, search-range 10, memory 3.",
  }),
  diameter: option.perAxis({
    doc: "Size of a particle's image; larger is safer than smaller.",
    min: 3,
    odd: true,
    required: true,
  }),
  minmass: option.number({ doc: "Least integrated brightness of a particle.", min: 0, default: 0 }),
  maxmass: option.number({ doc: "Largest integrated brightness of a particle.", above: 0 }),
  maxsize: option.number({ doc: "Largest radius of gyration of a particle's brightness.", above: 0, unit: "px" }),
  minEcc: option.number({ doc: "Least eccentricity: 0 is round.", min: 0, max: 1 }),
  maxEcc: option.number({ doc: "Largest eccentricity: 0 is round, 1 is a line.", min: 0, max: 1 }),
  separation: option.perAxis({ doc: "Least distance between two particles; diameter + 1 when not given.", above: 0 }),
  noiseSize: option.perAxis({ doc: "Width of the Gaussian that smooths the camera's noise.", above: 0, default: 1 }),
  smoothingSize: option.perAxis({
    doc: "Edge of the window whose mean is the background; diameter when not given.",
    odd: true,
    min: 1,
  }),
  threshold: option.number({
    doc: "Smoothed brightness below this becomes 0; 1 for integer images, 1/255 for float ones when not given.",
    min: 0,
  }),
  invert: option.flag({ doc: "The particles are dark on a bright ground.", default: false }),
  percentile: option.number({
    doc: "A peak has to be brighter than this share of the non-zero pixels.",
    min: 0,
    max: 100,
    default: 64,
  }),
  topn: option.count({ doc: "Keep only the heaviest n particles of a frame.", min: 1 }),
  preprocess: option.flag({
    doc: "Smooth and subtract the background first; --no-preprocess takes the frames as they are.",
    default: true,
  }),
  maxIterations: option.count({
    doc: "Steps at most to centre the window on a particle.",
    min: 1,
    max: 1000,
    default: 10,
  }),
  roi: region({
    doc: "Look only at this part of every frame, as if the rest were not there: x,y,width,height in pixels; positions stay the whole frame's.",
  }),
  mask: option.path({ doc: "An image as large as the frames; where it is 0 nothing is kept." }),
  locator: option.choice(["particle", "ring"], {
    doc: "What a particle looks like: particle is a blob, as trackpy's locate; ring is a bright or dark ring of about --diameter, whose radius becomes the column size and whose score (the share of the circumference seen) the column signal.",
    default: "particle",
  }),
  polarity: option.choice(ringPolarities, {
    doc: "With --locator ring: the ring is brighter or darker than both its sides, or a step; bright when not given.",
  }),
  minScore: option.number({
    doc: "With --locator ring: least share of the circumference that has to be seen; 0.5 when not given.",
    above: 0,
    max: 1,
  }),
  lineWidth: option.number({
    doc: "With --locator ring: width across the ring's line (standard deviation), or blur of its step; a sixteenth of the diameter, 1 to 4, when not given.",
    min: 0.5,
    unit: "px",
  }),
  radiusTolerance: option.number({
    doc: "With --locator ring: how far a radius may be from half the diameter, as a share of it; 0.25 when not given.",
    min: 0,
    max: 0.5,
  }),
  followRange: option.number({
    doc: "With --search-every: how far a ring moves from one frame to the next; a quarter of the diameter when not given.",
    above: 0,
    unit: "px",
  }),
  searchEvery: option.count({
    doc: "With --locator ring: follow the rings from frame to frame and search the whole frame only every so many frames, for new ones; every frame when not given.",
    min: 1,
  }),
  refine: option.choice(refineMethods, {
    doc: "How positions are refined: the centroid as trackpy does, radial symmetry (Parthasarathy 2012), or a Gaussian of maximum likelihood; ep is then the uncertainty of that method.",
    default: "centroid",
  }),
  sigma: option.number({
    doc: "Width of the particles' image for --refine gaussian; fitted when not given.",
    above: 0,
    unit: "px",
  }),
  gain: option.number({
    doc: "Electrons per grey level, for --refine; from the calibration when not given.",
    above: 0,
  }),
  offset: option.number({
    doc: "Grey level without light, for --refine; from the calibration when not given.",
    min: 0,
  }),
  readNoise: option.number({
    doc: "Read noise in electrons, for --refine; from the calibration when not given.",
    min: 0,
  }),
  correctBias: option.flag({
    doc: "Correct pixel locking by the distribution of sub-pixel positions (SPIFF).",
    default: false,
  }),
  ...linkOptions,
  minTrackLength: option.count({
    doc: "Leave out tracks with fewer points; frames wait until their tracks are decided.",
    min: 1,
    max: 1000,
    default: 1,
  }),
  flags: option.flag({
    doc: "A last column of quality flags, summed: 1 linked across a gap, 2 linked greedily, 4 near the edge, 8 overlapping, 16 saturated.",
    default: false,
  }),
  tileWidth: option.count({
    doc: "All workers work on every frame together, tile by tile, for the least latency and with the same answers; this wide (rounded up to a multiple of 64), as wide as the frame when only --tile-height is given. Without tiles, or with tiles as large as the frame, every worker has frames of its own.",
    min: 16,
  }),
  tileHeight: option.count({
    doc: "How high a tile is (rounded up to a multiple of 4), as high as the frame when only --tile-width is given.",
    min: 16,
  }),
  tileOverlap: option.count({
    doc: "How far the work on a tile may reach beyond it, at least as far as the filters and the refinement do; the least that will do when not given. Nothing is done twice, whatever the overlap: neighbours share what they have filtered.",
    min: 0,
  }),
  frames: option.flag({ doc: "Pass the frames on; --no-frames sends detections only.", default: true }),
  workers: option.count({
    doc: "Threads that locate particles, in parallel; one for every processor core when not given.",
    min: 1,
    max: 256,
  }),
};
export type TrackOptions = OptionsOf<typeof trackOptions>;

/** The stage's options in the words of the locating library; absent ones stay absent. */
export function locateOptions(o: TrackOptions): LocateOptions {
  const given = {
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
    Object.entries(given).filter(([, value]) => value !== undefined),
  ) as unknown as LocateOptions;
}

/** The camera's noise: as given, else from the stream's calibration; undefined when neither says. */
export function cameraNoise(o: TrackOptions, input: StreamDescriptor): CameraNoise | undefined {
  const known = input.calibration?.camera as Partial<CameraNoise> | undefined;
  const gain = o.gain ?? known?.gain;
  if (gain === undefined) return undefined;
  return { gain, offset: o.offset ?? known?.offset ?? 0, readNoise: o.readNoise ?? known?.readNoise ?? 0 };
}

/** Options that mean nothing without another one. */
export function loneOptions(o: TrackOptions): Problem[] {
  const problems: Problem[] = [];
  const lone = (name: string, needs: string, hint: string) =>
    problems.push({ where: `track, --${name}`, what: `means nothing without ${needs}`, hint });
  if (o.locator === "ring") {
    const blobs = {
      minmass: o.minmass > 0 || undefined,
      maxmass: o.maxmass,
      "min-ecc": o.minEcc,
      "max-ecc": o.maxEcc,
      topn: o.topn,
      mask: o.mask,
      invert: o.invert,
      "tile-width": o.tileWidth,
      "tile-height": o.tileHeight,
      "tile-overlap": o.tileOverlap,
    };
    for (const [name, value] of Object.entries(blobs)) {
      const hint = name.startsWith("tile") ? "Rings are searched in whole frames." : "Rings are chosen by --min-score.";
      if (value !== undefined && value !== false) lone(name, "--locator particle", hint);
    }
    if (o.refine !== "centroid") lone("refine", "--locator particle", "A ring has its own sub-pixel fit.");
    if (o.diameter.y !== o.diameter.x)
      lone("diameter", "--locator particle when it differs on the axes", "A ring has one diameter.");
  } else {
    for (const [name, value] of [
      ["polarity", o.polarity],
      ["min-score", o.minScore],
      ["line-width", o.lineWidth],
      ["radius-tolerance", o.radiusTolerance],
      ["follow-range", o.followRange],
      ["search-every", o.searchEvery],
    ] as const) {
      if (value !== undefined) lone(name, "--locator ring", "Add it, or leave this out.");
    }
  }
  if (o.followRange !== undefined && o.searchEvery === undefined)
    lone("follow-range", "--search-every", "Say how often the whole frame is searched.");
  if (o.sigma !== undefined && o.refine !== "gaussian")
    lone("sigma", "--refine gaussian", "Add it, or leave --sigma out.");
  if (o.refine === "centroid") {
    for (const [name, value] of [
      ["gain", o.gain],
      ["offset", o.offset],
      ["read-noise", o.readNoise],
    ] as const) {
      if (value !== undefined)
        lone(name, "--refine gaussian or radial-symmetry", "The centroid does not use the camera's noise.");
    }
  } else if (o.gain === undefined && (o.offset !== undefined || o.readNoise !== undefined)) {
    lone(o.offset === undefined ? "read-noise" : "offset", "--gain", "The three describe the camera together.");
  }
  if (o.tileOverlap !== undefined && o.tileWidth === undefined && o.tileHeight === undefined)
    lone("tile-overlap", "--tile-width or --tile-height", "Say how large a tile is.");
  if (o.minTrackLength > 1 && !o.searchRange)
    lone("min-track-length", "--search-range", "Say how far a particle moves: --search-range 5.");
  return problems;
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
      where: "track, --roi",
      what: `expected a part of the ${width}x${height} frame, got ${o.roi.x},${o.roi.y},${o.roi.width},${o.roi.height}`,
      hint: "Give x,y,width,height inside the frame.",
    });
  }
  if (mask && (mask.width !== width || mask.height !== height)) {
    problems.push({
      where: `track, --mask ${o.mask}`,
      what: `expected an image of ${width}x${height} like the frames, got ${mask.width}x${mask.height}`,
      hint: "Make it as large as the frames.",
    });
  }
  return problems;
}

/** The ring locator's parameters; null for particles. */
export function ringParameters(o: TrackOptions): RingParameters | null {
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
