/** Files of images of any format that is replayed: what their headers say. */
import { refusal } from "../../errors.js";
import type { FrameDrawing } from "../../imaging/draw/draw-frame.js";
import { explained } from "../../imaging/explained.js";
import { borrowPixels, bytesPerPixel } from "../../model/pixel-format.js";
import { openImageFile } from "../read/image-formats.js";
import { inspectionOf } from "./image-facts.js";
import { type Inspector, noSuchFrame } from "./inspection.js";

export const imagesInspector: Inspector = {
  async inspect(path) {
    const file = await openImages(path);
    file.close();
    return inspectionOf(file.facts);
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
