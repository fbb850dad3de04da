/** A Zarr store as a file of images: OME-Zarr 0.4 and 0.5, or a plain array; Mote's own stores with all they recorded. */
import { FormatProblem } from "../../../format-problem.js";
import { CheckedPixels } from "../../../imaging/checked-pixels.js";
import { type FramePlace, type ImageFile, largestFrameBytes, unknownPlace } from "../../../imaging/image-file.js";
import type { StreamDescriptor } from "../../../model/descriptor.js";
import { isJsonObject, type JsonObject } from "../../../model/json.js";
import { bytesPerPixel } from "../../../model/pixel-format.js";
import { cutRecording, lossOfEnd, type RecordedLoss } from "../../../model/recorded-loss.js";
import { decodeDescriptor } from "../../../stream/check-descriptor.js";
import { LedgerLosses } from "../../read/ledger-losses.js";
import type { ImageFormat } from "../format.js";
import { findImage, type ZarrImage } from "./find-image.js";
import { readLedger } from "./ledger-columns.js";
import { openPlanes } from "./plane-reader.js";
import { pixelFormatOf } from "./read-node.js";
import { openRecordedFrames } from "./recorded-frames.js";

export const zarrFile: ImageFormat = {
  open: (path) => openZarrImages(path),
};

/** What Mote wrote of the stream into the store; undefined in other programs' stores. */
export function recordedDescriptor({ attributes }: Pick<ZarrImage, "attributes">): StreamDescriptor | undefined {
  const { mote } = attributes;
  if (!isJsonObject(mote) || mote.layout !== 1 || !isJsonObject(mote.descriptor)) return undefined;
  const descriptor = decodeDescriptor(mote.descriptor);
  if (typeof descriptor === "string") throw new FormatProblem("file-damaged", `the descriptor ${descriptor}`);
  return descriptor;
}

export async function openZarrImages(path: string): Promise<ImageFile> {
  const image = findImage(path);
  const { array, axes } = image;
  const pixelFormat = pixelFormatOf(array);
  const [height, width] = array.shape.slice(-2) as [number, number];
  const shape = { height, width };
  const outer = array.shape.slice(0, -2);
  const frameCount = outer.reduce((product, extent) => product * extent, 1);
  const wholeBytes = height * width * bytesPerPixel[pixelFormat];
  if (height === 0 || width === 0) throw new FormatProblem("file-damaged", `holds frames of ${width}x${height} pixels`);
  if (!(wholeBytes <= largestFrameBytes) || !Number.isSafeInteger(frameCount)) {
    throw new FormatProblem("file-damaged", `holds ${frameCount} frames of ${width}x${height} pixels`);
  }
  const descriptor = recordedDescriptor(image);
  const isSame = descriptor && descriptor.pixelFormat === pixelFormat && descriptor.shape.height === height;
  if (descriptor && (!isSame || descriptor.shape.width !== width || outer.length !== 1)) {
    throw new FormatProblem("file-damaged", "its frames are not those that its descriptor says");
  }
  const planes = await openPlanes(array, pixelFormat, descriptor !== undefined);
  const recorded = descriptor && openRecordedFrames(path, descriptor);
  const losses = descriptor && new LedgerLosses(() => readLedger(path, notBelieved));
  const channelAxis = axes.indexOf("c");
  const zAxis = axes.indexOf("z");
  const checked = new CheckedPixels(shape, pixelFormat);

  return {
    facts: {
      pixelFormat,
      shape,
      bitDepth: descriptor?.bitDepth ?? 8 * bytesPerPixel[pixelFormat],
      frameCount,
      pixelSizeUm: descriptor ? descriptor.pixelSizeUm : image.pixelSizeUm,
      rateHz: descriptor ? descriptor.rateHz : image.rateHz,
      metadata: metadataOf(image, descriptor),
      ...(descriptor && { recordedLoss: recordedLossIn(image) }),
      ...(descriptor?.numberStep && { numberStep: descriptor.numberStep }),
    },
    ...(losses && { losses: (after, before) => losses.between(after, before) }),
    async readFrame(index, pixels, region): Promise<FramePlace> {
      const place = placeOf(index, outer);
      const row = recorded?.read(index);
      const known = row?.crc32 ?? undefined;
      const pixelsCrc32 = await checked.read(pixels, region, known, `frame ${index}`, (target, part) =>
        planes.read(place, new Uint8Array(target.buffer, target.byteOffset, target.byteLength), part),
      );
      if (row) {
        const { channelIndex, zIndex, positionIndex, capturedAtNs } = row.header;
        const own = { channelIndex, zIndex, positionIndex, capturedAtNs, recorded: row.header };
        return pixelsCrc32 === undefined ? own : { ...own, pixelsCrc32 };
      }
      return { ...unknownPlace, channelIndex: place[channelAxis] ?? 0, zIndex: place[zAxis] ?? 0 };
    },
    close() {
      planes.close();
      recorded?.close();
    },
  };
}

/** How many detections a closed store of ours says it has; null where it does not say. */
export function recordedRows({ attributes: { mote } }: ZarrImage): number | null {
  const told =
    isJsonObject(mote) && isJsonObject(mote.processing_metrics) ? mote.processing_metrics.detectionsStored : null;
  return typeof told === "number" ? told : null;
}

/** What a store of ours says of its own losses. */
export function recordedLossIn({ attributes: { mote } }: ZarrImage): RecordedLoss {
  return isJsonObject(mote) && isJsonObject(mote.processing_metrics)
    ? lossOfEnd(mote.processing_metrics)
    : cutRecording;
}

function notBelieved(what: string): never {
  throw new FormatProblem("file-damaged", what, undefined, "mote recover takes the frames and leaves such rows out.");
}

/** The index along each axis of the n-th plane, the last axis fastest; of planes behind the last, beyond the first axis. */
function placeOf(index: number, extents: readonly number[]): number[] {
  const place = new Array<number>(extents.length);
  let rest = index;
  for (let axis = extents.length - 1; axis >= 0; axis--) {
    place[axis] = axis === 0 ? rest : rest % extents[axis]!;
    rest = Math.floor(rest / extents[axis]!);
  }
  return place;
}

function metadataOf(image: ZarrImage, descriptor: StreamDescriptor | undefined): JsonObject {
  const { omeVersion, array, axes } = image;
  const format = omeVersion === null ? `Zarr ${array.version}` : `OME-Zarr ${omeVersion}`;
  if (descriptor) return { format, recording: descriptor.source };
  return { format, ...(axes.some((name) => name !== null) ? { axes: axes.map((name) => name ?? "?").join("") } : {}) };
}
