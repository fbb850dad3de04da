/** Opens a PNG on disk. */
import { openPng } from "../../../imaging/png-image.js";
import { closeOnFailure } from "../../read/close-on-failure.js";
import { openFileSource } from "../../read/file-source.js";
import type { ImageFormat } from "../format.js";

export const pngFile: ImageFormat = {
  open(path) {
    const source = openFileSource(path);
    return closeOnFailure(source, async () => ({
      ...openPng(source),
      close: () => source.close(),
    }));
  },
};
