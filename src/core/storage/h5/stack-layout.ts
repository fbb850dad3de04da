/** All frames as one array, /images/frames, their metadata as columns beside it, all detections as columns of /tracks. */
import type { StreamDescriptor } from "../../model/descriptor.js";
import { frameBytes } from "../../model/descriptor.js";
import { hdf5Filters } from "./filters.js";
import { createFrameColumns } from "./frame-columns.js";
import type { FrameLayout } from "./frame-layout.js";
import type { Hdf5Settings } from "./h5-options.js";
import { type H5Writer, pixelTypes } from "./h5-writer.js";
import { describeImages } from "./image-attributes.js";
import { TrackColumns, trackBatchFrames, trackBatchMs } from "./track-columns.js";

/** Makes the datasets; those of the frames last, since their length is the file's promise. */
export function createStackLayout(
  file: H5Writer,
  descriptor: StreamDescriptor,
  settings: Hdf5Settings,
  nowMs: () => number,
): FrameLayout {
  const tracks = descriptor.detections
    ? new TrackColumns(file, descriptor.detections.columns.includes("flags"))
    : undefined;
  if (tracks) {
    file.attribute("/tracks", "batch_frames", BigInt(trackBatchFrames));
    file.attribute("/tracks", "batch_ms", BigInt(trackBatchMs));
  }
  const { height, width } = descriptor.shape;
  const pixelBytes = frameBytes(descriptor);
  const appendColumns = descriptor.hasFrames ? createFrameColumns(file) : undefined;
  const images = descriptor.hasFrames
    ? file.growing(
        "/images/frames",
        pixelTypes[descriptor.pixelFormat],
        [height, width],
        1,
        hdf5Filters[settings.filter],
      )
    : undefined;
  if (images) describeImages(file, "/images/frames", descriptor);

  let takeBack: (() => void) | undefined;
  let isWritten = false;
  return {
    append(frame, keepsPixels) {
      takeBack = undefined;
      isWritten = false;
      if (images && keepsPixels) {
        const { buffer, byteOffset } = frame.pixels;
        file.append(images, new Uint8Array(buffer, byteOffset, pixelBytes), 1);
        appendColumns?.(frame.header);
      }
      if (!tracks) return;
      takeBack = tracks.add(frame);
      if (!tracks.isDue(nowMs())) return;
      tracks.write();
      isWritten = true;
    },
    committed() {
      if (isWritten) tracks?.written(nowMs());
      takeBack = undefined;
      isWritten = false;
    },
    failed() {
      takeBack?.();
      takeBack = undefined;
      isWritten = false;
    },
    finish() {
      tracks?.write();
      isWritten = true;
    },
  };
}
