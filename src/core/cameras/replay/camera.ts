/** Files in place of a camera. */
import { refusal } from "../../errors.js";
import { type Region, wholeOf } from "../../imaging/region.js";
import type { FrameShape } from "../../model/descriptor.js";
import { pixelFormats } from "../../model/pixel-format.js";
import { hasLoss, sumOfLosses } from "../../model/recorded-loss.js";
import { region } from "../../option/geometry.js";
import { given, option } from "../../option/option.js";
import type { RawLayout } from "../../storage/formats/format.js";
import type { FileFacts } from "../../storage/read/look-at-files.js";
import { type CameraOptions, defineCamera } from "../camera.js";
import type { ReplayPlan } from "./replay.js";

/** Which files, which part of them, and how they are laid out. */
const options = {
  files: option.list<string>(
    option.path({
      doc: "Files to replay in this order (.mote, .h5, .tif, .tiff, .png, .jxl, .zarr, or headerless with --size and --pixel-format), folders (their images in natural order) or quoted patterns.",
      metavar: "file",
      noun: "files",
    }),
  ),
  loop: option.count({ doc: "Replay the whole sequence this many times; 0 for ever. Default 1.", min: 0 }),
  start: option.count({ doc: "First frame of the files' whole sequence to replay, from 0. Default 0.", min: 0 }),
  end: option.count({ doc: "Replay up to, not including, this frame of the sequence. Default: its end.", min: 1 }),
  step: option.count({ doc: "Replay every n-th frame. Default 1.", min: 1 }),
  roi: region({ doc: "Replay only this region of interest of every frame: x,y,width,height in pixels." }),
  dataset: option.text({
    doc: "Path of the frames in an .h5 that another program wrote and that has several datasets of frames, such as /entry/data.",
  }),
  fileTimes: option.flag({
    doc: "Take the time at which a file was last changed for that at which its frame was captured, where a file of one frame states none: right for files that were never copied, unpacked or downloaded. Else such a time is unknown and stays empty, or with --fps is that of the replay.",
    default: false,
  }),
  pixelFormat: option.choice(pixelFormats, {
    doc: "Pixel type of headerless files, little-endian.",
    only: { size: given },
    instead: "Size and pixel format together describe headerless files; the simulated camera has --bit-depth.",
  }),
};

type Options = CameraOptions<typeof options>;

interface Plan {
  readonly replay: ReplayPlan;
  readonly layout: RawLayout | null;
  readonly dataset: string | null;
}

export const replay = defineCamera<typeof options, Plan, FileFacts>({
  name: "replay",
  chosenBy: "files",
  summary: "files in place of a camera",
  description:
    "Replays TIFF (uint8, uint16, float32; pages, OME, ImageJ; uncompressed, LZW, deflate, PackBits, zstd), PNG (colour becomes grey), " +
    "Zarr (folders with OME-Zarr 0.4 or 0.5 or a plain array; blosc, zstd, gzip, shards) " +
    "and headerless files. What could only be read wrong is refused.",
  heading: "Replay of files:",
  options,
  examples: [
    {
      cmd: "acquire fixtures/images/pages-uint8.tif > /dev/null",
      shows: "Replay the pages of a TIFF.",
    },
    {
      cmd: "acquire 'fixtures/images/tiles-uint16*.tif' --frames 3 --roi 2,2,16,12 --pixel-size 0.1um > /dev/null",
      shows: "Replay a region of the first frames of all files that match.",
    },
  ],
  look: (where, o, lookAtFiles) => lookAtFiles(where, o.files, layoutOf(o) ?? undefined, o.dataset),
  negotiate(where, o, { first, files }) {
    const roi = o.roi ?? wholeOf(first.shape);
    requireInside(where, roi, first.shape);
    const all = files.reduce((total, file) => total + file.frames, 0);
    const start = o.start ?? 0;
    const end = Math.min(o.end ?? all, all);
    const step = o.step ?? 1;
    const selected = Math.ceil((end - start) / step);
    if (selected < 1) {
      const [name, hint] =
        start >= all ? ["--start", `Frames are counted from 0 to ${all - 1}.`] : ["--end", "Raise it above --start."];
      throw refusal("no-such-item", `${where}, ${name}`, `no frame of ${all} is left from ${start} to ${end}`, hint);
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
      hasFileTimes: o.fileTimes,
    };
    const recordedLoss = sumOfLosses(files.map((file) => file.recordedLoss));
    const numberStep = Math.max(...files.map((file) => file.numberStep ?? 1)) * step;
    return {
      frames: {
        shape: { height: roi.height, width: roi.width },
        pixelFormat: first.pixelFormat,
        bitDepth: first.bitDepth,
        pixelSizeUm: o.pixelSize ?? first.pixelSizeUm,
        rateHz: o.fps ?? (first.rateHz === null ? null : first.rateHz / step),
        frameCount: frames,
        isLive: o.fps !== undefined,
        ...(recordedLoss && hasLoss(recordedLoss) && { recordedLoss }),
        ...(numberStep > 1 && { numberStep }),
        source: {
          files: { count: files.length, first: files[0]!.path, last: files[files.length - 1]!.path, frames: all },
          ...first.metadata,
        },
      },
      plan: { replay, layout: layoutOf(o), dataset: o.dataset ?? null },
    };
  },
  uses: (where, { replay }) => ({
    reads: replay.files.map(({ path }) => ({ where: `${where}, ${path}`, file: path })),
  }),
  async open({ replay, layout, dataset }, context) {
    const [{ openReplay }, { openImageFile }] = await Promise.all([
      import("./replay.js"),
      import("../../storage/read/image-formats.js"),
    ]);
    return openReplay(replay, context, (path) => openImageFile(path, layout ?? undefined, dataset ?? undefined));
  },
});

function layoutOf(o: Options): RawLayout | null {
  return o.size && o.pixelFormat ? { shape: o.size, pixelFormat: o.pixelFormat } : null;
}

function requireInside(where: string, roi: Region, shape: FrameShape): void {
  if (roi.x + roi.width <= shape.width && roi.y + roi.height <= shape.height) return;
  throw refusal(
    "bad-option",
    `${where}, --roi`,
    `${roi.x},${roi.y},${roi.width},${roi.height} reaches out of the ${shape.width}x${shape.height} frames`,
    "Give x,y of the top-left pixel, then width and height.",
  );
}
