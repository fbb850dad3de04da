/** The transform that finds particles in every frame and links them over time. */
import { MoteError, type Problem, refusal } from "../core/errors.js";
import type { Frame } from "../core/memory/frame.js";
import type { StreamDescriptor } from "../core/model/descriptor.js";
import { detectionCapacity, detectionColumns } from "../core/model/detection.js";
import { maximumPixel } from "../core/model/pixel-format.js";
import { parameterProblems } from "../core/option/parameter-problems.js";
import { defineStage, type StageContext, type StageNeeds } from "../core/pipeline/stage.js";
import type {
  finderScratchBytes as FinderScratchBytes,
  FindParameters,
  ParticleFinder,
} from "../core/tracking/find/particle-finder.js";
import type { RingFindParameters } from "../core/tracking/find/ring-finder.js";
import type { FollowParameters } from "../core/tracking/follow/particle-follower.js";
import { mostHeldFrames } from "../core/tracking/follow/track-length.js";
import { checkLocateParameters, resolveLocateParameters } from "../core/tracking/locate/parameters.js";
import { checkTiles, leastOverlap } from "../core/tracking/locate/tiling.js";
import { checkRefineParameters } from "../core/tracking/refine/parameters.js";
import { checkRingParameters } from "../core/tracking/ring/parameters.js";
import type { WorkerCount } from "../core/workers/processors.js";
import { linkParameters, linkProblems } from "./link-options.js";
import { cameraNoise, refineNames } from "./refine-options.js";
import { ringParameters } from "./ring-options.js";
import { summaries } from "./summaries.js";
import {
  locateNames,
  locateOptions,
  type MaskFacts,
  placeProblems,
  type TrackOptions,
  tileSize,
  trackOptions,
} from "./track-options.js";

interface Plan {
  readonly find:
    | { readonly kind: "particle"; readonly params: FindParameters }
    | { readonly kind: "ring"; readonly params: RingFindParameters };
  readonly follow: FollowParameters;
  readonly mask: string | null;
}

interface Facts extends WorkerCount {
  /** How much scratch finding takes; handed in so that help and validation load none of the algorithms. */
  readonly finderScratchBytes: typeof FinderScratchBytes;
  /** What the mask file holds; null without one. */
  readonly mask: MaskFacts | null;
}

/** What the stream has to be for locating to make sense. */
function checkInput(input: StreamDescriptor): void {
  if (!input.hasFrames) {
    throw refusal(
      "stages-do-not-fit",
      "track",
      "expected frames, got a stream of detections only",
      "Leave --no-frames away in the track before.",
    );
  }
  if (input.detections) {
    throw refusal(
      "stages-do-not-fit",
      "track",
      "this stream has been tracked already",
      "One track is enough; relink its table with mote link, or track the frames again from their source.",
    );
  }
}

export const track = defineStage<typeof trackOptions, Plan, Facts>({
  name: "track",
  role: "transform",
  summary: summaries.track,
  description:
    "Results are those of trackpy's locate and link, to the digits of its tables. Lengths are pixels; the origin is the centre of the top-left pixel.",
  options: trackOptions,
  presets: {
    tweezer: {
      diameter: 21,
      separation: 18,
      minmass: 100,
      percentile: 14,
      maxEcc: 0.3,
      tileWidth: 256,
      tileHeight: 256,
      tileOverlap: 32,
      searchRange: 10,
      memory: 3,
    },
  },
  examples: [
    {
      cmd: "acquire fixtures/beads.mote | mote track --diameter 21 --minmass 500 --search-range 8 | mote archive --out tracks.csv",
      shows: "Beads found and linked, one row for each particle and frame.",
    },
  ],
  async look({ mask, workers }, _stageName, { lookAtFiles }) {
    const [{ chooseWorkers }, { finderScratchBytes }] = await Promise.all([
      import("../core/workers/processors.js"),
      import("../core/tracking/find/particle-finder.js"),
    ]);
    if (mask === undefined) return { ...chooseWorkers(workers), mask: null, finderScratchBytes };
    const { first } = await lookAtFiles("track, --mask", [mask], undefined);
    return { ...chooseWorkers(workers), mask: first.shape, finderScratchBytes };
  },
  negotiate(input, o, facts) {
    if (!input) throw refusal("stages-do-not-fit", "track", "needs frames", "Put acquire before it.");
    checkInput(input);
    const { find, problems, needs } = o.locator === "ring" ? planRings(input, o) : planParticles(input, o, facts);
    const all = [...problems, ...linkProblems("track", o), ...placeProblems(o, input, facts.mask)];
    if (all.length > 0) throw new MoteError(all, { exitCode: 2 });
    const link = linkParameters(o);
    const columns = o.flags ? [...detectionColumns, "flags" as const] : detectionColumns;
    const isOrdered = o.searchEvery !== undefined;
    return {
      output: {
        ...input,
        hasFrames: o.frames,
        detections: { columns, mostRows: needs.detectionRows ?? 0 },
        isLinked: link !== null,
      },
      plan: {
        find,
        follow: {
          link,
          correctBias: o.correctBias,
          hasFlags: o.flags,
          minTrackLength: o.minTrackLength,
          columns: columns.length,
          numberStep: input.numberStep ?? 1,
        },
        mask: o.mask ?? null,
      },
      notes: facts.notes,
      needs: {
        ...needs,
        mappers: isOrdered ? 0 : facts.workers,
        heldFrames: o.minTrackLength > 1 ? mostHeldFrames(o.minTrackLength, o.memory) : 0,
      },
    };
  },
  async open(plan, context) {
    const { createParticleFollower } = await import("../core/tracking/follow/particle-follower.js");
    const follower = createParticleFollower(plan.follow, {
      shape: plan.find.params.region ?? context.input.shape,
      now: () => context.clock.now(),
      warn: context.warn,
      pass: context.pass,
    });
    // Rings that are followed from frame to frame are found here, in order; all else has been found by the mappers.
    const isOrdered = plan.find.kind === "ring" && plan.find.params.searchEvery !== null;
    const finder = isOrdered ? await openFinder(plan, context) : null;
    return {
      push(frame) {
        if (finder) findIn(finder, frame);
        return follower.push(frame) ? "held" : undefined;
      },
      flush: () => follower.flush(),
      summary: () => follower.summary(),
    };
  },
  async openMapper(plan, context) {
    const finder = await openFinder(plan, context);
    return { map: (frame) => findIn(finder, frame) };
  },
});

