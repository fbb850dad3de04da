/** Whole frames and their detections out of an HDF5 archive, frame by frame; one that does not open is repaired in a copy first. */
import { codeOf, failure, MoteError, reason } from "../../../errors.js";
import type { Frame } from "../../../memory/frame.js";
import type { StreamDescriptor } from "../../../model/descriptor.js";
import { detectionColumns, extraColumns } from "../../../model/detection.js";
import type { StreamEvent } from "../../../model/event.js";
import { frameFields } from "../../../model/frame-header.js";
import { bytesPerPixel } from "../../../model/pixel-format.js";
import type { EndOfStream } from "../../../model/run-report.js";
import { decodeDescriptor } from "../../../stream/check-descriptor.js";
import { besideName } from "../../claim/beside.js";
import { removeOwnFile } from "../../claim/removal.js";
import { setFrameField } from "../../columns/frame-table.js";
import { imageNotStored } from "../../disk/disk-fault.js";
import { openFileSource } from "../../read/file-source.js";
import { CountedDetections } from "../../recover/counted-detections.js";
import { asRecorded, damagedReason, nothingWhole, recoverFrames, type Salvage } from "../../recover/recover-frames.js";
import type { Recover, RecoverContext, Recovery } from "../../recover/recovery.js";
import { noLedger } from "../../verify/lost-frames.js";
import {
  type ArchiveState,
  type FrameFault,
  frameFaults,
  ledgerRows,
  openStoredPixels,
  readArchiveState,
  type StoredPixels,
  storedNumbers,
} from "./archive-state.js";
import { type ColumnLosses, columnLosses } from "./column-losses.js";
import { ColumnWindow } from "./column-window.js";
import { complaintIn, type H5Reader, openH5Reader } from "./h5-reader.js";
import type { ReadLedgerRow } from "./ledger.js";
import { jsonAttribute } from "./read-metadata.js";
import { LostRows, openTracks, type Tracks, tableMembers } from "./recovered-rows.js";
import { repairCopy } from "./repair.js";
import { openSynced } from "./synced-copy.js";

export const recoverH5: Recover = async (recovery, context) => {
  const copy = besideName(recovery.out, "repaired");
  let salvage: Salvage;
  try {
    salvage =
      (await openSynced(copy, recovery, (path, told) => openSalvage(path, told, context))) ??
      (await openSalvage(recovery.path, recovery, context));
  } catch (error) {
    if (!(error instanceof MoteError)) throw error;
    try {
      salvage = await openRepaired(copy, error, recovery, context);
    } catch (again) {
      removeOwnFile(copy);
      throw again;
    }
  }
  try {
    await recoverFrames(salvage, recovery, context);
  } finally {
    removeOwnFile(copy);
  }
};

async function openRepaired(
  copy: string,
  first: MoteError,
  recovery: Recovery,
  context: RecoverContext,
): Promise<Salvage> {
  let done: readonly string[];
  try {
    done = repairCopy(recovery.path, copy);
  } catch (error) {
    throw failure(
      codeOf(error),
      `${context.where}, ${copy}`,
      `a copy to repair cannot be made: ${reason(error)}`,
      "Make room.",
      error,
    );
  }
  if (done.length === 0) throw refused(first, context);
  try {
    const salvage = await openSalvage(copy, recovery, context);
    for (const repair of done) recovery.note(`in a copy, ${repair}`);
    return salvage;
  } catch (error) {
    if (!(error instanceof MoteError)) throw error;
    throw refused(error, context);
  }
}

function refused(error: MoteError, { where }: RecoverContext): MoteError {
  const what = error.problems[0]?.what ?? error.message;
  return failure("file-damaged", where, what, "None of the known repairs helps; keep the file.", error);
}

/** Opens what the library opens; throws a failure when it does not, or when there are no frames to be had. */
async function openSalvage(path: string, recovery: Recovery, context: RecoverContext): Promise<Salvage> {
  const source = openFileSource(path);
  try {
    const file = await openH5Reader(path);
    try {
      const state = readArchiveState(file, source);
      if (!state.frames && state.tracks.size === 0 && state.tables.size === 0) throw nothingWhole(context.where);
      return new H5Salvage(file, state, frameFaults(file, state, source.sizeBytes), recovery);
    } catch (error) {
      file.close();
      throw error;
    }
  } finally {
    source.close();
  }
}

class H5Salvage implements Salvage {
  readonly descriptor: StreamDescriptor;
  readonly mostRows: number;
  end: EndOfStream | null = null;
  isCut = false;
  readonly #file: H5Reader;
  readonly #state: ArchiveState;
  readonly #fault: FrameFault;
  readonly #stored: StoredPixels | undefined;
  readonly #recovery: Recovery;
  readonly #columns = new Map<string, ColumnWindow>();
  readonly #tracks: Tracks | undefined;
  readonly #lost: LostRows;
  readonly #counted: CountedDetections;
  /** Numbers of the frames by the ledger, where no column has them or it cannot be read. */
  readonly #numbers: Float64Array;
  /** Rows of the ledger by frame, for frames that are datasets of their own. */
  readonly #times = new Map<number, ReadLedgerRow>();
  /** Frames of which a full disk left the detections only; they come behind all that were stored whole. */
  readonly #withoutPixels: Iterator<ReadLedgerRow>;
  #index = 0;
  #number = -1;

