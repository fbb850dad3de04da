/**
 * One HDF5 file of an archive, under its final name from the start and committed after every frame: what is on the disk is at
 * every moment a whole file for any HDF5 reader, up to the last frame. /metadata has the attribute is_complete, 0 until the
 * file is closed with all the frames that came. A refused frame leaves the file as it was; the next one opens it again.
 */
import { closeSync, fsyncSync, openSync, unlinkSync } from "node:fs";
import { failure, type MoteError, reason } from "../../errors.js";
import type { Frame } from "../../memory/frame.js";
import type { StreamDescriptor } from "../../model/descriptor.js";
import type { StreamEvent } from "../../model/event.js";
import type { JsonObject } from "../../model/json.js";
import { fileInTheWay } from "../files.js";
import { writeMetadata } from "./file-metadata.js";
import type { FrameLayout } from "./frame-layout.js";
import type { Hdf5Settings } from "./h5-options.js";
import { type GrowingDataset, H5Refused, H5Writer } from "./h5-writer.js";
import { fates, LedgerRows, ledgerType } from "./ledger.js";
import type { Hdf5Library } from "./library.js";
import { createPerFrameLayout } from "./per-frame-layout.js";
import { createStackLayout } from "./stack-layout.js";

export interface SegmentRequest {
  readonly path: string;
  readonly where: string;
  readonly isForced: boolean;
  readonly descriptor: StreamDescriptor;
  readonly settings: Hdf5Settings;
  /** Its place among the files of a split archive; null for the only one. */
  readonly place: { readonly index: number; readonly previous: string } | null;
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
  readonly #ledger: GrowingDataset;
  readonly #ledgerRows = new LedgerRows();
  /** Events since the last commit; they reach the ledger with the next frame. */
  #events: StreamEvent[] = [];
  #needsReopening = false;

  constructor(library: Hdf5Library, request: SegmentRequest) {
    const { path, where, descriptor, settings, place } = request;
    this.path = path;
    this.#where = where;
    this.#isSplit = place !== null;
    try {
      // The library opens for itself; this claims the name, and says in the system's words why it cannot be had.
      closeSync(openSync(path, request.isForced ? "w" : "wx"));
    } catch (error) {
      throw fileInTheWay(where, error);
    }
    try {
      this.#file = new H5Writer(library, path);
    } catch (error) {
      unlinkSync(path);
      throw this.#refused(error);
    }
    try {
      writeMetadata(this.#file, descriptor, settings);
      if (place) {
        this.#file.attribute("/metadata", "segment_index", BigInt(place.index));
        this.#file.attribute("/metadata", "previous_file", place.previous);
        this.#file.attribute("/metadata", "next_file", "");
      }
      this.#ledger = this.#file.growing("/metadata/ledger", ledgerType, [], 1024);
      this.#file.textList("/metadata/ledger", "fates", fates);
      this.#layout =
        settings.layout === "stack"
          ? createStackLayout(this.#file, descriptor, settings)
          : createPerFrameLayout(this.#file, descriptor, settings);
      this.#file.seal();
    } catch (error) {
      this.remove();
      throw this.#refused(error);
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
    try {
      this.#append(frame, keepsPixels);
    } catch (error) {
      const refusal = this.#backOut(error);
      const isForFilter = error instanceof H5Refused && /filter returned failure/.test(error.message);
      if (!isForFilter || !this.#layout.skipFilter) throw refusal;
      this.#layout.skipFilter();
      this.#appendPlain(frame, keepsPixels);
    }
    this.#events = [];
    this.#layout.committed();
    if (keepsPixels) this.frames++;
    this.rows += Math.max(0, frame.rowCount);
  }

  /** Blosc refuses an image that does not get smaller. */
  #appendPlain(frame: Frame, keepsPixels: boolean): void {
    try {
      this.#append(frame, keepsPixels);
    } catch (error) {
      throw this.#backOut(error);
    }
  }

  #append(frame: Frame, keepsPixels: boolean): void {
    const isFirst = this.isEmpty;
    this.#open();
    if (isFirst && this.#isSplit) {
      this.#file.attribute("/metadata", "first_frame", BigInt(frame.header.frameNumber));
    }
    this.#appendEvents();
    this.#layout.append(frame, keepsPixels);
    const row = this.#ledgerRows.borrowStored(frame, keepsPixels ? "stored" : "image not stored");
    this.#file.append(this.#ledger, row, 1);
    this.#file.commit();
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
      this.#file.attribute("/metadata", "processing_metrics", JSON.stringify(metrics));
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
  }

  /** Lets go of the file as it is on the disk. */
  leave(): void {
    this.#file.abandon();
    this.#file.release();
  }

  remove(): void {
    this.leave();
    unlinkSync(this.path);
  }

  #appendEvents(): void {
    for (const event of this.#events) {
      for (const lost of this.#ledgerRows.borrowLost(event)) this.#file.append(this.#ledger, lost.bytes, lost.rows);
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
