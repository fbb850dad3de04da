/** `acquire`: frames from a camera, or replayed from files. Cameras and file formats are loaded when one is asked for. */

import type { Fault } from "../core/cameras/faults.js";
import type { ReplayPlan } from "../core/cameras/replay.js";
import { simOptions, simSettings } from "../core/cameras/sim/options.js";
import { simScratchBytes } from "../core/cameras/sim/scratch-layout.js";
import { simPixelFormat, unpacedRateHz } from "../core/cameras/sim/settings.js";
import type { SimPlan } from "../core/cameras/sim/sim-camera.js";
import { refusal } from "../core/errors.js";
import { type Region, wholeOf } from "../core/imaging/region.js";
import type { FrameShape, StreamDescriptor } from "../core/model/descriptor.js";
import type { JsonObject } from "../core/model/json.js";
import { pixelFormats } from "../core/model/pixel-format.js";
import { hasLoss, sumOfLosses } from "../core/model/recorded-loss.js";
import { region, size } from "../core/option/geometry.js";
import { absent, given, inGroup, type OptionsOf, onlyWith, option } from "../core/option/option.js";
import { defineStage, type Negotiated } from "../core/pipeline/stage.js";
import type { RawLayout } from "../core/storage/formats/format.js";
import type { FileFacts } from "../core/storage/read/look-at-files.js";
import { summaries } from "./summaries.js";

/** Options that say which part of a recording is replayed, and how it is laid out. */
const ofFiles = { camera: absent } as const;

const options = {
  files: option.list<string>(
    option.path({
      doc: "Files to replay in this order (.mote, .h5, .tif, .tiff, .png, .jxl, .zarr, or headerless with --size and --pixel-format), folders (their images in natural order) or quoted patterns.",
      metavar: "file",
      noun: "files",
    }),
  ),
  camera: option.choice(["sim"], {
    doc: "Take frames from this camera instead of files; sim is the simulated one.",
    only: { files: absent },
    instead: "Name files or a camera, not both.",
  }),
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
  ...onlyWith(ofFiles, {
    loop: option.count({ doc: "Replay the whole sequence this many times; 0 for ever. Default 1.", min: 0 }),
    start: option.count({ doc: "First frame of the files' whole sequence to replay, from 0. Default 0.", min: 0 }),
    end: option.count({ doc: "Replay up to, not including, this frame of the sequence. Default: its end.", min: 1 }),
    step: option.count({ doc: "Replay every n-th frame. Default 1.", min: 1 }),
    roi: region({ doc: "Replay only this region of interest of every frame: x,y,width,height in pixels." }),
  }),
  pixelSize: option.number({
    doc: "Edge of a pixel in the specimen; wins over what a file says.",
    unit: "um",
    above: 0,
    max: 1e6,
  }),
  size: size({
    doc: "Width x height of the frames of headerless files, or of the simulated camera (there 2048x2048 by default).",
    only: [{ camera: given }, { pixelFormat: given }],
    instead: "Size and pixel format together describe headerless files.",
  }),
  dataset: option.text({
    doc: "Path of the frames in an .h5 that another program wrote and that has several datasets of frames, such as /entry/data.",
    only: ofFiles,
  }),
  pixelFormat: option.choice(pixelFormats, {
    doc: "Pixel type of headerless files, little-endian.",
    only: { ...ofFiles, size: given },
    instead: "Size and pixel format together describe headerless files; the simulated camera has --bit-depth.",
  }),
  ...inGroup("Simulated camera:", onlyWith({ camera: "sim" }, simOptions)),
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
  summary: summaries.acquire,
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
  async look(o, _stageName, lookAtFiles) {
    refuseNothing(o);
    if (o.camera !== undefined) return null;
    return await lookAtFiles("acquire", o.files, layoutOf(o) ?? undefined, o.dataset);
  },
  negotiate(_input, o, facts) {
    refuseNothing(o);
    return facts === null ? negotiateSim(o) : negotiateReplay(o, facts);
  },
  async check(plan) {
    if (plan.kind !== "sim" || plan.sim.truth === null) return [];
    const { truthProblems } = await import("../core/cameras/sim/truth-file.js");
    return truthProblems(plan.sim.truth);
  },
  uses(plan) {
    if (plan.kind === "replay") {
      return { reads: plan.replay.files.map(({ path }) => ({ where: `acquire, ${path}`, file: path })) };
    }
    const { truth } = plan.sim;
    return truth === null ? {} : { writes: [{ where: `acquire, --truth ${truth}`, file: truth }] };
  },
  async open(plan, context) {
    if (plan.kind === "sim") {
      const { openSimCamera } = await import("../core/cameras/sim/sim-camera.js");
      const { loadKernels } = await import("../core/kernels/load-kernels.js");
      return openSimCamera(plan.sim, context, loadKernels(context.memory));
    }
    const { openReplay } = await import("../core/cameras/replay.js");
    const { openImageFile } = await import("../core/storage/read/image-formats.js");
    return openReplay(plan.replay, context, (path) =>
      openImageFile(path, plan.layout ?? undefined, plan.dataset ?? undefined),
    );
  },
});

