/** What is in an HDF5 archive: plain facts for `inspect`, and one frame with its detections to look at. */
import { failure } from "../../../errors.js";
import type { DrawnPoint } from "../../../imaging/draw/draw-frame.js";
import type { FrameShape } from "../../../model/descriptor.js";
import { type JsonObject, type JsonValue, parseJson } from "../../../model/json.js";
import type { PixelArray, PixelFormat } from "../../../model/pixel-format.js";
import type { RecordedLoss } from "../../../model/recorded-loss.js";
import { ledgerRows } from "./archive-state.js";
import { filterName } from "./filters.js";
import { type FrameSequence, frameSequence, frameTables, tablePoints, wholeColumn } from "./frame-sequence.js";
import { type H5Reader, openH5Reader } from "./h5-reader.js";
import { pixelTypes } from "./h5-writer.js";
import { recordedLossIn } from "./read-metadata.js";

/** Gaps listed; all are counted. */
const mostGaps = 100;
/** Earlier frames whose positions come with a frame, for the tails of its tracks. */
const tailFrames = 20;

export interface FrameGap {
  readonly firstFrame: number;
  readonly count: number;
}

export interface H5Description {
  readonly format: "hdf5";
  /** Null when no frames are in the file. */
  readonly frames: {
    readonly count: number;
    readonly shape: FrameShape;
    /** Null for a type that is not one of Mote's. */
    readonly pixelFormat: PixelFormat | null;
    readonly filter: string;
    readonly pixelSizeUm: number | null;
    readonly firstFrame: number | null;
    readonly lastFrame: number | null;
    /** Measured from first to last capture time; null when unknown. */
    readonly rateHz: number | null;
    /** Frame numbers that are missing between the first and the last. */
    readonly missing: number;
    /** The first hundred gaps. */
    readonly gaps: readonly FrameGap[];
  } | null;
  /** Null when no tracks are in the file. */
  readonly detections: {
    readonly columns: readonly string[];
    readonly rows: number;
    /** Distinct particle ids; 0 when nothing was linked. */
    readonly tracks: number;
  } | null;
  /** The JSON attributes of /metadata. */
  readonly metadata: JsonObject;
  /** Frames by their fate in the ledger; null without a ledger. */
  readonly ledger: Readonly<Record<string, number>> | null;
  /** Closed in order; null when the file does not say (not written by Mote). */
  readonly isComplete: boolean | null;
  /** What it says of its own losses; null when it does not (not written by Mote). */
  readonly recordedLoss: RecordedLoss | null;
  /** All datasets with shape and type, for files that Mote did not write. */
  readonly datasets: readonly { readonly path: string; readonly shape: readonly number[]; readonly type: string }[];
}

/** Looks through an HDF5 file of any length in bounded memory (but for the track ids); a failure names what is wrong. */
export async function describeH5(path: string): Promise<H5Description> {
  const file = await openH5Reader(path);
  try {
    const datasets = file.paths.flatMap((name) => {
      const found = file.dataset(name);
      return found ? [{ path: name, shape: found.shape, type: found.type }] : [];
    });
    const complete = file.attribute("/metadata", "is_complete");
    return {
      format: "hdf5",
      frames: describeFrames(file),
      detections: describeTracks(file),
      metadata: describeMetadata(file),
      ledger: describeLedger(file),
      isComplete: complete === null ? null : Number(complete) === 1,
      recordedLoss: recordedLossIn(file) ?? null,
      datasets,
    };
  } finally {
    file.close();
  }
}

function describeFrames(file: H5Reader): H5Description["frames"] {
  const images = frameSequence(file);
  if (!images) return null;
  const { count, shape } = images;
  const filter = images.filters.at(-1);
  const gaps: FrameGap[] = [];
  let missing = 0;
  let first: number | null = null;
  let last: number | null = null;
  for (const numbers of images.numbers()) {
    for (const value of Array.from(numbers)) {
      const number = Number(value);
      first ??= number;
      if (last !== null && number > last + 1) {
        missing += number - last - 1;
        if (gaps.length < mostGaps) gaps.push({ firstFrame: last + 1, count: number - last - 1 });
      }
      last = number;
    }
  }
  return {
    count,
    shape,
    pixelFormat: formatOf(images.type),
    filter: filter ? filterName(filter.id, filter.cd_values) : "none",
    pixelSizeUm: numberOrNull(file.attribute(images.path, "pixel_size_um")),
    firstFrame: first,
    lastFrame: last,
    rateHz: first !== null && last !== null ? measuredRate(images, last - first) : null,
    missing,
    gaps,
  };
}

function measuredRate(images: FrameSequence, intervals: number): number | null {
  if (images.count < 2 || intervals < 1) return null;
  const from = images.capturedAtNs(0);
  const to = images.capturedAtNs(images.count - 1);
  return from > 0n && to > from ? (intervals * 1e9) / Number(to - from) : null;
}

