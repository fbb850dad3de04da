/** `acquire`: frames from a camera, or replayed from files. Cameras and file formats are loaded when one is asked for. */

import type { Fault } from "../core/cameras/faults.js";
import type { ReplayPlan } from "../core/cameras/replay.js";
import { givenSimOptions, simOptions, simSettings } from "../core/cameras/sim/options.js";
import { simScratchBytes } from "../core/cameras/sim/scratch-layout.js";
import { simPixelFormat, unpacedRateHz } from "../core/cameras/sim/settings.js";
import type { SimPlan } from "../core/cameras/sim/sim-camera.js";
import { MoteError, type Problem, refusal } from "../core/errors.js";
import { type Region, wholeOf } from "../core/imaging/region.js";
import type { FrameShape, StreamDescriptor } from "../core/model/descriptor.js";
import type { JsonObject } from "../core/model/json.js";
import { pixelFormats } from "../core/model/pixel-format.js";
import { region, size } from "../core/option/geometry.js";
import { type OptionsOf, option } from "../core/option/option.js";
import { defineStage, type Negotiated } from "../core/pipeline/stage.js";
import type { RawLayout } from "../core/storage/read/formats.js";
import type { FileFacts } from "../core/storage/read/look-at-files.js";

const options = {
  files: option.list<string>(
    option.path({
      doc: "Files to replay in this order (.mote, .h5, .tif, .tiff, .png, .jxl, .zarr, or headerless with --size and --pixel-format), folders (their images in natural order) or quoted patterns.",
      metavar: "file",
    }),
  ),
  camera: option.choice(["sim"], { doc: "Take frames from this camera instead of files; sim is the simulated one." }),
  fps: option.number({
    doc: "Frames a second: paces the frames by the real clock, which makes the source live. Without it they come as fast as they are taken.",
    unit: "Hz",
    above: 0,
    max: 1e6,
  }),
  frames: option.count({
    doc: "Stop after this many frames (of a camera: exposed, lost ones included). Default: all of the files; without end for sim.",
    min: 1,
  }),
  loop: option.count({ doc: "Replay the whole sequence this many times; 0 for ever. Default 1.", min: 0 }),
  start: option.count({ doc: "First frame of the files' whole sequence to replay, from 0. Default 0.", min: 0 }),
  end: option.count({ doc: "Replay up to, not including, this frame of the sequence. Default: its end.", min: 1 }),
  step: option.count({ doc: "Replay every n-th frame. Default 1.", min: 1 }),
  roi: region({ doc: "Replay only this region of interest of every frame: x,y,width,height in pixels." }),
  pixelSize: option.number({
    doc: "Edge of a pixel in the specimen; wins over what a file says.",
    unit: "um",
    above: 0,
    max: 1e6,
  }),
  size: size({
    doc: "Width x height of the frames of headerless files, or of the simulated camera (there 2048x2048 by default).",
  }),
  dataset: option.text({
    doc: "Path of the frames in an .h5 that another program wrote and that has several datasets of frames, such as /entry/data.",
  }),
  pixelFormat: option.choice(pixelFormats, { doc: "Pixel type of headerless files, little-endian." }),
  ...simOptions,
};

type AcquireOptions = OptionsOf<typeof options>;
type AcquirePlan =
  | { readonly kind: "sim"; readonly sim: SimPlan }
  | {
      readonly kind: "replay";
      readonly replay: ReplayPlan;
      readonly layout: RawLayout | null;
      readonly dataset: string | null;
    };

