/** The frames of a file of images, read as `acquire` reads them. */
import { wholeOf } from "../../../src/core/imaging/region.js";
import type { FrameHeader } from "../../../src/core/model/frame-header.js";
import { borrowPixels, bytesPerPixel, type PixelArray } from "../../../src/core/model/pixel-format.js";
import { openImageFile } from "../../../src/core/storage/read/image-formats.js";

export interface ReadFrame {
  /** As the recording says; of one that says nothing, its place in the file. */
  readonly number: number;
  readonly pixelsCrc32: number | undefined;
  /** What the recording says of it beside its pixels; overwritten by the next frame. */
  readonly recorded: FrameHeader | undefined;
  /** Overwritten by the next frame. */
  readonly pixels: PixelArray;
}

/** In the file's order; the file is open as long as somebody asks for more. */
export async function* eachFrame(path: string): AsyncGenerator<ReadFrame> {
  const file = await openImageFile(path);
  try {
    const { shape, pixelFormat, frameCount } = file.facts;
    const count = shape.height * shape.width;
    const pixels = borrowPixels(pixelFormat, new ArrayBuffer(count * bytesPerPixel[pixelFormat]), 0, count);
    for (let index = 0; index < frameCount; index++) {
      const { recorded, pixelsCrc32 } = await file.readFrame(index, pixels, wholeOf(shape));
      yield { number: recorded?.frameNumber ?? index, pixelsCrc32, recorded, pixels };
    }
  } finally {
    file.close();
  }
}