function describeTracks(file: H5Reader): H5Description["detections"] {
  const x = file.dataset("/tracks/x");
  const tables = x ? null : frameTables(file);
  if (tables) {
    const found = new Set<number>();
    for (const values of tables.ids()) for (const value of Array.from(values)) if (value >= 0) found.add(Number(value));
    return { columns: tables.columns, rows: tables.rows, tracks: found.size };
  }
  if (!x) return null;
  const columns = file.paths.filter((name) => /^\/tracks\/[^/]+$/.test(name)).map((name) => name.slice(8));
  const ids = new Set<number>();
  for (const values of wholeColumn(file, "/tracks/particle_id")) {
    for (const value of values) if (value >= 0) ids.add(Number(value));
  }
  return { columns, rows: x.shape[0] ?? 0, tracks: ids.size };
}

function describeMetadata(file: H5Reader): JsonObject {
  const metadata: Record<string, JsonValue> = {};
  for (const name of ["acquisition_params", "tracking_config", "system_info", "processing_metrics"]) {
    const text = file.attribute("/metadata", name);
    if (typeof text !== "string") continue;
    try {
      metadata[name] = parseJson(text);
    } catch {
      metadata[name] = text;
    }
  }
  return metadata;
}

function describeLedger(file: H5Reader): Record<string, number> | null {
  const table = file.dataset("/metadata/ledger");
  if (!table) return null;
  const frames: Record<string, number> = {};
  for (const { fate, count } of ledgerRows(file, table.shape[0] ?? 0)) {
    const name = fate ?? "unknown";
    frames[name] = (frames[name] ?? 0) + count;
  }
  return frames;
}

export interface H5Frame {
  readonly frameNumber: number;
  readonly shape: FrameShape;
  readonly pixelFormat: PixelFormat;
  readonly pixels: PixelArray;
  readonly pixelSizeUm: number | null;
  /** The diameter it was tracked with, pixels along x; null when the file does not say. */
  readonly diameterPx: number | null;
  /** Detections of this frame and of the twenty before it. */
  readonly points: readonly DrawnPoint[];
}

/** One frame by its number (not its place in the file); a failure says which frames there are. */
export async function readH5Frame(path: string, frameNumber: number): Promise<H5Frame> {
  const file = await openH5Reader(path);
  try {
    const images = frameSequence(file);
    if (!images) throw failure("nothing-in-it", path, "there are no frames in this file");
    const pixelFormat = formatOf(images.type);
    if (!pixelFormat) throw failure("unsupported", path, `frames of type ${images.type} cannot be shown`);
    const at = placeOf(images, path, frameNumber);
    const config = describeMetadata(file).tracking_config as { diameter?: number | { x: number } } | undefined;
    const diameter = config?.diameter;
    return {
      frameNumber,
      shape: images.shape,
      pixelFormat,
      pixels: images.pixels(at),
      pixelSizeUm: numberOrNull(file.attribute(images.path, "pixel_size_um")),
      diameterPx: (typeof diameter === "object" ? diameter.x : diameter) ?? null,
      points: file.dataset("/tracks/frame")
        ? pointsUpTo(file, frameNumber)
        : [...tablePoints(file, frameNumber - tailFrames + 1, frameNumber)],
    };
  } finally {
    file.close();
  }
}

function placeOf(images: FrameSequence, path: string, frameNumber: number): number {
  let at = 0;
  let first: bigint | number | undefined;
  let last: bigint | number | undefined;
  for (const numbers of images.numbers()) {
    for (const number of Array.from(numbers)) {
      if (Number(number) === frameNumber) return at;
      first ??= number;
      last = number;
      at++;
    }
  }
  throw failure(
    "no-such-item",
    path,
    `there is no frame ${frameNumber}`,
    at === 0 ? "The file has no frames." : `It has ${at} frames, numbered ${first} to ${last}.`,
  );
}

/** Rows of a frame stand together and in order, as they were appended; a file sorted otherwise is read through. */
function pointsUpTo(file: H5Reader, frameNumber: number): DrawnPoint[] {
  const points: DrawnPoint[] = [];
  let start = 0;
  for (const frames of wholeColumn(file, "/tracks/frame")) {
    let from = -1;
    let to = -1;
    for (let row = 0; row < frames.length; row++) {
      const number = Number(frames[row]);
      if (number > frameNumber || number <= frameNumber - tailFrames) continue;
      if (from < 0) from = row;
      to = row + 1;
    }
    if (from >= 0) {
      const column = (name: string) => file.rows(`/tracks/${name}`, start + from, start + to) as Float64Array;
      const xs = column("x");
      const ys = column("y");
      const ids = file.rows("/tracks/particle_id", start + from, start + to) as BigInt64Array;
      for (let row = from; row < to; row++) {
        const frame = Number(frames[row]);
        if (frame > frameNumber || frame <= frameNumber - tailFrames) continue;
        points.push({ frame, particleId: Number(ids[row - from]), x: xs[row - from]!, y: ys[row - from]! });
      }
    }
    start += frames.length;
  }
  return points;
}

function formatOf(type: string): PixelFormat | null {
  for (const [format, letter] of Object.entries(pixelTypes)) if (letter === type) return format as PixelFormat;
  return null;
}

function numberOrNull(value: unknown): number | null {
  return typeof value === "number" ? value : null;
}