  constructor(file: H5Reader, state: ArchiveState, fault: FrameFault, recovery: Recovery) {
    this.#file = file;
    this.#state = state;
    this.#fault = fault;
    this.#stored = state.frames ? openStoredPixels(file, state.frames) : undefined;
    this.#recovery = recovery;
    const columns = columnLosses(file, state);
    for (const what of columns.told) recovery.lost(what);
    this.descriptor = describe(file, state, columns, recovery);
    for (const name of columns.images) this.#columns.set(name, new ColumnWindow(file, `/images/${name}`));
    this.#numbers = storedNumbers(file, state);
    if (state.isClosed !== null && state.ledgerRows === null) recovery.lost(`what the ledger said: ${noLedger}`, null);
    const { detections } = this.descriptor;
    this.#tracks = detections ? openTracks(file, state, detections.columns, columns.tracks) : undefined;
    this.#counted = new CountedDetections(ledgerRows(file, state.ledgerRows ?? 0));
    this.mostRows = this.#tracks?.mostRows ?? 0;
    this.#lost = new LostRows(file, state, (what) => recovery.lost(what));
    this.#withoutPixels = rowsWithoutPixels(file, state);
    if (state.frames?.alone) {
      for (const row of ledgerRows(file, state.ledgerRows ?? 0)) {
        if (row.fate === "stored") this.#times.set(row.firstFrame, row);
      }
    }
  }

