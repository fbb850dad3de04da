/**
 * Whole frames out of a Zarr store that was cut or damaged: those its shape promises, and in Mote's own those behind them,
 * in files or in a shard that has no name yet, as far as their pixels match their checksums.
 */
import { FormatProblem } from "../../../format-problem.js";
import type { ImageFile } from "../../../imaging/image-file.js";
import { wholeOf } from "../../../imaging/region.js";
import type { Frame } from "../../../memory/frame.js";
import type { StreamDescriptor } from "../../../model/descriptor.js";
import { column, type DetectionColumn, detectionColumns, unknownValue } from "../../../model/detection.js";
import type { StreamEvent } from "../../../model/event.js";
import { isJsonObject } from "../../../model/json.js";
import { eventOf, joined } from "../../../model/ledger.js";
import { bytesPerPixel } from "../../../model/pixel-format.js";
import type { EndOfStream } from "../../../model/run-report.js";
import { formatCount } from "../../../units.js";
import { imageNotStored } from "../../disk/disk-fault.js";
import { CountedDetections } from "../../recover/counted-detections.js";
import { asRecorded, damagedReason, nothingWhole, recoverFrames, type Salvage } from "../../recover/recover-frames.js";
import { frameRange, type Recover, type Recovery } from "../../recover/recovery.js";
import { noLedger } from "../../verify/lost-frames.js";
import { columnFaults } from "./column-faults.js";
import { ColumnFile } from "./column-file.js";
import type { TableLayout } from "./column-table.js";
import { findImage, type ZarrImage } from "./find-image.js";
import { framesTableOf } from "./frame-columns.js";
import { hasLedger, readLedger } from "./ledger-columns.js";
import { openZarrImages, recordedDescriptor, recordedRows } from "./read.js";
import { tracksTable } from "./track-columns.js";

export const recoverZarr: Recover = async (recovery, context) => {
  let file: ImageFile;
  try {
    file = await openZarrImages(recovery.path);
  } catch (error) {
    if (error instanceof FormatProblem) recovery.note(error.message);
    throw error instanceof FormatProblem ? nothingWhole(context.where) : error;
  }
  await recoverFrames(new ZarrSalvage(file, recovery), recovery, context);
};

class ZarrSalvage implements Salvage {
  readonly descriptor: StreamDescriptor;
  readonly mostRows: number;
  readonly end: EndOfStream | null;
  readonly #file: ImageFile;
  readonly #recovery: Recovery;
  readonly #tracks: RecordedTracks | undefined;
  readonly #isOurs: boolean;
  readonly #events: StreamEvent[];
  /** Frames of which a full disk left the detections only; they come behind all that were stored whole. */
  readonly #withoutPixels: WithoutPixels[];
  readonly #counted: CountedDetections;
  readonly #numbers: ColumnFile | undefined;
  /** Numbers of the frames by the ledger, where no column has them. */
  readonly #ledgerNumbers: readonly number[];
  #isBehindFrames = false;
  #next = 0;
  #lastFrame = -1;

  constructor(file: ImageFile, recovery: Recovery) {
    const image = findImage(recovery.path);
    const { mote } = image.attributes;
    const isClosed = isJsonObject(mote) && mote.is_complete === true && isJsonObject(mote.processing_metrics);
    const written = recordedDescriptor(image);
    const recorded = written && readableDescriptor(written, image, file.facts.frameCount, isClosed, recovery);
    this.#file = file;
    this.#recovery = recovery;
    this.#isOurs = recorded !== undefined;
    this.descriptor = recorded ?? plainDescriptor(file);
    this.#tracks = recorded?.detections ? new RecordedTracks(recovery.path, recorded) : undefined;
    this.mostRows = this.#tracks?.mostRows ?? 0;
    const { unknownRows = 0 } = this.#tracks ?? {};
    if (unknownRows > 0)
      recovery.lost(`the last ${formatCount(unknownRows, "row")} of tracks: the frame that they are of is not told`);
    const told = recorded ? lossesIn(recovery.path, recovery) : { events: [], withoutPixels: [] };
    this.#events = told.events;
    this.#withoutPixels = this.#tracks ? told.withoutPixels : [];
    const ledger = recorded ? [...readLedger(recovery.path, () => {})] : [];
    if (recorded && !hasLedger(recovery.path)) recovery.lost(`what the ledger said: ${noLedger}`, null);
    this.#counted = new CountedDetections(ledger);
    this.#numbers = recorded && ColumnFile.openIfWhole(recovery.path, "images/frame_number", "int64");
    this.#ledgerNumbers = ledger.flatMap(({ fate, firstFrame }) => (fate === "stored" ? [firstFrame] : []));
    this.end = isClosed ? (mote.processing_metrics as unknown as EndOfStream) : null;
  }

