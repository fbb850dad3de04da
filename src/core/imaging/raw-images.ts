/** Headerless files: frames of one shape and type, one behind the other, little-endian, nothing else. */

import { FormatProblem } from "../format-problem.js";
import type { FrameShape } from "../model/descriptor.js";
import { bytesPerPixel, type PixelArray, type PixelFormat } from "../model/pixel-format.js";
import type { ByteSource } from "./byte-source.js";
import { type FramePlace, type ImageFile, unknownPlace } from "./image-file.js";
import type { Region } from "./region.js";

/** Refuses a file whose length is not a whole number of frames, at least one: its shape is then not what was said. */
export function openRaw(source: ByteSource, shape: FrameShape, pixelFormat: PixelFormat, close: () => void): ImageFile {
  const rowBytes = shape.width * bytesPerPixel[pixelFormat];
  const frameBytes = shape.height * rowBytes;
  const frameCount = source.sizeBytes / frameBytes;
  if (frameCount < 1 || !Number.isInteger(frameCount)) {
    throw new FormatProblem(
      "wrong-format",
      `the file has ${source.sizeBytes} bytes, no multiple of the ${frameBytes} of a ${shape.width}x${shape.height} ${pixelFormat} frame`,
      undefined,
      "Check the size (width x height) and the pixel format.",
    );
  }
  return {
    facts: {
      pixelFormat,
      shape,
      bitDepth: bytesPerPixel[pixelFormat] * 8,
      frameCount,
      pixelSizeUm: null,
      rateHz: null,
      metadata: { format: "raw" },
    },
    readFrame(index: number, pixels: PixelArray, region: Region): FramePlace {
      const target = new Uint8Array(pixels.buffer, pixels.byteOffset, pixels.byteLength);
      const start = index * frameBytes + region.y * rowBytes;
      if (region.width === shape.width) source.readInto(target, start);
      else {
        const width = region.width * bytesPerPixel[pixelFormat];
        const left = region.x * bytesPerPixel[pixelFormat];
        for (let row = 0; row < region.height; row++) {
          source.readInto(target.subarray(row * width, (row + 1) * width), start + row * rowBytes + left);
        }
      }
      return unknownPlace;
    },
    close,
  };
}