function refuseNothing({ files, camera }: AcquireOptions): void {
  if (camera === undefined && files.length === 0)
    throw refusal("acquire", "there is nothing to acquire from", "Name files, or a camera: --camera sim.");
}

function layoutOf(o: AcquireOptions): RawLayout | null {
  return o.size && o.pixelFormat ? { shape: o.size, pixelFormat: o.pixelFormat } : null;
}

function negotiateSim(o: AcquireOptions): Negotiated<AcquirePlan> {
  const settings = simSettings(o, o.size);
  const frames = o.frames ?? null;
  const sim: SimPlan = { settings, frames, paceHz: o.fps ?? null, truth: o.truth ?? null };
  const output = describe(o, settings.shape, {
    pixelFormat: simPixelFormat(settings),
    bitDepth: settings.bitDepth,
    pixelSizeUm: o.pixelSize ?? null,
    rateHz: o.fps ?? unpacedRateHz,
    frameCount: frames === null ? null : frames - countLost(frames, settings.faults),
    source: { camera: "sim", ...(settings as unknown as JsonObject) },
  });
  return { output, plan: { kind: "sim", sim }, needs: { scratchBytes: simScratchBytes(settings) } };
}

function negotiateReplay(o: AcquireOptions, facts: FileFacts): Negotiated<AcquirePlan> {
  const { first, files } = facts;
  const roi = o.roi ?? wholeOf(first.shape);
  requireInside(roi, first.shape);
  const all = files.reduce((total, file) => total + file.frames, 0);
  const start = o.start ?? 0;
  const end = Math.min(o.end ?? all, all);
  const step = o.step ?? 1;
  const selected = Math.ceil((end - start) / step);
  if (selected < 1) {
    const [name, hint] =
      start >= all ? ["--start", `Frames are counted from 0 to ${all - 1}.`] : ["--end", "Raise it above --start."];
    throw refusal(`acquire, ${name}`, `no frame of ${all} is left from ${start} to ${end}`, hint);
  }
  const passes = o.loop ?? 1;
  const looped = passes === 0 ? null : selected * passes;
  const frames = looped === null ? (o.frames ?? null) : Math.min(looped, o.frames ?? looped);
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
    paceHz: o.fps ?? null,
  };
  const recordedLoss = sumOfLosses(files.map((file) => file.recordedLoss));
  const numberStep = Math.max(...files.map((file) => file.numberStep ?? 1)) * step;
  const output = describe(
    o,
    { height: roi.height, width: roi.width },
    {
      pixelFormat: first.pixelFormat,
      bitDepth: first.bitDepth,
      pixelSizeUm: o.pixelSize ?? first.pixelSizeUm,
      rateHz: o.fps ?? (first.rateHz === null ? null : first.rateHz / step),
      frameCount: frames,
      ...(recordedLoss && hasLoss(recordedLoss) && { recordedLoss }),
      ...(numberStep > 1 && { numberStep }),
      source: {
        files: { count: files.length, first: files[0]!.path, last: files[files.length - 1]!.path, frames: all },
        ...first.metadata,
      },
    },
  );
  return { output, plan: { kind: "replay", replay, layout: layoutOf(o), dataset: o.dataset ?? null } };
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
  o: AcquireOptions,
  shape: FrameShape,
  own: Pick<StreamDescriptor, "pixelFormat" | "bitDepth" | "pixelSizeUm" | "rateHz" | "frameCount" | "source"> &
    Partial<Pick<StreamDescriptor, "recordedLoss" | "numberStep">>,
): StreamDescriptor {
  return {
    ...own,
    shape,
    hasFrames: true,
    detections: null,
    isLinked: false,
    isLive: o.fps !== undefined,
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
