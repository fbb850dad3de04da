/** A single image file: its headers, and its pixels decoded, by the reader that `acquire` has for it. */

import { failure } from "../../../errors.js";
import { EndsEarly, FormatProblem } from "../../../format-problem.js";
import { explained } from "../../../imaging/explained.js";
import { wholeOf } from "../../../imaging/region.js";
import { borrowPixels, bytesPerPixel } from "../../../model/pixel-format.js";
import { fileBytes } from "../../files.js";
import { openImageFile } from "../../read/image-formats.js";
import type { Verify } from "../../verify/verification.js";

export const verifyImage: Verify = async (path, report) => {
  report.bytes = fileBytes(path);
  report.framesExpected = 1;
  report.frames = 0;
  try {
    const file = await openImageFile(path);
    try {
      const { shape, pixelFormat } = file.facts;
      const count = shape.height * shape.width;
      const pixels = borrowPixels(pixelFormat, new ArrayBuffer(count * bytesPerPixel[pixelFormat]), 0, count);
      const { recorded } = await file.readFrame(0, pixels, wholeOf(shape));
      // A PNG has a CRC-32 over every chunk, which its decoder compares.
      if (recorded || path.toLowerCase().endsWith(".png")) report.checked("checksums", "the pixels");
      else report.notChecked("pixels", "there is no checksum of them: only what does not decode is found");
      report.frames = 1;
      // An image is one piece: what decodes to its last pixel is all there.
      report.isEnded = true;
      report.checked("decoding", `${shape.width}x${shape.height} ${pixelFormat}`);
    } finally {
      file.close();
    }
  } catch (error) {
    if (!(error instanceof FormatProblem)) throw explained(`verify, ${path}`, error, failure);
    const place = error.byte === undefined ? {} : { byte: error.byte };
    if (error instanceof EndsEarly) report.missing("completeness", error.message, place);
    else report.damaged("decoding", error.message, place);
  }
};