  async next(frame: Frame, onEvent: (event: StreamEvent) => void): Promise<boolean | "detections"> {
    const { frameCount, shape, pixelFormat, bitDepth } = this.#file.facts;
    while (!this.#isBehindFrames) {
      const index = this.#next++;
      const isPromised = index < frameCount;
      // Nothing says of another program's store whether it was finished.
      if (!isPromised && !this.#isOurs) return false;
      await this.#recovery.progress(index, frameCount);
      frame.header.reset(pixelFormat, shape.height, shape.width, shape.width * bytesPerPixel[pixelFormat], bitDepth);
      frame.header.frameNumber = index;
      try {
        const place = await this.#file.readFrame(index, frame.pixels, wholeOf(shape));
        frame.pixelsCrc32 = place.pixelsCrc32 ?? -1;
        if (place.recorded) frame.header.copyFrom(place.recorded);
        else Object.assign(frame.header, { channelIndex: place.channelIndex, zIndex: place.zIndex });
        frame.header.frameNumber = this.#numberOf(index);
      } catch (error) {
        if (!(error instanceof FormatProblem)) throw error;
        if (!isPromised) {
          this.#isBehindFrames = true;
          break;
        }
        const number = this.#numberOf(index);
        this.#counted.lostWithFrame(number);
        this.#recovery.lost(`${frameRange(number, 1)}: ${error.message}`, 1, number);
        onEvent({ event: "drop", stage: "recover", firstFrame: number, count: 1, reason: damagedReason });
        continue;
      }
      if (!isPromised)
        this.#recovery.note(
          `${frameRange(frame.header.frameNumber, 1)} was stored behind the last that the store promised`,
        );
      this.#tellEvents(frame.header.frameNumber, onEvent);
      this.#tracks?.fill(frame);
      this.#counted.cameOut(frame.header.frameNumber, frame.rowCount);
      if (!isPromised && this.descriptor.detections !== null && frame.rowCount === 0)
        this.#recovery.lost(
          `detections of ${frameRange(frame.header.frameNumber, 1)}, if there were any: not written yet`,
        );
      this.#lastFrame = frame.header.frameNumber;
      return true;
    }
    const row = this.#withoutPixels.shift();
    this.#tellEvents(row?.frame ?? Number.POSITIVE_INFINITY, onEvent);
    if (!row) {
      if (this.end && !this.#tracks) this.#counted.noMoreFrames();
      const missing = this.#counted.loss("tracks");
      if (missing) this.#recovery.lost(missing);
      if (this.end) this.#recovery.finished();
      else this.#recovery.unfinishedBehind("the store was not closed", this.#lastFrame + 1, this.descriptor.frameCount);
      return false;
    }
    this.#lastFrame = Math.max(this.#lastFrame, row.frame);
    frame.header.reset(pixelFormat, shape.height, shape.width, shape.width * bytesPerPixel[pixelFormat], bitDepth);
    frame.header.frameNumber = row.frame;
    frame.header.capturedAtNs = row.capturedAtNs;
    this.#tracks!.fill(frame);
    this.#counted.cameOut(row.frame, frame.rowCount);
    return "detections";
  }

  close(): void {
    this.#file.close();
    this.#tracks?.close();
    this.#numbers?.close();
  }

  /** The number of a frame by its place: from the columns beside the frames, or the ledger. */
  #numberOf(index: number): number {
    const cell = new BigInt64Array(1);
    if (this.#numbers?.read(index, new Uint8Array(cell.buffer))) return Number(cell[0]);
    return this.#ledgerNumbers[index] ?? index;
  }

  /** What the ledger has before this frame; a second copy of a frame comes behind it. */
  #tellEvents(before: number, onEvent: (event: StreamEvent) => void): void {
    for (let [event] = this.#events; event; [event] = this.#events) {
      if (!("firstFrame" in event) || (event.firstFrame as number) >= before) return;
      onEvent(asRecorded(event as StreamEvent));
      this.#events.shift();
    }
  }
}

/** The descriptor with what can be read of its detections; what cannot, beside them and beside the frames, is told as lost. */
function readableDescriptor(
  written: StreamDescriptor,
  image: ZarrImage,
  frameCount: number,
  isClosed: boolean,
  recovery: Recovery,
): StreamDescriptor {
  const lostOf = (table: TableLayout, rows: number | null): ReadonlySet<string> => {
    const faults = columnFaults(recovery.path, table, rows);
    const gone = faults.filter(({ isReadable }) => !isReadable);
    if (gone.length === table.columns.length) recovery.lost(`no column of ${table.folder}/ is there`);
    else {
      for (const { name, what } of faults)
        recovery.lost(`column ${name} of ${table.folder} ${what}: what stood in it is lost`);
    }
    return new Set(gone.map(({ name }) => name));
  };
  lostOf(framesTableOf(recovery.path), frameCount);
  const { detections } = written;
  if (!detections) return written;
  const gone = lostOf(tracksTable(detections.columns), isClosed ? recordedRows(image) : null);
  return {
    ...written,
    // Rows are of nobody knows which frame without its number.
    detections: gone.has("frame")
      ? null
      : { columns: detections.columns.filter((name) => isAlways(name) || !gone.has(name)) },
    isLinked: written.isLinked && !gone.has("particle_id"),
  };
}

