/** All frames as one array, /images/frames, their metadata as columns beside it, all detections as columns of /tracks. */
import type { StreamDescriptor } from "../../../model/descriptor.js";
import { hdf5Filters } from "./filters.js";
import { createFrameColumns } from "./frame-columns.js";
import type { FrameLayout } from "./frame-layout.js";
import type { Hdf5Settings } from "./h5-options.js";
import { type H5Writer, pixelTypes } from "./h5-writer.js";
import { describeImages } from "./image-attributes.js";
import { createTrackColumns } from "./track-columns.js";

/** Makes the datasets; those of the frames last, since their length is the file's promise. */
export function createStackLayout(file: H5Writer, descriptor: StreamDescriptor, settings: Hdf5Settings): FrameLayout {
  const { detections, hasFrames, shape, pixelFormat } = descriptor;
  const appendRows = detections ? createTrackColumns(file, detections.columns) : undefined;
  const appendColumns = hasFrames ? createFrameColumns(file) : undefined;
  const images = hasFrames
    ? file.growing(
        "/images/frames",
        pixelTypes[pixelFormat],
        [shape.height, shape.width],
        1,
        hdf5Filters[settings.filter],
      )
    : undefined;
  if (images) describeImages(file, "/images/frames", descriptor);

  return {
    append(frames, keepsPixels) {
      if (images && keepsPixels) {
        file.append(
          images,
          frames.map(({ pixelBytes }) => pixelBytes),
          frames.length,
        );
        appendColumns?.(frames);
      }
      appendRows?.(frames);
    },
    committed() {},
    failed() {},
  };
}
