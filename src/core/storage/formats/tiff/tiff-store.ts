/**
 * Frames as a TIFF or OME-TIFF of many pages, under the final name from the start: after every frame the file is whole for
 * any reader, whatever becomes of the process. Detections and events have no place in it.
 */
import { closeSync } from "node:fs";
import { basename } from "node:path";
import { codeOf, failure, type MoteError, parameterRefusal, reason } from "../../../errors.js";
import { checksumOf } from "../../../memory/pixel-checksum.js";
import { createFile } from "../../appear.js";
import { removeOwnFile } from "../../claim/removal.js";
import { fileInTheWay } from "../../files.js";
import { type FrameStore, nameOf, type StoreRequest } from "../../frame-store.js";
import { createStripEncoder } from "./strip-encoder.js";
import { plainTiff, type TiffSettings, tiffFaults } from "./tiff-options.js";
import { createTiffWriter, needsBigTiff, omeNameOf } from "./tiff-writer.js";

export function openTiffStore(request: StoreRequest): FrameStore {
  const { path, where, descriptor, workers = 1, warn } = request;
  const settings = (request.settings?.tiff as TiffSettings | undefined) ?? plainTiff;
  const faults = tiffFaults(settings);
  if (faults.length > 0) throw parameterRefusal(where, faults);
  const encoder = createStripEncoder({ descriptor, settings, workers, ...(warn && { warn }) });
  const { layout } = encoder;
  const { dateTime } = settings;
  const isBig = needsBigTiff(descriptor.frameCount, layout);
  const { fd, begun: writer } = begin();

  function begin() {
    try {
      const omeName = omeNameOf(basename(nameOf(request)));
      return createFile(path, (opened) => createTiffWriter(opened, { descriptor, layout, isBig, omeName, dateTime }));
    } catch (error) {
      throw fileInTheWay(where, error);
    }
  }

  function writingFailed(frames: number, error: unknown): MoteError {
    return failure(
      codeOf(error),
      where,
      `writing after frame ${frames} failed: ${reason(error)}`,
      "What was stored before is whole; make room and run again with another --out.",
      error,
    );
  }

  return {
    get frames() {
      return writer.pages;
    },
    rows: 0,
    async append(frame) {
      if (!writer.hasRoom) {
        throw failure(
          "unsupported",
          where,
          `is full after frame ${writer.pages}: more frames came than the ${descriptor.frameCount} announced, and this TIFF ends at 4 GB`,
          "What was stored before is whole.",
        );
      }
      try {
        const { header } = frame;
        writer.append({ header, pixelsCrc32: checksumOf(frame) }, await encoder.encode(frame));
      } catch (error) {
        throw writingFailed(writer.pages, error);
      }
    },
    sync: () => writer.sync(),
    event() {},
    async close(end) {
      try {
        // A TIFF without an image is none (TIFF 6.0 section 2), so a run without frames leaves no file.
        if (writer.pages === 0) removeOwnFile(path);
        else {
          writer.finish(end);
          writer.sync();
        }
      } catch (error) {
        if (end) throw notClosed(error);
      } finally {
        closeSync(fd);
        await encoder.close();
      }
    },
  };

  function notClosed(error: unknown): MoteError {
    const hint = "All frames are in the file, their capture times in the descriptions of their pages.";
    return failure(codeOf(error), where, `cannot be closed in order: ${reason(error)}`, hint, error);
  }
}
