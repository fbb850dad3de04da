/** Which kind of file this is, by its first bytes and name, and what it holds: the facts behind `mote inspect`. */
import { closeSync, readSync, statSync } from "node:fs";
import { decoding } from "../decoding.js";
import { failure, type MoteError, refusal } from "../errors.js";
import type { DrawnPoint, FrameDrawing } from "../imaging/draw/draw-frame.js";
import { explained } from "../imaging/explained.js";
import type { ImageFileFacts } from "../imaging/image-file.js";
import type { Frame } from "../memory/frame.js";
import { column } from "../model/detection.js";
import type { StreamSummary } from "../stream/describe-stream.js";
import { filesOf, standsForParts } from "./archive-formats.js";
import { openFile } from "./bounded-file.js";
import type { H5Description } from "./formats/h5/describe.js";
import type { ZarrDescription } from "./formats/zarr/describe.js";
import { isZarrStore } from "./formats/zarr/is-zarr-store.js";
import type { TableDescription } from "./table/describe.js";

export type FileDescription =
  | { readonly kind: "stream"; readonly facts: StreamSummary }
  | { readonly kind: "hdf5"; readonly facts: H5Description }
  | { readonly kind: "zarr"; readonly facts: ZarrDescription }
  | { readonly kind: "table"; readonly facts: TableDescription }
  | { readonly kind: "images"; readonly facts: ImageFileFacts };

/** Frames before the one drawn whose positions become tails. */
const tailFrames = 20;

function startOf(path: string): Buffer {
  try {
    if (statSync(path).isDirectory()) {
      throw refusal(
        "wrong-kind-of-file",
        `inspect, ${path}`,
        "expected a file or a Zarr store, got a folder",
        "Name one of its files. Of a folder of frames mote verify says what is in it, and acquire replays it.",
      );
    }
    const fd = openFile(path);
    try {
      const bytes = Buffer.alloc(16);
      return bytes.subarray(0, readSync(fd, bytes));
    } finally {
      closeSync(fd);
    }
  } catch (error) {
    throw explained(`inspect, ${path}`, error, refusal);
  }
}

export type Kind = FileDescription["kind"];

/** By the first bytes; text and what no magic tells apart by the name's extension. "-" is a frame stream on stdin. */
export async function kindOf(path: string): Promise<Kind> {
  if (path === "-") return "stream";
  if (isZarrStore(path)) return "zarr";
  const parts = await filesOf(path);
  if (parts.length > 1 || parts[0] !== path) throw standsForParts(`inspect, ${path}`, parts);
  const head = startOf(path);
  if (head.subarray(1, 5).toString("latin1") === "MOTE") return "stream";
  if (head.subarray(1, 4).toString("latin1") === "HDF") return "hdf5";
  const { isKnownFormat } = await import("./read/image-formats.js");
  if (isKnownFormat(path)) return "images";
  if (head.subarray(0, 4).toString("latin1") === "PAR1" || /\.(csv|ndjson)$/i.test(path)) return "table";
  throw refusal(
    head.length === 0 ? "nothing-in-it" : "wrong-format",
    `inspect, ${path}`,
    head.length === 0 ? "the file is empty" : "is no frame stream, HDF5 file, image, Zarr store or table",
    "mote inspect knows .mote, .h5, .tif, .png, .zarr, .csv, .parquet and .ndjson.",
  );
}

async function openStream(path: string) {
  const [{ openByteSource }, { describeStream }] = await Promise.all([
    import("../stream/byte-pipe.js"),
    import("../stream/describe-stream.js"),
  ]);
  if (path === "-") return { source: openByteSource("stdin", 0, 0, false), describeStream, close: () => {} };
  const fd = openFile(path);
  return { source: openByteSource(path, fd, 0, true), describeStream, close: () => closeSync(fd) };
}

async function openImages(path: string) {
  const { openImageFile } = await import("./read/image-formats.js");
  try {
    return await openImageFile(path);
  } catch (error) {
    throw explained(`inspect, ${path}`, error, refusal);
  }
}

/** Describes a file of this kind, or the frame stream on stdin when `path` is "-". */
export async function inspectFile(path: string, kind: Kind): Promise<FileDescription> {
  try {
    return await decoding(() => describe(kind, path));
  } catch (error) {
    throw explained(`inspect, ${path}`, error, failure);
  }
}

