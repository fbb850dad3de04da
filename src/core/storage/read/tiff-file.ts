/** Opens a TIFF on disk. */
import { openTiff } from "../../imaging/tiff/tiff-stack.js";
import { closeOnFailure } from "./close-on-failure.js";
import { openFileSource } from "./file-source.js";
import type { ImageFormat } from "./formats.js";

/**
 * A file with one frame and no time of its own was taken when it was written; a stack's frames were not, and in a recording
 * of ours an unknown time is unknown.
 */
export const tiffFile: ImageFormat = {
  open(path) {
    const source = openFileSource(path);
    return closeOnFailure(source, async () => {
      const file = await openTiff(source, () => source.close());
      if (file.facts.frameCount > 1) return file;
      return {
        ...file,
        async readFrame(index, pixels, region) {
          const place = await file.readFrame(index, pixels, region);
          return place.capturedAtNs === 0n && !place.recorded ? { ...place, capturedAtNs: source.modifiedAtNs } : place;
        },
      };
    });
  },
};