export const acquire = defineStage<typeof options, AcquirePlan, FileFacts | null>({
  name: "acquire",
  role: "source",
  summary: "Take frames from a camera, or replay them from files.",
  description:
    "Replays TIFF (uint8, uint16, float32; pages, OME, ImageJ; uncompressed, LZW, deflate, PackBits, zstd), PNG (colour becomes grey), " +
    "Zarr (folders with OME-Zarr 0.4 or 0.5 or a plain array; blosc, zstd, gzip, shards) " +
    "and headerless files. What could only be read wrong is refused. With --camera sim it simulates beads in Brownian motion, " +
    "the same to the byte for the same seed.",
  options,
  positional: "files",
  examples: [
    {
      cmd: "acquire fixtures/images/pages-uint8.tif > /dev/null",
      shows: "Replay the pages of a TIFF.",
    },
    {
      cmd: "acquire 'fixtures/images/tiles-uint16*.tif' --frames 3 --roi 2,2,16,12 --pixel-size 0.1um > /dev/null",
      shows: "Replay a region of the first frames of all files that match.",
    },
    {
      cmd: "acquire --camera sim --size 256x256 --beads 16 --frames 20 --fault duplicate@7 > /dev/null",
      shows: "Simulate beads on a camera that sends a frame twice; the second copy is left out.",
    },
  ],
  async look(given) {
    refuseConflicts(given);
    if (given.camera !== undefined) return null;
    const { lookAtFiles } = await import("../core/storage/read/look-at-files.js");
    return await lookAtFiles("acquire", given.files, layoutOf(given) ?? undefined, given.dataset);
  },
  negotiate(_input, given, facts) {
    refuseConflicts(given);
    return facts === null ? negotiateSim(given) : negotiateReplay(given, facts);
  },
  async check(plan) {
    if (plan.kind !== "sim" || plan.sim.truth === null) return [];
    const { truthProblems } = await import("../core/cameras/sim/truth-file.js");
    return truthProblems(plan.sim.truth);
  },
  async open(plan, context) {
    if (plan.kind === "sim") {
      const { openSimCamera } = await import("../core/cameras/sim/sim-camera.js");
      const { loadKernels } = await import("../core/kernels/load-kernels.js");
      return openSimCamera(plan.sim, context, loadKernels(context.memory));
    }
    const { openReplay } = await import("../core/cameras/replay.js");
    const { openImageFile } = await import("../core/storage/read/formats.js");
    return openReplay(plan.replay, context, (path) =>
      openImageFile(path, plan.layout ?? undefined, plan.dataset ?? undefined),
    );
  },
});

/** Options that do not belong together, all at once. */
function refuseConflicts(given: AcquireOptions): void {
  const problems: Problem[] = [];
  const add = (name: string, what: string, hint: string) => problems.push({ where: `acquire, ${name}`, what, hint });
  if (given.camera === undefined) {
    if (given.files.length === 0)
      add("files", "there is nothing to acquire from", "Name files, or a camera: --camera sim.");
    for (const name of givenSimOptions(given))
      add(name, "is an option of the simulated camera", "Add --camera sim, or leave it out.");
    if ((given.size === undefined) !== (given.pixelFormat === undefined)) {
      const [there, missing] = given.size ? ["--size", "--pixel-format"] : ["--pixel-format", "--size"];
      add(there!, `needs ${missing} beside it`, "Both together describe headerless files.");
    }
  } else {
    if (given.files.length > 0)
      add("--camera sim", `takes no files, got ${given.files[0]}`, "Name files or a camera, not both.");
    for (const name of ["loop", "start", "end", "step", "roi", "dataset"] as const) {
      if (given[name] !== undefined) add(`--${name}`, "is for replaying files", "Leave it out with --camera sim.");
    }
    if (given.pixelFormat !== undefined) {
      add("--pixel-format", "is for headerless files", "Use --bit-depth with --camera sim.");
    }
  }
  if (problems.length > 0) throw new MoteError(problems, { exitCode: 2 });
}

function layoutOf(given: AcquireOptions): RawLayout | null {
  return given.size && given.pixelFormat ? { shape: given.size, pixelFormat: given.pixelFormat } : null;
}

