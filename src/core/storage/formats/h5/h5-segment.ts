/**
 * One HDF5 file of an archive, under its final name from its first bytes on and committed after every frame, or after several
 * that came together: what has that name is at every moment a whole file for any HDF5 reader, up to the last commit. /metadata
 * has the attribute is_complete, 0 until the file is closed with all the frames that came. Frames that are refused leave the file
 * as it was; the next ones open it again.
 */
import { closeSync, fsyncSync, openSync, statSync } from "node:fs";
import { codeOf, failure, MoteError, reason } from "../../../errors.js";
import type { Frame } from "../../../memory/frame.js";
import type { StreamDescriptor } from "../../../model/descriptor.js";
import type { StreamEvent } from "../../../model/event.js";
import type { JsonObject } from "../../../model/json.js";
import { fates } from "../../../model/ledger.js";
import { appear } from "../../appear.js";
import { besideName } from "../../claim/beside.js";
import { removeOwnFile } from "../../claim/removal.js";
import { fileInTheWay } from "../../files.js";
import { writeMetadata } from "./file-metadata.js";
import type { FrameLayout } from "./frame-layout.js";
import type { Hdf5Settings } from "./h5-options.js";
import { FilterRefused, type GrowingDataset, H5Refused, H5Writer } from "./h5-writer.js";
import { encodeEvent, encodeStored, ledgerType } from "./ledger.js";
import type { Hdf5Library } from "./library.js";
import { createPerFrameLayout } from "./per-frame-layout.js";
import { createStackLayout } from "./stack-layout.js";
import { UndoJournal } from "./undo-journal.js";
import { checksumsJson, checksumsName } from "./value-checksums.js";

export interface SegmentRequest {
  readonly path: string;
  readonly where: string;
  readonly descriptor: StreamDescriptor;
  readonly settings: Hdf5Settings;
  /** It is synced while it grows. */
  readonly isSynced: boolean;
  /** Its place among the files of a split archive; null for the only one. */
  readonly place: { readonly index: number; readonly previous: string; readonly row: string } | null;
}

const isClosed = Uint8Array.of(1);

export class H5Segment {
  readonly path: string;
  frames = 0;
  rows = 0;
  readonly #where: string;
  readonly #isSplit: boolean;
  readonly #file: H5Writer;
  readonly #layout: FrameLayout;
  readonly #texts: readonly string[];
  readonly #ledger: GrowingDataset;
  /** Events since the last commit; they reach the ledger with the next frame. */
  #events: StreamEvent[] = [];
  #needsReopening = false;
  readonly #journal: UndoJournal | undefined;

  constructor(library: Hdf5Library, request: SegmentRequest) {
    const { path, where, place } = request;
    this.path = path;
    this.#where = where;
    this.#isSplit = place !== null;
    try {
      const made = appear(path, (nascent) => this.#begin(library, nascent, request));
      [this.#file, this.#ledger, this.#layout, this.#texts] = made;
    } catch (error) {
      throw this.#refused(
        error instanceof H5Refused || error instanceof MoteError ? error : fileInTheWay(where, error),
      );
    }
    this.#file.renamed(path);
    this.#journal = request.isSynced ? this.#openJournal() : undefined;
  }

  #openJournal(): UndoJournal {
    try {
      return new UndoJournal(besideName(this.path, "undo"));
    } catch (error) {
      this.remove();
      throw fileInTheWay(this.#where, error);
    }
  }

  /** A file with everything in it but frames. */
  #begin(
    library: Hdf5Library,
    path: string,
    { descriptor, settings, place }: SegmentRequest,
  ): readonly [H5Writer, GrowingDataset, FrameLayout, readonly string[]] {
    // The library opens for itself; this says in the system's words why the file cannot be made.
    closeSync(openSync(path, "wx"));
    const file = new H5Writer(library, path);
    try {
      const texts = writeMetadata(file, descriptor, settings);
      if (place) {
        file.attribute("/metadata", "segment_index", BigInt(place.index));
        file.attribute("/metadata", "row_id", place.row);
        file.attribute("/metadata", "previous_file", place.previous);
        file.attribute("/metadata", "next_file", "");
      }
      const ledger = file.growing("/metadata/ledger", ledgerType, [], 1024);
      file.textList("/metadata/ledger", "fates", fates);
      const layout =
        settings.layout === "stack"
          ? createStackLayout(file, descriptor, settings)
          : createPerFrameLayout(file, descriptor, settings);
      file.seal();
      return [file, ledger, layout, texts];
    } catch (error) {
      file.abandon();
      file.release();
      throw error;
    }
  }

  /** Bytes on the disk. */
  get bytes(): number {
    return this.#file.committedBytes;
  }

  /** Whether nothing at all was stored. */
  get isEmpty(): boolean {
    return this.#ledger.committed === 0;
  }

