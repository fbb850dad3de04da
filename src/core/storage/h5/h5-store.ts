/**
 * HDF5 archive, under its final name from the start and flushed after every frame: what is on the disk is always a whole
 * file for any HDF5 reader, up to the last frame. /metadata has the attribute is_complete, 0 until the file
 * is closed with all the frames that came.
 */
import { closeSync, existsSync, fsyncSync, openSync, unlinkSync } from "node:fs";
import { arch, cpus, platform, release, totalmem } from "node:os";
import { failure, type MoteError, reason } from "../../errors.js";
import type { StreamDescriptor } from "../../model/descriptor.js";
import type { EndOfStream } from "../../model/run-report.js";
import { fileInTheWay } from "../files.js";
import type { FrameStore, StoreRequest } from "../frame-store.js";
import { hdf5Filters } from "./filters.js";
import { createFrameColumns } from "./frame-columns.js";
import { defaultHdf5 } from "./h5-options.js";
import { H5Refused, H5Writer, pixelTypes } from "./h5-writer.js";
import { fates, LedgerRows, ledgerType } from "./ledger.js";
import { loadHdf5 } from "./library.js";
import { createTrackColumns } from "./track-columns.js";

const isOpen = Uint8Array.of(0);
const isClosed = Uint8Array.of(1);

export async function openH5Store(request: StoreRequest): Promise<FrameStore> {
  const { path, where, descriptor } = request;
  const settings = request.settings?.hdf5 ?? defaultHdf5;
  const library = await loadHdf5();
  try {
    // The library opens for itself; this claims the name, and says in the system's words why it cannot be had.
    closeSync(openSync(path, request.isForced ? "w" : "wx"));
  } catch (error) {
    throw fileInTheWay(where, error);
  }

  let file: H5Writer | undefined;
  let frames = 0;
  let rows = 0;
  let isBroken = false;

  /** Does something to the file; after a refusal the file stays as the last flush left it. */
  function attempt<Result>(work: () => Result): Result {
    try {
      return work();
    } catch (error) {
      if (!(error instanceof H5Refused)) throw error;
      isBroken = true;
      file?.abandon();
      throw refused(where, frames, error);
    }
  }

  try {
    return attempt(() => start());
  } catch (error) {
    if (existsSync(path)) unlinkSync(path);
    throw error;
  }

  function start(): FrameStore {
    const writer = new H5Writer(library, path);
    file = writer;
    writeMetadata(writer, descriptor);
    const ledger = new LedgerRows();
    const ledgerTable = writer.growing("/metadata/ledger", ledgerType, [], 1024);
    writer.textList("/metadata/ledger", "fates", fates);
    const { height, width } = descriptor.shape;
    const frameBytes = height * width * { uint8: 1, uint16: 2, float32: 4 }[descriptor.pixelFormat];
    const images = descriptor.hasFrames
      ? writer.growing(
          "/images/frames",
          pixelTypes[descriptor.pixelFormat],
          [height, width],
          1,
          hdf5Filters[settings.filter],
        )
      : undefined;
    if (images) writeImageAttributes(writer, descriptor);
    const appendColumns = images ? createFrameColumns(writer) : undefined;
    const appendTracks = descriptor.detections
      ? createTrackColumns(writer, descriptor.detections.columns.includes("flags"))
      : undefined;
    writer.flush();

    return {
      get frames() {
        return frames;
      },
      get rows() {
        return rows;
      },
      append(frame) {
        attempt(() => {
          if (images) {
            const { buffer, byteOffset } = frame.pixels;
            writer.append(images, new Uint8Array(buffer, byteOffset, frameBytes), 1);
          }
          appendColumns?.(frame);
          appendTracks?.(frame);
          writer.append(ledgerTable, ledger.borrowStored(frame), 1);
          writer.flush();
        });
        frames++;
        rows += Math.max(0, frame.rowCount);
      },
      event(event) {
        attempt(() => {
          for (const lost of ledger.borrowLost(event)) writer.append(ledgerTable, lost.bytes, lost.rows);
        });
      },
      close(end) {
        if (!isBroken) attempt(() => finish(writer, end));
        if (end === null && frames === 0) unlinkSync(path);
        else sync(where, path);
      },
    };
  }

  function finish(writer: H5Writer, end: EndOfStream | null): void {
    const metrics = { framesStored: frames, detectionsStored: rows, ...(end ?? { isComplete: false }) };
    writer.attribute("/metadata", "processing_metrics", JSON.stringify(metrics));
    if (end && !end.notStored) writer.attribute("/metadata", "is_complete", isClosed);
    writer.flush();
    writer.close();
  }
}

function writeMetadata(file: H5Writer, descriptor: StreamDescriptor): void {
  const { producedBy, detections, isLinked, ...acquisition } = descriptor;
  const track = producedBy.find((step) => step.stage === "track");
  file.group("/metadata");
  file.attribute("/metadata", "is_complete", isOpen);
  file.attribute("/metadata", "acquisition_params", JSON.stringify({ ...acquisition, producedBy }));
  file.attribute(
    "/metadata",
    "tracking_config",
    JSON.stringify(track ? { ...track.options, isLinked, columns: detections?.columns ?? [] } : {}),
  );
  file.attribute(
    "/metadata",
    "system_info",
    JSON.stringify({
      platform: platform(),
      release: release(),
      architecture: arch(),
      cpu: cpus()[0]?.model ?? "unknown",
      cores: cpus().length,
      memoryBytes: totalmem(),
    }),
  );
  file.attribute("/metadata", "processing_metrics", "{}");
  if (descriptor.hasFrames) file.group("/images");
}

/** element_size_um is z, y, x as ImageJ's and ilastik's readers take it. */
function writeImageAttributes(file: H5Writer, { pixelSizeUm, bitDepth, rateHz }: StreamDescriptor): void {
  file.attribute("/images/frames", "bit_depth", bitDepth);
  if (rateHz !== null) file.attribute("/images/frames", "rate_hz", rateHz);
  if (pixelSizeUm === null) return;
  file.attribute("/images/frames", "pixel_size_um", pixelSizeUm);
  file.numbers("/images/frames", "element_size_um", new Float64Array([1, pixelSizeUm, pixelSizeUm]));
}

function sync(where: string, path: string): void {
  try {
    const fd = openSync(path, "r+");
    fsyncSync(fd);
    closeSync(fd);
  } catch (error) {
    throw failure(where, `cannot be synced to the disk: ${reason(error)}`, undefined, error);
  }
}

function refused(where: string, frames: number, error: H5Refused): MoteError {
  return failure(
    where,
    `writing after frame ${frames} failed: ${error.message}`,
    "What was stored before is whole; make room and run again with another --out.",
    error,
  );
}