function isAlways(name: DetectionColumn): boolean {
  return detectionColumns.some((always) => always === name);
}

function plainDescriptor({ facts }: ImageFile): StreamDescriptor {
  const { pixelFormat, shape, bitDepth, pixelSizeUm, rateHz, metadata } = facts;
  return {
    ...{ pixelFormat, shape, bitDepth, pixelSizeUm, rateHz, hasFrames: true, detections: null, isLinked: false },
    ...{ frameCount: null, isLive: false, source: metadata, calibration: null, producedBy: [] },
  };
}

interface WithoutPixels {
  readonly frame: number;
  readonly capturedAtNs: bigint;
}

/** Frames that the ledger says are not there, and those whose pixels alone were not stored. */
function lossesIn(path: string, recovery: Recovery): { events: StreamEvent[]; withoutPixels: WithoutPixels[] } {
  const withoutPixels: WithoutPixels[] = [];
  const events: StreamEvent[] = [];
  for (const row of joined(readLedger(path, (what) => recovery.lost(what)))) {
    const event = row.fate === imageNotStored ? undefined : eventOf(row);
    if (event) events.push(event);
  }
  // Each has a row of its own, with its time.
  for (const { fate, firstFrame, capturedAtNs } of readLedger(path, () => {})) {
    if (fate === imageNotStored) withoutPixels.push({ frame: firstFrame, capturedAtNs });
  }
  return { events, withoutPixels };
}

/** Rows of tracks/ that the ledger knows of; where it was not written yet its rows are zeros, and add none. */
function detectionsIn(path: string): number {
  const file = ColumnFile.openIfWhole(path, "ledger/detections", "int64");
  const cell = new BigInt64Array(1);
  let sum = 0;
  for (let row = 0; file?.read(row, new Uint8Array(cell.buffer)); row++) sum += Math.max(0, Number(cell[0]));
  file?.close();
  return sum;
}

/** Rows of detections by frame, also those behind the promised ones. */
class RecordedTracks {
  readonly mostRows: number;
  /** Rows whose frame is not known, and all behind them: a power cut tore what was not synced. */
  readonly unknownRows: number = 0;
  readonly #columns: ReadonlyMap<string, { readonly isWhole: boolean; readonly file: ColumnFile }>;
  readonly #names: readonly DetectionColumn[];
  readonly #ranges = new Map<number, { from: number; rows: number }>();
  #cells = new Uint8Array(0);

  constructor(path: string, { detections }: StreamDescriptor) {
    const table = tracksTable(detections?.columns ?? []);
    this.#names = detections?.columns ?? [];
    this.#columns = new Map(
      table.columns.flatMap(({ name, dataType }) => {
        const file = ColumnFile.openIfWhole(path, `${table.folder}/${name}`, dataType);
        return file ? [[name, { isWhole: dataType === "int64", file }] as const] : [];
      }),
    );
    const frames = this.#columns.get("frame")?.file;
    const total = Math.max(frames?.promised ?? 0, detectionsIn(path));
    const cell = new BigInt64Array(1);
    let last: { readonly frame: number; readonly from: number; rows: number } | undefined;
    for (let row = 0; row < total && frames?.read(row, new Uint8Array(cell.buffer)); row++) {
      const frame = Number(cell[0]);
      if (last?.frame === frame) last.rows++;
      else if (this.#ranges.has(frame)) {
        // The rows of a frame stand together; those of one that was there before are of nobody knows which.
        this.unknownRows = total - row;
        break;
      } else {
        last = { frame, from: row, rows: 1 };
        this.#ranges.set(frame, last);
      }
    }
    this.mostRows = Math.max(0, ...[...this.#ranges.values()].map(({ rows }) => rows));
  }

  fill(frame: Frame): void {
    const { from, rows } = this.#ranges.get(frame.header.frameNumber) ?? { from: 0, rows: 0 };
    frame.rowCount = rows;
    if (this.#cells.length < rows * 8) this.#cells = new Uint8Array(rows * 16);
    const bytes = this.#cells.subarray(0, rows * 8);
    const integers = new BigInt64Array(this.#cells.buffer, 0, rows);
    const reals = new Float64Array(this.#cells.buffer, 0, rows);
    for (const name of this.#names) {
      const at = column[name] * rows;
      const found = this.#columns.get(name);
      if (!found?.file.read(from, bytes)) frame.detections.fill(unknownValue(name), at, at + rows);
      else
        for (let row = 0; row < rows; row++)
          frame.detections[at + row] = found.isWhole ? Number(integers[row]) : reals[row]!;
    }
  }

  close(): void {
    for (const { file } of this.#columns.values()) file.close();
  }
}
