/** The transform that finds particles in every frame and links them over time. */
import { MoteError, type Problem, refusal } from "../core/errors.js";
import type { StreamDescriptor } from "../core/model/descriptor.js";
import { detectionCapacity, detectionColumns, extraColumns } from "../core/model/detection.js";
import { maximumPixel } from "../core/model/pixel-format.js";
import { region } from "../core/option/geometry.js";
import { type OptionsOf, option } from "../core/option/option.js";
import { defineStage } from "../core/pipeline/stage.js";
import { type FindParameters, finderScratchBytes } from "../core/tracking/find/particle-finder.js";
import type { FollowParameters } from "../core/tracking/follow/particle-follower.js";
import { mostHeldFrames } from "../core/tracking/follow/track-length.js";
import {
  checkLocateParameters,
  type LocateOptions,
  resolveLocateParameters,
} from "../core/tracking/locate/parameters.js";
import { type CameraNoise, checkRefineParameters, refineMethods } from "../core/tracking/refine/parameters.js";
import { linkOptions, linkParameters, linkProblems } from "./link-options.js";

const options = {
  preset: option.choice(["tweezer"], {
    doc: "A named set of values; options given beside it win. tweezer: diameter 21, separation 18, minmass 100, percentile 14, max-ecc 0.3, search-range 10, memory 3.",
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
  frames: option.flag({ doc: "Pass the frames on; --no-frames sends detections only.", default: true }),
  workers: option.count({
    doc: "Threads that locate particles, in parallel; one for every processor core when not given.",
    min: 1,
    max: 256,
  }),
};
type TrackOptions = OptionsOf<typeof options>;

interface Plan {
  readonly find: FindParameters;
  readonly follow: FollowParameters;
  readonly mask: string | null;
}

interface Facts {
  readonly processors: number;
  /** What the mask file holds; null without one. */
  readonly mask: { readonly width: number; readonly height: number; readonly pixelFormat: string } | null;
}

/** The stage's options in the words of the locating library; absent ones stay absent. */
function locateOptions(o: TrackOptions): LocateOptions {
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

/** What the stream has to be for locating to make sense. */
function checkInput(input: StreamDescriptor): void {
  if (!input.hasFrames) {
    throw refusal(
      "track",
      "expected frames, got a stream of detections only",
      "Leave --no-frames away in the track before.",
    );
  }
  if (input.detections) {
    throw refusal(
      "track",
      "this stream has been tracked already",
      "One track is enough; relink its table with mote link, or track the frames again from their source.",
    );
  }
}

/** The camera's noise: as given, else from the stream's calibration; undefined when neither says. */
function cameraNoise(o: TrackOptions, input: StreamDescriptor): CameraNoise | undefined {
  const known = input.calibration?.camera as Partial<CameraNoise> | undefined;
  const gain = o.gain ?? known?.gain;
  if (gain === undefined) return undefined;
  return { gain, offset: o.offset ?? known?.offset ?? 0, readNoise: o.readNoise ?? known?.readNoise ?? 0 };
}

/** Options that mean nothing without another one. */
function loneOptions(o: TrackOptions): Problem[] {
  const problems: Problem[] = [];
  const lone = (name: string, needs: string, hint: string) =>
    problems.push({ where: `track, --${name}`, what: `means nothing without ${needs}`, hint });
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
  if (o.minTrackLength > 1 && !o.searchRange)
    lone("min-track-length", "--search-range", "Say how far a particle moves: --search-range 5.");
  return problems;
}

/** The region has to lie in the frame, the mask has to be as large as it. */
function placeProblems(o: TrackOptions, input: StreamDescriptor, facts: Facts): Problem[] {
  const { height, width } = input.shape;
  const problems: Problem[] = [];
  if (o.roi && (o.roi.x + o.roi.width > width || o.roi.y + o.roi.height > height)) {
    problems.push({
      where: "track, --roi",
      what: `expected a part of the ${width}x${height} frame, got ${o.roi.x},${o.roi.y},${o.roi.width},${o.roi.height}`,
      hint: "Give x,y,width,height inside the frame.",
    });
  }
  if (facts.mask && (facts.mask.width !== width || facts.mask.height !== height)) {
    problems.push({
      where: `track, --mask ${o.mask}`,
      what: `expected an image of ${width}x${height} like the frames, got ${facts.mask.width}x${facts.mask.height}`,
      hint: "Make it as large as the frames.",
    });
  }
  return problems;
}

export const track = defineStage<typeof options, Plan, Facts>({
  name: "track",
  role: "transform",
  summary: "Find particles in every frame and link them over time; frames pass through.",
  description:
    "Results are those of trackpy's locate and link, to the digits of its tables. Lengths are pixels; the origin is the centre of the top-left pixel.",
  options,
  presets: {
    tweezer: { diameter: 21, separation: 18, minmass: 100, percentile: 14, maxEcc: 0.3, searchRange: 10, memory: 3 },
  },
  examples: [
    {
      cmd: "acquire fixtures/beads.mote | mote track --diameter 21 --minmass 500 --search-range 8 | mote archive --out tracks.csv",
      shows: "Beads found and linked, one row for each particle and frame.",
    },
  ],
  async look({ mask }) {
    const { processorCount } = await import("../core/workers/processors.js");
    if (mask === undefined) return { processors: processorCount(), mask: null };
    const { lookAtFiles } = await import("../core/storage/read/look-at-files.js");
    const { first } = await lookAtFiles("track, --mask", [mask], undefined);
    return { processors: processorCount(), mask: { ...first.shape, pixelFormat: first.pixelFormat } };
  },
  negotiate(input, o, facts) {
    if (!input) throw refusal("track", "needs frames", "Put acquire before it.");
    checkInput(input);
    const { shape, pixelFormat } = input;
    const locate = resolveLocateParameters(locateOptions(o));
    const camera = cameraNoise(o, input);
    const refine = {
      method: o.refine,
      params: {
        window: locate.diameter,
        invert: locate.invert,
        saturation: saturationOf(input),
        ...(camera ? { camera } : {}),
        ...(o.sigma === undefined ? {} : { sigma: o.sigma }),
      },
    };
    const problems = [
      ...checkLocateParameters(locate, o.roi ?? shape, pixelFormat).map((problem) => ({
        ...problem,
        where: `track, ${problem.where}`,
      })),
      ...linkProblems("track", o),
      ...loneOptions(o),
      ...placeProblems(o, input, facts),
      ...(o.refine === "centroid" ? [] : checkRefineParameters({ ...refine, shape, format: pixelFormat })),
    ];
    if (problems.length > 0) throw new MoteError(problems, { exitCode: 2 });
    const link = linkParameters(o);
    const columns = o.flags ? [...detectionColumns, ...extraColumns] : detectionColumns;
    const find: FindParameters = {
      locate,
      region: o.roi ?? null,
      refine,
      hasFlags: o.flags,
      saturation: saturationOf(input),
    };
    return {
      output: { ...input, hasFrames: o.frames, detections: { columns }, isLinked: link !== null },
      plan: {
        find,
        follow: {
          link,
          correctBias: o.correctBias,
          hasFlags: o.flags,
          minTrackLength: o.minTrackLength,
          columns: columns.length,
        },
        mask: o.mask ?? null,
      },
      needs: {
        detectionRows: detectionCapacity(shape, locate.separation),
        mappers: o.workers ?? facts.processors,
        mapperScratchBytes: finderScratchBytes(shape, pixelFormat, find),
        heldFrames: o.minTrackLength > 1 ? mostHeldFrames(o.minTrackLength, o.memory) : 0,
      },
    };
  },
  async open(plan, context) {
    const { createParticleFollower } = await import("../core/tracking/follow/particle-follower.js");
    const follower = createParticleFollower(plan.follow, {
      shape: plan.find.region ?? context.input.shape,
      now: () => context.clock.nowMs(),
      warn: context.warn,
      pass: context.pass,
    });
    return {
      push: (frame) => (follower.push(frame) ? "held" : undefined),
      flush: () => follower.flush(),
      summary: () => follower.summary(),
    };
  },
  async openMapper(plan, context) {
    const [{ loadKernels }, { createParticleFinder }] = await Promise.all([
      import("../core/kernels/load-kernels.js"),
      import("../core/tracking/find/particle-finder.js"),
    ]);
    const finder = createParticleFinder({
      kernels: loadKernels(context.memory),
      memory: context.memory,
      scratchOffset: context.scratchOffset,
      shape: context.input.shape,
      format: context.input.pixelFormat,
      params: plan.find,
      mask:
        plan.mask === null
          ? null
          : await (await import("../core/storage/read/read-image.js")).readImage("track, --mask", plan.mask),
    });
    return {
      map(frame) {
        frame.rowCount = finder.find(frame.pixels, frame.pixelsOffset, frame.header.strideBytes, {
          values: frame.detections,
          offset: frame.detectionsOffset,
          capacity: frame.detectionCapacity,
        });
      },
    };
  },
});

/** The largest value a sample can have, at its bit depth. */
function saturationOf(input: StreamDescriptor): number {
  return input.pixelFormat === "float32"
    ? Number.POSITIVE_INFINITY
    : Math.min(maximumPixel[input.pixelFormat], 2 ** input.bitDepth - 1);
}
