/** Opens a TIFF on disk. */
import { openTiff } from "../../../imaging/tiff/tiff-stack.js";
import { cutRecording, sumOfLosses } from "../../../model/recorded-loss.js";
import { closeOnFailure } from "../../read/close-on-failure.js";
import { openFileSource } from "../../read/file-source.js";
import { lossesWith } from "../../read/journal-losses.js";
import type { ImageFormat } from "../format.js";
import { isLastTiff, tiffRunOf } from "./read-folder.js";

/** What was lost between single files stands in the journal beside them. */
export const tiffFile: ImageFormat = {
  open(path) {
    const source = openFileSource(path);
    return closeOnFailure(source, async () => {
      const file = await openTiff(source, () => source.close());
      if (file.facts.frameCount > 1) return file;
      const told = tiffRunOf(path);
      const losses = told && lossesWith(told.run, told.entry.frame);
      // What was lost between the files of a run, and whether it ended, its journal said.
      const isUntold = !told && file.facts.journal !== undefined && isLastTiff(path);
      const recordedLoss = sumOfLosses([file.facts.recordedLoss, isUntold ? cutRecording : losses?.facts.recordedLoss]);
      return {
        ...file,
        facts: { ...file.facts, ...(recordedLoss && { recordedLoss }) },
        ...(losses && { losses: losses.losses }),
      };
    });
  },
};
