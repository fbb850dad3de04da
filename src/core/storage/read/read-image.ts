/** The first image of a small file, whole: a mask, a flat field. */
import { refusal } from "../../errors.js";
import { explained } from "../../imaging/explained.js";
import { wholeOf } from "../../imaging/region.js";
import { borrowPixels, bytesPerPixel, type PixelArray } from "../../model/pixel-format.js";
import { openImageFile } from "./image-formats.js";

/** Its pixels, tightly packed; a refusal says what is wrong with the file. */
export async function readImage(where: string, path: string): Promise<PixelArray> {
  try {
    const file = await openImageFile(path);
    try {
      const { shape, pixelFormat } = file.facts;
      const count = shape.height * shape.width;
      const pixels = borrowPixels(pixelFormat, new ArrayBuffer(count * bytesPerPixel[pixelFormat]), 0, count);
      await file.readFrame(0, pixels, wholeOf(shape));
      return pixels;
    } finally {
      file.close();
    }
  } catch (error) {
    throw explained(`${where} ${path}`, error, refusal);
  }
}
