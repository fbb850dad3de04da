/** Opens a headerless file of the shape and type the user named. */
import { openRaw } from "../../../imaging/raw-images.js";
import { closeOnFailure } from "../../read/close-on-failure.js";
import { openFileSource } from "../../read/file-source.js";
import type { ImageFormat } from "../format.js";

export const rawFile: ImageFormat = {
  open(path, layout) {
    const source = openFileSource(path);
    return closeOnFailure(source, async () => {
      if (!layout) throw new Error("a headerless file needs its layout");
      return openRaw(source, layout.shape, layout.pixelFormat, () => source.close());
    });
  },
};
