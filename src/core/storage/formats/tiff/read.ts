/** Opens a TIFF on disk. */
import { openTiff } from "../../../imaging/tiff/tiff-stack.js";
import { sumOfLosses } from "../../../model/recorded-loss.js";
import { closeOnFailure } from "../../read/close-on-failure.js";
import { openFileSource } from "../../read/file-source.js";
import { lossesWith } from "../../read/journal-losses.js";
import type { ImageFormat } from "../format.js";
import { tiffRunOf } from "./read-folder.js";

/** What was lost between single files stands in the journal beside them. */
export const tiffFile: ImageFormat = {
  open(path) {
    const source = openFileSource(path);
    return closeOnFailure(source, async () => {
      const file = await openTiff(source, () => source.close());
      if (file.facts.frameCount > 1) return file;
      const told = tiffRunOf(path);
      const losses = told && lossesWith(told.run, told.entry.frame);
      const recordedLoss = sumOfLosses([file.facts.recordedLoss, losses?.facts.recordedLoss]);
      return {
        ...file,
        facts: { ...file.facts, ...(recordedLoss && { recordedLoss }) },
        ...(losses && { losses: losses.losses }),
      };
    });
  },
};