function negotiateSim(given: AcquireOptions): Negotiated<AcquirePlan> {
  const settings = simSettings(given, given.size);
  const frames = given.frames ?? null;
  const sim: SimPlan = { settings, frames, paceHz: given.fps ?? null, truth: given.truth ?? null };
  const output = describe(given, settings.shape, {
    pixelFormat: simPixelFormat(settings),
    bitDepth: settings.bitDepth,
    pixelSizeUm: given.pixelSize ?? null,
    rateHz: given.fps ?? unpacedRateHz,
    frameCount: frames === null ? null : frames - countLost(frames, settings.faults),
    source: { camera: "sim", ...(settings as unknown as JsonObject) },
  });
  return { output, plan: { kind: "sim", sim }, needs: { scratchBytes: simScratchBytes(settings) } };
}

function negotiateReplay(given: AcquireOptions, facts: FileFacts): Negotiated<AcquirePlan> {
  const { first, files } = facts;
  const roi = given.roi ?? wholeOf(first.shape);
  requireInside(roi, first.shape);
  const all = files.reduce((total, file) => total + file.frames, 0);
  const start = given.start ?? 0;
  const end = Math.min(given.end ?? all, all);
  const step = given.step ?? 1;
  const selected = Math.ceil((end - start) / step);
  if (selected < 1) {
    const [name, hint] =
      start >= all ? ["--start", `Frames are counted from 0 to ${all - 1}.`] : ["--end", "Raise it above --start."];
    throw refusal(`acquire, ${name}`, `no frame of ${all} is left from ${start} to ${end}`, hint);
  }
  const passes = given.loop ?? 1;
  const looped = passes === 0 ? null : selected * passes;
  const frames = looped === null ? (given.frames ?? null) : Math.min(looped, given.frames ?? looped);
  const replay: ReplayPlan = {
    files,
    fileShape: first.shape,
    pixelFormat: first.pixelFormat,
    bitDepth: first.bitDepth,
    region: roi,
    start,
    step,
    selected,
    frames,
    paceHz: given.fps ?? null,
  };
  const output = describe(
    given,
    { height: roi.height, width: roi.width },
    {
      pixelFormat: first.pixelFormat,
      bitDepth: first.bitDepth,
      pixelSizeUm: given.pixelSize ?? first.pixelSizeUm,
      rateHz: given.fps ?? (first.rateHz === null ? null : first.rateHz / step),
      frameCount: frames,
      source: {
        files: { count: files.length, first: files[0]!.path, last: files[files.length - 1]!.path, frames: all },
        ...first.metadata,
      },
    },
  );
  return { output, plan: { kind: "replay", replay, layout: layoutOf(given), dataset: given.dataset ?? null } };
}

function requireInside(roi: Region, shape: FrameShape): void {
  if (roi.x + roi.width <= shape.width && roi.y + roi.height <= shape.height) return;
  throw refusal(
    "acquire, --roi",
    `${roi.x},${roi.y},${roi.width},${roi.height} reaches out of the ${shape.width}x${shape.height} frames`,
    "Give x,y of the top-left pixel, then width and height.",
  );
}

function describe(
  given: AcquireOptions,
  shape: FrameShape,
  own: Pick<StreamDescriptor, "pixelFormat" | "bitDepth" | "pixelSizeUm" | "rateHz" | "frameCount" | "source">,
): StreamDescriptor {
  return {
    ...own,
    shape,
    hasFrames: true,
    detections: null,
    isLinked: false,
    isLive: given.fps !== undefined,
    calibration: null,
    producedBy: [],
  };
}

function countLost(frames: number, faults: readonly Fault[]): number {
  let lost = 0;
  let next = 0;
  // Faults may overlap: each frame is counted once.
  for (const { kind, first, last } of [...faults].sort((a, b) => a.first - b.first)) {
    if (kind !== "drop") continue;
    const from = Math.max(first, next);
    const to = Math.min(last, frames - 1);
    if (to >= from) lost += to - from + 1;
    next = Math.max(next, to + 1);
  }
  return lost;
}
