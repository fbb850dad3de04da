/** Files of images of any format that is replayed: what their headers say. */
import { refusal } from "../../errors.js";
import type { FrameDrawing } from "../../imaging/draw/draw-frame.js";
import { explained } from "../../imaging/explained.js";
import type { ImageFileFacts } from "../../imaging/image-file.js";
import { borrowPixels, bytesPerPixel } from "../../model/pixel-format.js";
import { formatCount } from "../../units.js";
import { openImageFile } from "../read/image-formats.js";
import { type Ending, endingByLoss } from "./ending.js";
import { type Inspector, type Line, noSuchFrame } from "./inspection.js";
import { lostWords, notWhole, plain, rate } from "./lines.js";

export const imagesInspector: Inspector = {
  async inspect(path) {
    const file = await openImages(path);
    file.close();
    const { facts } = file;
    return { kind: "images", facts, ending: endingOfImages(facts), lines: (ending) => imageLines(facts, ending) };
  },
};

export async function drawImage(path: string, frameNumber: number): Promise<FrameDrawing> {
  const file = await openImages(path);
  try {
    const { shape, pixelFormat, frameCount, pixelSizeUm } = file.facts;
    if (frameNumber >= frameCount) throw noSuchFrame(path, frameNumber, frameCount - 1);
    const count = shape.height * shape.width;
    const pixels = borrowPixels(pixelFormat, new ArrayBuffer(count * bytesPerPixel[pixelFormat]), 0, count);
    await file.readFrame(frameNumber, pixels, { x: 0, y: 0, ...shape });
    return { pixels, shape, frameNumber, points: [], diameterPx: null, pixelSizeUm, stretch: null };
  } finally {
    file.close();
  }
}

async function openImages(path: string) {
  try {
    return await openImageFile(path);
  } catch (error) {
    throw explained(`inspect, ${path}`, error, refusal);
  }
}

function endingOfImages({ recordedLoss }: ImageFileFacts): Ending {
  return recordedLoss
    ? endingByLoss(recordedLoss)
    : { state: "unknown", why: "it does not say whether it was finished" };
}

function imageLines(i: ImageFileFacts, ending: Ending): readonly Line[] {
  return [
    ["kind", "images"],
    ["frames", formatCount(i.frameCount, "frame")],
    ["shape", `${i.shape.width}x${i.shape.height} ${i.pixelFormat}, ${i.bitDepth} bit`],
    ["pixel size", i.pixelSizeUm === null ? null : `${i.pixelSizeUm} um`],
    ["rate", rate(i.rateHz)],
    ["lost", i.recordedLoss?.lost ? lostWords(i.recordedLoss.lost) : null],
    ["whole", notWhole(ending)],
    ...Object.entries(i.metadata).map(([name, value]): Line => [name, plain(value)]),
  ];
}
