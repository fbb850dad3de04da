/** The tables of an HDF5 archive, handed out frame by frame: detections, and what the ledger says was lost. */
import type { Frame } from "../../../memory/frame.js";
import type { DetectionColumn } from "../../../model/detection.js";
import type { FateEvent, StreamEvent } from "../../../model/event.js";
import { eventOf } from "../../../model/ledger.js";
import { imageNotStored } from "../../disk/disk-fault.js";
import { type ArchiveState, type LedgerRow, spans } from "./archive-state.js";
import { ColumnWindow } from "./column-window.js";
import type { H5Reader } from "./h5-reader.js";

/** Detections frame by frame, in the order of the frames. */
export interface Tracks {
  readonly mostRows: number;
  /** The frame that the rows to come are of; undefined behind the last. */
  nextNumber(): number | undefined;
  /** Fills the detections of frame `number`; what is of frames before it is left out. */
  fill(frame: Frame, number: number): void;
}

export function openTracks(file: H5Reader, state: ArchiveState, columns: readonly DetectionColumn[]): Tracks {
  return state.tables.size > 0 ? new TrackTables(file, state, columns) : new TrackRows(file, state, columns);
}

/** Names of the columns of the tables, all of which have the same. */
export function tableMembers(file: H5Reader, tables: ArchiveState["tables"]): readonly string[] {
  const [first] = tables.values();
  return (first !== undefined && file.dataset(first)?.members) || [];
}

/** A table for every frame. */
class TrackTables implements Tracks {
  readonly mostRows: number;
  readonly #file: H5Reader;
  readonly #tables: readonly (readonly [number, string])[];
  /** Where each column of a slot stands in a row (-1: nowhere), and what it has where nothing is known. */
  readonly #places: readonly (readonly [place: number, unknown: number])[];
  #at = 0;

  constructor(file: H5Reader, { tables }: ArchiveState, columns: readonly DetectionColumn[]) {
    this.#file = file;
    this.#tables = [...tables];
    const members = tableMembers(file, tables);
    this.#places = columns.map((name) => [members.indexOf(name), name === "particle_id" ? -1 : Number.NaN]);
    this.mostRows = Math.max(0, ...this.#tables.map(([, path]) => file.dataset(path)?.shape[0] ?? 0));
  }

  nextNumber(): number | undefined {
    return this.#tables[this.#at]?.[0];
  }

  fill(frame: Frame, number: number): void {
    while ((this.nextNumber() ?? Number.POSITIVE_INFINITY) < number) this.#at++;
    const path = this.nextNumber() === number ? this.#tables[this.#at++]![1] : undefined;
    const count = path === undefined ? 0 : (this.#file.dataset(path)?.shape[0] ?? 0);
    const rows = count > 0 ? (this.#file.rows(path!, 0, count) as unknown[][]) : [];
    for (const [c, [place, unknown]] of this.#places.entries()) {
      for (let row = 0; row < count; row++) frame.detections[c * count + row] = Number(rows[row]![place] ?? unknown);
    }
    frame.rowCount = count;
  }
}

/** The rows of /tracks frame by frame; rows of frames that are not whole are left out. */
class TrackRows implements Tracks {
  readonly mostRows: number;
  readonly #frame: ColumnWindow;
  readonly #columns: readonly ColumnWindow[];
  readonly #rows: number;
  #row = 0;

  constructor(file: H5Reader, { tracks }: ArchiveState, columns: readonly DetectionColumn[]) {
    this.#rows = Math.min(...tracks.values());
    this.#frame = new ColumnWindow(file, "/tracks/frame");
    this.#columns = columns.map((name) => new ColumnWindow(file, `/tracks/${name}`));
    let most = 0;
    for (let row = 0, first = 0; row < this.#rows; row++) {
      if (this.#frame.value(row) !== this.#frame.value(first)) first = row;
      most = Math.max(most, row - first + 1);
    }
    this.mostRows = most;
  }

  /** The frame that the rows to come are of; undefined behind the last. */
  nextNumber(): number | undefined {
    return this.#row < this.#rows ? Number(this.#frame.value(this.#row)) : undefined;
  }

  fill(frame: Frame, number: number): void {
    while (this.#row < this.#rows && Number(this.#frame.value(this.#row)) < number) this.#row++;
    const from = this.#row;
    while (this.#row < this.#rows && Number(this.#frame.value(this.#row)) === number) this.#row++;
    const count = this.#row - from;
    for (const [c, column] of this.#columns.entries()) {
      for (let row = 0; row < count; row++) frame.detections[c * count + row] = Number(column.value(from + row));
    }
    frame.rowCount = count;
  }
}

/** What the ledger says is not there, as events in its order. */
export class LostRows {
  readonly #rows: Iterator<LedgerRow>;
  #held: FateEvent | undefined;

  /** Rows that cannot be believed are told to `onFault` as they are met. */
  constructor(file: H5Reader, state: ArchiveState, onFault: (what: string) => void) {
    this.#rows = spans(file, state.ledgerRows ?? 0, onFault);
    this.#advance();
  }

  /** Events of frames that begin below `number`. */
  *before(number: number): Generator<StreamEvent> {
    for (let event = this.#held; event && event.firstFrame < number; event = this.#held) {
      yield event;
      this.#advance();
    }
  }

  /** The next row of frames that are not there; those that have detections are handed out as frames. */
  #advance(): void {
    for (;;) {
      const { value, done } = this.#rows.next();
      this.#held = done || value.fate === imageNotStored ? undefined : eventOf(value);
      if (done || this.#held) return;
    }
  }
}
