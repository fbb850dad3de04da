/** The transform that finds particles in every frame and links them over time. */
import { MoteError, refusal } from "../core/errors.js";
import type { StreamDescriptor } from "../core/model/descriptor.js";
import { column, detectionCapacity, detectionColumns } from "../core/model/detection.js";
import { type OptionsOf, option } from "../core/option/option.js";
import { defineStage } from "../core/pipeline/stage.js";
import { checkLinkParameters, type LinkParameters } from "../core/tracking/link/parameters.js";
import { locatorScratchBytes } from "../core/tracking/locate/locator.js";
import {
  checkLocateParameters,
  type LocateOptions,
  type LocateParameters,
  resolveLocateParameters,
} from "../core/tracking/locate/parameters.js";

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
  frames: option.flag({ doc: "Pass the frames on; --no-frames sends detections only.", default: true }),
  workers: option.count({
    doc: "Threads that locate particles, in parallel; one for every processor core when not given.",
    min: 1,
    max: 256,
  }),
};
type TrackOptions = OptionsOf<typeof options>;

interface Plan {
  readonly locate: LocateParameters;
  readonly link: LinkParameters | null;
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

function linkParameters(o: TrackOptions): LinkParameters | null {
  return o.searchRange ? { searchRange: o.searchRange, memory: o.memory, adaptiveStep: 0.95, predictor: "none" } : null;
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

export const track = defineStage<typeof options, Plan, { processors: number }>({
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
  async look() {
    const { processorCount } = await import("../core/workers/processors.js");
    return { processors: processorCount() };
  },
  negotiate(input, o, facts) {
    if (!input) throw refusal("track", "needs frames", "Put acquire before it.");
    checkInput(input);
    const locate = resolveLocateParameters(locateOptions(o));
    const link = linkParameters(o);
    const problems = [
      ...checkLocateParameters(locate, input.shape, input.pixelFormat),
      ...(link ? checkLinkParameters(link) : []),
    ].map((problem) => ({ ...problem, where: `track, ${problem.where.replace("link, ", "")}` }));
    if (problems.length > 0) throw new MoteError(problems, { exitCode: 2 });
    return {
      output: { ...input, hasFrames: o.frames, detections: { columns: detectionColumns }, isLinked: link !== null },
      plan: { locate, link },
      needs: {
        detectionRows: detectionCapacity(input.shape, locate.separation),
        mappers: o.workers ?? facts.processors,
        mapperScratchBytes: locatorScratchBytes(input.shape, input.pixelFormat, locate),
      },
    };
  },
  async open(plan) {
    const { createLinker } = await import("../core/tracking/link/linker.js");
    const linker = plan.link ? createLinker(plan.link) : null;
    let particles = 0;
    return {
      push(frame) {
        const rows = frame.rowCount;
        particles += rows;
        if (linker) {
          const values = frame.detections;
          linker.link(
            frame.header.frameNumber,
            rows,
            values,
            column.y * rows,
            values,
            column.x * rows,
            values,
            column.particle_id * rows,
          );
        }
        return undefined;
      },
      summary: () => ({ particles, ...(linker ? { tracks: linker.summary().tracks } : {}) }),
    };
  },
  async openMapper(plan, context) {
    const [{ loadKernels }, { createLocator }] = await Promise.all([
      import("../core/kernels/load-kernels.js"),
      import("../core/tracking/locate/locator.js"),
    ]);
    const locator = createLocator({
      kernels: loadKernels(context.memory),
      memory: context.memory,
      scratchOffset: context.scratchOffset,
      shape: context.input.shape,
      format: context.input.pixelFormat,
      params: plan.locate,
    });
    return {
      map(frame) {
        frame.rowCount = locator.locate(
          frame.pixelsOffset,
          frame.header.strideBytes,
          frame.detectionsOffset,
          frame.detectionCapacity,
        );
      },
    };
  },
});