  async next(frame: Frame, onEvent: (event: StreamEvent) => void): Promise<boolean | "detections"> {
    const { frames } = this.#state;
    if (!frames) return this.#nextAlone(frame, onEvent);
    for (; this.#index < frames.count; this.#index++) {
      const index = this.#index;
      await this.#recovery.progress(index, frames.count);
      const fault = this.#read(frame, index);
      const number = fault === undefined ? frame.header.frameNumber : Math.max(index, this.#number + 1);
      for (const event of this.#lost.before(number)) onEvent(asRecorded(event));
      if (fault !== undefined) {
        // What stands last in a file that was not closed was never told to be stored: nothing is lost with it.
        if (this.#state.isClosed === false && this.#isLastFault(index)) break;
        this.#recovery.lostRange(number, 1, fault);
        this.#counted.lostWithFrame(number);
        onEvent({ event: "drop", stage: "recover", firstFrame: number, count: 1, reason: damagedReason });
        this.#number = number;
        continue;
      }
      this.#number = number;
      this.#index++;
      this.#tracks?.fill(frame, number);
      this.#counted.cameOut(number, frame.rowCount);
      return true;
    }
    const { value: row, done } = this.#tracks ? this.#withoutPixels.next() : { value: undefined, done: true };
    if (!done && row) {
      this.#beginFrame(frame, row.firstFrame);
      frame.header.capturedAtNs = row.capturedAtNs;
      frame.header.receivedAtNs = row.receivedAtNs;
      for (const event of this.#lost.before(row.firstFrame)) onEvent(asRecorded(event));
      this.#number = row.firstFrame;
      this.#tracks!.fill(frame, row.firstFrame);
      this.#counted.cameOut(row.firstFrame, frame.rowCount);
      return "detections";
    }
    this.#finish(onEvent);
    return false;
  }

  close(): void {
    this.#file.close();
  }

  /** Frame `index` into the slot, or why it cannot be had. */
  #read(frame: Frame, index: number): string | undefined {
    const frames = this.#state.frames!;
    const { shape, pixelFormat } = frames;
    try {
      const fault = this.#fault(index);
      if (fault !== undefined) return fault;
      frame.pixels.set(this.#stored!.read(index));
      frame.pixelsCrc32 = this.#stored!.checksum(index) ?? -1;
      const rowBytes = shape.width * bytesPerPixel[pixelFormat];
      frame.header.reset(pixelFormat, shape.height, shape.width, rowBytes, this.descriptor.bitDepth);
      frame.header.frameNumber = this.#numbers[index] ?? index;
      for (const [name, column] of this.#columns) this.#readField(frame, name, column, index);
      if (frames.alone) this.#readAlone(frame, frames.alone[index]!);
      return undefined;
    } catch (error) {
      if (!(error instanceof MoteError)) throw error;
      return `cannot be decoded (${complaintIn(error)})`;
    }
  }

  /** A value beside the frame; a column that cannot be read costs its values, and no frame. */
  #readField({ header }: Frame, name: string, column: ColumnWindow, index: number): void {
    try {
      setFrameField(header, name, column.value(index));
    } catch (error) {
      if (!(error instanceof MoteError)) throw error;
      this.#columns.delete(name);
      this.#recovery.lost(`column ${name} of /images cannot be read from row ${index} on: what stood in it is lost`);
    }
  }

  /** The header of a frame that is a dataset of its own; times from the ledger, where they are exact. */
  #readAlone(frame: Frame, { path, number }: { readonly path: string; readonly number: number }): void {
    for (const { name } of frameFields) {
      const value = this.#file.attribute(path, name);
      if (typeof value === "number") setFrameField(frame.header, name, value);
    }
    frame.header.frameNumber = number;
    frame.header.capturedAtNs = this.#times.get(number)?.capturedAtNs ?? 0n;
    frame.header.receivedAtNs = this.#times.get(number)?.receivedAtNs ?? 0n;
  }

  /** True when no frame from `index` on is whole. */
  #isLastFault(index: number): boolean {
    const frames = this.#state.frames!;
    const { count } = frames;
    for (let later = index + 1; later < count; later++) {
      try {
        if (this.#fault(later) !== undefined) continue;
        this.#stored!.read(later);
        return false;
      } catch (error) {
        if (!(error instanceof MoteError)) throw error;
      }
    }
    return true;
  }

  /** A file of tracks alone: the frames are those with detections. */
  #nextAlone(frame: Frame, onEvent: (event: StreamEvent) => void): boolean {
    const number = this.#tracks?.nextNumber();
    if (number === undefined) {
      this.#finish(onEvent);
      return false;
    }
    this.#beginFrame(frame, number);
    for (const event of this.#lost.before(number)) onEvent(asRecorded(event));
    this.#tracks!.fill(frame, number);
    this.#counted.cameOut(number, frame.rowCount);
    return true;
  }

  #beginFrame({ header }: Frame, number: number): void {
    const { shape, pixelFormat, bitDepth } = this.descriptor;
    header.reset(pixelFormat, shape.height, shape.width, shape.width * bytesPerPixel[pixelFormat], bitDepth);
    header.frameNumber = number;
  }

  #finish(onEvent: (event: StreamEvent) => void): void {
    for (const event of this.#lost.before(Number.POSITIVE_INFINITY)) onEvent(asRecorded(event));
    // Frames without pixels are none of those that came, where they have no detections either.
    if (this.#state.isClosed !== false && (!this.#state.frames || !this.#tracks)) this.#counted.noMoreFrames();
    const missing = this.#counted.loss("/tracks");
    if (missing) this.#recovery.lost(missing);
    const metrics = jsonAttribute(this.#file, "processing_metrics");
    if (this.#state.isClosed === true) this.#recovery.finished();
    if (this.#state.isClosed !== false) {
      if (Array.isArray(metrics.stages)) this.end = metrics as unknown as EndOfStream;
      else {
        this.isCut = metrics.isComplete === false;
        this.end = { isComplete: !this.isCut, lost: 0, stages: [] };
      }
      return;
    }
    this.#recovery.unfinishedBehind("the file was not closed", this.#number + 1, this.descriptor.frameCount);
  }
}

function* rowsWithoutPixels(file: H5Reader, { ledgerRows: rows }: ArchiveState): Generator<ReadLedgerRow> {
  for (const row of ledgerRows(file, rows ?? 0)) if (row.fate === imageNotStored) yield row;
}

function describe(file: H5Reader, state: ArchiveState, { tracks }: ColumnLosses, recovery: Recovery): StreamDescriptor {
  const { frames, tables } = state;
  const config = jsonAttribute(file, "tracking_config");
  const members = tableMembers(file, tables);
  const names = tables.size > 0 ? members : [...tracks];
  const absent = detectionColumns.filter((name) => !names.includes(name));
  // Columns of tables are chosen, those of another program's file are its own.
  const isPlain = tables.size > 0 || (tracks.size > 0 && state.isClosed === null);
  if (isPlain && absent.length > 0) recovery.note(`its tables have no ${absent.join(", ")}: they stay empty`);
  const columns = [...detectionColumns, ...extraColumns.filter((name) => names.includes(name))];
  // Rows of a table of all frames are those of nobody knows which without the frame's number.
  const detections = tables.size > 0 || tracks.has("frame") ? { columns } : null;
  const stated = jsonAttribute(file, "acquisition_params");
  const descriptor = decodeDescriptor({
    ...stated,
    detections,
    isLinked: config.isLinked === true && !absent.includes("particle_id"),
  });
  if (typeof descriptor !== "string") return { ...descriptor, hasFrames: frames !== null };
  if (state.isClosed !== null)
    recovery.lost("acquisition_params is damaged: rate, pixel size, camera and options are not known");
  return {
    pixelFormat: frames?.pixelFormat ?? "uint8",
    shape: frames?.shape ?? { height: 1, width: 1 },
    bitDepth: bytesPerPixel[frames?.pixelFormat ?? "uint8"] * 8,
    hasFrames: frames !== null,
    detections,
    isLinked: true,
    pixelSizeUm: null,
    rateHz: null,
    frameCount: null,
    isLive: false,
    source: {},
    calibration: null,
    producedBy: [],
  };
}
