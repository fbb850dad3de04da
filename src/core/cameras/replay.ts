/** Files of images as a camera: one after the other, a part of them or all, once or again and again. */

import { failure } from "../errors.js";
import { explained } from "../imaging/explained.js";
import type { ImageFile } from "../imaging/image-file.js";
import type { Region } from "../imaging/region.js";
import type { Frame } from "../memory/frame.js";
import type { FrameShape } from "../model/descriptor.js";
import type { FrameHeader } from "../model/frame-header.js";
import type { JsonObject } from "../model/json.js";
import { bytesPerPixel, type PixelFormat } from "../model/pixel-format.js";
import type { CameraContext, FrameSource } from "./frame-source.js";
import { Pacer } from "./pacing.js";

export interface ReplayPlan {
  readonly files: readonly { readonly path: string; readonly frames: number }[];
  /** Shape and type of the frames in the files; the region is cut out of them. */
  readonly fileShape: FrameShape;
  readonly pixelFormat: PixelFormat;
  readonly bitDepth: number;
  readonly region: Region;
  /** Frames of all files in sequence: first, step, and how many. */
  readonly start: number;
  readonly step: number;
  readonly selected: number;
  /** Frames to hand over, all passes together; null: without end. */
  readonly frames: number | null;
  /** Paced by the real clock at this rate; null: as fast as frames are taken. */
  readonly paceHz: number | null;
}

/** An event has to fit into a slot; a longer description stays in the file. */
const mostMetadataLength = 12_000;

/** Opens files with `openFile` as their turn comes; at most one is open. */
export function openReplay(
  plan: ReplayPlan,
  context: CameraContext,
  openFile: (path: string) => Promise<ImageFile>,
): FrameSource {
  const pacer = plan.paceHz === null ? undefined : new Pacer(plan.paceHz, context.clock, () => context.isDraining());
  const strideBytes = plan.region.width * bytesPerPixel[plan.pixelFormat];
  let open: { readonly index: number; readonly first: number; readonly file: ImageFile } | undefined;
  let delivered = 0;
  /** Frame numbers of a recording are kept; a second pass or file goes on where the one before ended. */
  let numbersFrom = 0;
  let lastNumber = -1;

  /** Keeps what the recording knows of the frame beyond its pixels. */
  function keepRecorded(header: FrameHeader, recorded: FrameHeader): number {
    header.sourceIndex = recorded.sourceIndex;
    header.deviceFrameNumber = recorded.deviceFrameNumber;
    header.receivedAtNs = recorded.receivedAtNs;
    header.exposureMs = recorded.exposureMs;
    header.temperatureC = recorded.temperatureC;
    header.binningX = recorded.binningX;
    header.binningY = recorded.binningY;
    header.roiX = recorded.roiX + plan.region.x * recorded.binningX;
    header.roiY = recorded.roiY + plan.region.y * recorded.binningY;
    header.stageXUm = recorded.stageXUm;
    header.stageYUm = recorded.stageYUm;
    header.stageZUm = recorded.stageZUm;
    if (numbersFrom + recorded.frameNumber <= lastNumber) numbersFrom = lastNumber + 1 - recorded.frameNumber;
    return numbersFrom + recorded.frameNumber;
  }

  /** The file that holds frame `wanted` of the whole sequence, open. */
  async function fileOf(wanted: number): Promise<{ file: ImageFile; path: string; frame: number }> {
    let index = open && wanted >= open.first ? open.index : 0;
    let first = open && wanted >= open.first ? open.first : 0;
    while (wanted - first >= plan.files[index]!.frames) first += plan.files[index++]!.frames;
    const { path, frames } = plan.files[index]!;
    if (open?.index !== index) {
      open?.file.close();
      open = undefined;
      const file = await openFile(path);
      open = { index, first, file };
      requireUnchanged(plan, path, frames, file);
      // What a recording says of its own source stands in the descriptor.
      const { recording: _, ...metadata } = file.facts.metadata;
      const isShort = JSON.stringify(metadata).length <= mostMetadataLength;
      context.emit({ event: "source", file: path, metadata: isShort ? metadata : {} });
    }
    return { file: open.file, path, frame: wanted - first };
  }

  return {
    async next(frame: Frame) {
      if (plan.frames !== null && delivered >= plan.frames) return "end";
      if (context.isDraining() || (pacer && !pacer.waitFor(delivered))) return "stopped";
      const wanted = plan.start + (delivered % plan.selected) * plan.step;
      let path = plan.files[0]!.path;
      let capturedAtNs = 0n;
      let number = delivered;
      const { header } = frame;
      header.reset(plan.pixelFormat, plan.region.height, plan.region.width, strideBytes, plan.bitDepth);
      header.roiX = plan.region.x;
      header.roiY = plan.region.y;
      try {
        const found = await fileOf(wanted);
        path = found.path;
        const place = await found.file.readFrame(found.frame, frame.pixels, plan.region);
        header.channelIndex = place.channelIndex;
        header.zIndex = place.zIndex;
        header.positionIndex = place.positionIndex;
        capturedAtNs = place.capturedAtNs;
        if (place.recorded) number = keepRecorded(header, place.recorded);
        frame.pixelsCrc32 = place.pixelsCrc32 ?? -1;
      } catch (error) {
        throw explained(`acquire, ${path}`, error, failure);
      }
      header.frameNumber = number;
      lastNumber = number;
      if (pacer) header.receivedAtNs = context.clock.nowNs();
      header.capturedAtNs = capturedAtNs === 0n ? header.receivedAtNs : capturedAtNs;
      frame.rowCount = -1;
      delivered++;
      return "frame";
    },
    summary(): JsonObject {
      return { delivered, files: plan.files.length };
    },
    close() {
      open?.file.close();
      open = undefined;
    },
  };
}

/** A file that changed between the look at it and its turn would break the descriptor that was sent. */
function requireUnchanged(plan: ReplayPlan, path: string, frames: number, file: ImageFile): void {
  const { shape, pixelFormat, frameCount } = file.facts;
  const isSame =
    shape.height === plan.fileShape.height && shape.width === plan.fileShape.width && pixelFormat === plan.pixelFormat;
  if (isSame && frameCount >= frames) return;
  throw failure(
    `acquire, ${path}`,
    `the file changed since the start: ${frameCount} frames of ${shape.width}x${shape.height} ${pixelFormat}`,
    "Replay files that nobody writes to.",
  );
}
