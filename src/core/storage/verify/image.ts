/** Verifying a single image file: its headers, and its pixels decoded, by the reader that `acquire` has for it. */

import { decoding } from "../../decoding.js";
import { failure } from "../../errors.js";
import { EndsEarly, FormatProblem } from "../../format-problem.js";
import { explained } from "../../imaging/explained.js";
import { wholeOf } from "../../imaging/region.js";
import { borrowPixels, bytesPerPixel } from "../../model/pixel-format.js";
import { fileBytes } from "../files.js";
import type { ImageFormat } from "../formats/format.js";
import type { Verify } from "./verification.js";

/** `hasChecksums`: a file of the format always has checksums of its own, and its decoder compares them. */
export const imageVerifier =
  (format: ImageFormat, { hasChecksums }: { readonly hasChecksums: boolean }): Verify =>
  async (path, report) => {
    report.bytes = fileBytes(path);
    report.framesExpected = 1;
    report.frames = 0;
    try {
      const file = await decoding(() => format.open(path));
      try {
        const { shape, pixelFormat } = file.facts;
        const count = shape.height * shape.width;
        const pixels = borrowPixels(pixelFormat, new ArrayBuffer(count * bytesPerPixel[pixelFormat]), 0, count);
        const { recorded } = await decoding(() => file.readFrame(0, pixels, wholeOf(shape)));
        if (recorded || hasChecksums) report.checked("checksums", "the pixels");
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