async function openFinder(plan: Plan, context: StageContext): Promise<ParticleFinder> {
  const { shape, pixelFormat } = context.input;
  if (plan.find.kind === "ring") {
    const { createRingFinder } = await import("../core/tracking/find/ring-finder.js");
    return createRingFinder(shape, pixelFormat, plan.find.params);
  }
  const [{ loadKernels }, { createParticleFinder }, { readImage }] = await Promise.all([
    import("../core/kernels/load-kernels.js"),
    import("../core/tracking/find/particle-finder.js"),
    import("../core/storage/read/read-image.js"),
  ]);
  return createParticleFinder({
    kernels: loadKernels(context.memory),
    memory: context.memory,
    scratchOffset: context.scratchOffset,
    shape,
    format: pixelFormat,
    params: plan.find.params,
    team: context.team,
    mask: plan.mask === null ? null : await readImage("track, --mask", plan.mask),
  });
}

function findIn(finder: ParticleFinder, frame: Frame): void {
  frame.rowCount = finder.find(frame.pixels, frame.pixelsOffset, frame.header.strideBytes, {
    values: frame.detections,
    offset: frame.detectionsOffset,
    capacity: frame.detectionCapacity,
  });
}

interface FindPlan {
  readonly find: Plan["find"];
  readonly problems: readonly Problem[];
  readonly needs: StageNeeds;
}

function planParticles(input: StreamDescriptor, o: TrackOptions, facts: Facts): FindPlan {
  const { shape, pixelFormat } = input;
  const locate = resolveLocateParameters(locateOptions(o));
  const camera = cameraNoise(o, input);
  const saturation = saturationOf(input);
  const refine = {
    method: o.refine,
    params: {
      window: locate.diameter,
      invert: locate.invert,
      saturation,
      ...(camera ? { camera } : {}),
      ...(o.sigma === undefined ? {} : { sigma: o.sigma }),
    },
  };
  const least = leastOverlap(locate);
  const tile = tileSize(o, o.roi ?? shape, least);
  const params: FindParameters = { locate, region: o.roi ?? null, refine, hasFlags: o.flags, saturation, tile };
  const problems = [
    ...parameterProblems("track", checkLocateParameters(locate, o.roi ?? shape), locateNames),
    ...(tile ? parameterProblems("track", checkTiles(tile, least), { overlap: "tileOverlap" }) : []),
    ...(o.refine === "centroid"
      ? []
      : parameterProblems("track", checkRefineParameters({ ...refine, shape, format: pixelFormat }), refineNames)),
  ];
  if (problems.length > 0) return { find: { kind: "particle", params }, problems, needs: {} };
  const scratch = facts.finderScratchBytes(shape, pixelFormat, params, facts.workers);
  const needs = {
    detectionRows: detectionCapacity(shape, locate.separation),
    mapperScratchBytes: scratch.own,
    ...(scratch.team === undefined ? {} : { teamScratchBytes: scratch.team }),
  };
  return { find: { kind: "particle", params }, problems, needs };
}

function planRings(input: StreamDescriptor, o: TrackOptions): FindPlan {
  const { shape } = input;
  const ring = ringParameters(o)!;
  const params = {
    ring,
    region: o.roi ?? null,
    searchEvery: o.searchEvery ?? null,
    hasFlags: o.flags,
    saturation: saturationOf(input),
  };
  const problems = parameterProblems("track", checkRingParameters(o.roi ?? shape, ring));
  if (o.diameter.y !== o.diameter.x) {
    const what = `expected one diameter for rings, got ${o.diameter.y},${o.diameter.x}`;
    problems.push({
      code: "bad-option",
      where: "track, --diameter",
      what,
      hint: "A ring is round; blobs may differ on the axes.",
    });
  }
  const separation = ring.separation ?? ring.diameter / 2;
  return {
    find: { kind: "ring", params },
    problems,
    needs: { detectionRows: detectionCapacity(shape, { y: separation, x: separation }) },
  };
}

/** The largest value a sample can have, at its bit depth. */
function saturationOf(input: StreamDescriptor): number {
  return input.pixelFormat === "float32"
    ? Number.POSITIVE_INFINITY
    : Math.min(maximumPixel[input.pixelFormat], 2 ** input.bitDepth - 1);
}