async function describe(kind: Kind, path: string): Promise<FileDescription> {
  switch (kind) {
    case "stream": {
      const { source, describeStream, close } = await openStream(path);
      try {
        return { kind, facts: describeStream(source) };
      } finally {
        close();
      }
    }
    case "hdf5":
      return { kind, facts: await (await import("./formats/h5/describe.js")).describeH5(path) };
    case "zarr":
      return { kind, facts: await (await import("./formats/zarr/describe.js")).describeZarr(path) };
    case "table":
      return { kind, facts: await (await import("./table/describe.js")).describeTable(path) };
    case "images": {
      const file = await openImages(path);
      file.close();
      return { kind, facts: file.facts };
    }
  }
}

/** What is needed to draw frame `frameNumber` of a file; a refusal when it is not there. */
export async function frameToDraw(path: string, kind: Kind, frameNumber: number): Promise<FrameDrawing> {
  try {
    return await decoding(() => drawingOf(kind, path, frameNumber));
  } catch (error) {
    throw explained(`inspect, ${path}`, error, failure);
  }
}

async function drawingOf(kind: Kind, path: string, frameNumber: number): Promise<FrameDrawing> {
  const missing = (last: number | null) =>
    refusal(
      "no-such-item",
      `inspect, --png ${frameNumber}`,
      `there is no frame ${frameNumber} in ${path}`,
      last === null ? "It holds no frames." : `Its last frame is ${last}.`,
    );
  switch (kind) {
    case "hdf5": {
      const { readH5Frame } = await import("./formats/h5/describe.js");
      return { ...(await readH5Frame(path, frameNumber)), stretch: null };
    }
    case "stream":
      return streamFrame(path, frameNumber, missing);
    case "zarr":
    case "images": {
      const file = await openImages(path);
      try {
        const { shape, pixelFormat, frameCount, pixelSizeUm } = file.facts;
        if (frameNumber >= frameCount) throw missing(frameCount - 1);
        const { borrowPixels, bytesPerPixel } = await import("../model/pixel-format.js");
        const count = shape.height * shape.width;
        const pixels = borrowPixels(pixelFormat, new ArrayBuffer(count * bytesPerPixel[pixelFormat]), 0, count);
        await file.readFrame(frameNumber, pixels, { x: 0, y: 0, ...shape });
        return { pixels, shape, frameNumber, points: [], diameterPx: null, pixelSizeUm, stretch: null };
      } finally {
        file.close();
      }
    }
    case "table":
      throw refusal(
        "no-such-item",
        `inspect, --png ${frameNumber}`,
        `${path} is a table without pixels`,
        "Draw from the .h5 or .mote of the same run.",
      );
  }
}

async function streamFrame(
  path: string,
  frameNumber: number,
  missing: (last: number | null) => MoteError,
): Promise<FrameDrawing> {
  const { source, describeStream, close } = await openStream(path);
  const points: DrawnPoint[] = [];
  let found: FrameDrawing["pixels"] | undefined;
  try {
    const summary = describeStream(source, (frame) => {
      const number = frame.header.frameNumber;
      if (number > frameNumber) return false;
      if (number >= frameNumber - tailFrames) points.push(...pointsOf(frame));
      if (number === frameNumber) found = frame.pixels.slice();
      return number < frameNumber;
    });
    if (!found || !summary.descriptor.hasFrames) throw missing(summary.lastFrame);
    const { shape, pixelSizeUm } = summary.descriptor;
    return {
      pixels: found,
      shape,
      frameNumber,
      points,
      diameterPx: diameterOf(summary.descriptor),
      pixelSizeUm,
      stretch: null,
    };
  } finally {
    close();
  }
}

/** The diameter the particles were located with, along x. */
function diameterOf(descriptor: StreamSummary["descriptor"]): number | null {
  const found = descriptor.producedBy.find((step) => step.options.diameter !== undefined)?.options.diameter;
  return (found as { x?: number } | undefined)?.x ?? null;
}

function pointsOf(frame: Frame): DrawnPoint[] {
  const rows = Math.max(0, frame.rowCount);
  return Array.from({ length: rows }, (_, row) => ({
    frame: frame.header.frameNumber,
    particleId: frame.detections[column.particle_id * rows + row]!,
    x: frame.detections[column.x * rows + row]!,
    y: frame.detections[column.y * rows + row]!,
  }));
}