  append(frame: Frame, keepsPixels: boolean): void {
    const frames = [frame];
    try {
      this.#append(frames, keepsPixels);
    } catch (error) {
      const refusal = this.#backOut(error);
      if (!(error instanceof FilterRefused) || !this.#layout.skipFilter) throw refusal;
      this.#layout.skipFilter();
      this.#appendPlain(frames, keepsPixels);
    }
    this.#stored(frames, keepsPixels);
  }

  /** Several frames in one commit; false when the filter refused one of them and none is stored. Throws what the disk refused. */
  appendTogether(frames: readonly Frame[]): boolean {
    try {
      this.#append(frames, true);
    } catch (error) {
      const refusal = this.#backOut(error);
      if (error instanceof FilterRefused) return false;
      throw refusal;
    }
    this.#stored(frames, true);
    return true;
  }

  #stored(frames: readonly Frame[], keepsPixels: boolean): void {
    this.#events = [];
    this.#layout.committed();
    if (keepsPixels) this.frames += frames.length;
    for (const { rowCount } of frames) this.rows += Math.max(0, rowCount);
  }

  /** Blosc refuses an image that does not get smaller. */
  #appendPlain(frames: readonly Frame[], keepsPixels: boolean): void {
    try {
      this.#append(frames, keepsPixels);
    } catch (error) {
      throw this.#backOut(error);
    }
  }

  #append(frames: readonly Frame[], keepsPixels: boolean): void {
    const isFirst = this.isEmpty;
    this.#open();
    if (isFirst && this.#isSplit) {
      this.#file.attribute("/metadata", "first_frame", BigInt(frames[0]!.header.frameNumber));
    }
    this.#appendEvents();
    this.#layout.append(frames, keepsPixels);
    const fate = keepsPixels ? "stored" : "image not stored";
    const rows = frames.map((frame) => encodeStored(frame, fate));
    this.#file.append(this.#ledger, rows, rows.length);
    this.#file.commit();
  }

  /** Makes all frames so far durable; throws what the disk says. */
  sync(): void {
    this.#open();
    this.#file.sync(this.#journal!);
  }

  event(event: StreamEvent): void {
    this.#events.push(event);
  }

  /**
   * Ends the file: with all the frames that came or not, `next` being the name of the one that follows. May be tried again.
   */
  finish(metrics: JsonObject, { next, isWhole }: { next: string | null; isWhole: boolean }): void {
    try {
      this.#open();
      this.#appendEvents();
      if (next !== null) this.#file.attribute("/metadata", "next_file", next);
      const told = JSON.stringify(metrics);
      this.#file.attribute("/metadata", "processing_metrics", told);
      this.#file.attribute(
        "/metadata",
        checksumsName,
        checksumsJson(this.#file.columnChecksums, [...this.#texts, told]),
      );
      if (isWhole) this.#file.attribute("/metadata", "is_complete", isClosed);
      this.#file.commit();
      this.#events = [];
      this.#layout.committed();
      this.#file.close();
    } catch (error) {
      throw this.#backOut(error);
    }
    this.#file.release();
    sync(this.#where, this.path);
    this.#endJournal();
  }

  /** The file is on the disk, and there is nothing to go back from; a journal that comes back with the power has to say so, too. */
  #endJournal(): void {
    if (!this.#journal) return;
    try {
      this.#journal.begin(statSync(this.path).size);
      this.#journal.remove();
    } catch (error) {
      throw failure(codeOf(error), this.#where, `cannot be synced to the disk: ${reason(error)}`, undefined, error);
    }
  }

  /** Lets go of the file as it is on the disk. */
  leave(): void {
    this.#file.abandon();
    this.#file.release();
    this.#journal?.close();
  }

  remove(): void {
    this.#file.abandon();
    this.#file.release();
    this.#journal?.remove();
    removeOwnFile(this.path);
  }

  #appendEvents(): void {
    for (const event of this.#events) {
      const row = encodeEvent(event);
      if (row) this.#file.append(this.#ledger, [row], 1);
    }
  }

  #open(): void {
    if (!this.#needsReopening) return;
    this.#file.reopen();
    this.#needsReopening = false;
  }

  /** Forgets what was handed over since the last commit; returns the error to be thrown. */
  #backOut(error: unknown): unknown {
    this.#layout.failed();
    this.#giveUp();
    return this.#refused(error);
  }

  /** Back to the last commit, at once when the disk lets us, so that the room is free again; else with the next frame. */
  #giveUp(): void {
    this.#needsReopening = true;
    try {
      this.#open();
    } catch (error) {
      if (!(error instanceof H5Refused)) throw error;
    }
  }

  #refused(error: unknown): unknown {
    return error instanceof H5Refused ? refused(this.#where, this.frames, error) : error;
  }
}

function sync(where: string, path: string): void {
  try {
    const fd = openSync(path, "r+");
    fsyncSync(fd);
    closeSync(fd);
  } catch (error) {
    throw failure(codeOf(error), where, `cannot be synced to the disk: ${reason(error)}`, undefined, error);
  }
}

function refused(where: string, frames: number, error: H5Refused): MoteError {
  return failure(
    codeOf(error),
    where,
    `writing after frame ${frames} failed: ${error.message}`,
    "What was stored before is whole; make room and run again with another --out.",
    error,
  );
}
