/** The tables of an HDF5 archive, handed out frame by frame: detections, and what the ledger says was lost. */
import type { Frame } from "../../../memory/frame.js";
import { column, type DetectionColumn, unknownValue } from "../../../model/detection.js";
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

/** `readable`: the columns of /tracks that can be read; what the others should have told is unknown. */
export function openTracks(
  file: H5Reader,
  state: ArchiveState,
  columns: readonly DetectionColumn[],
  readable: ReadonlySet<string>,
): Tracks {
  return state.tables.size > 0 ? new TrackTables(file, state, columns) : new TrackRows(file, state, columns, readable);
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
  /** The columns of a slot, and where each stands in a row (-1: nowhere). */
  readonly #places: readonly (readonly [name: DetectionColumn, place: number])[];
  #at = 0;

  constructor(file: H5Reader, { tables }: ArchiveState, columns: readonly DetectionColumn[]) {
    this.#file = file;
    this.#tables = [...tables];
    const members = tableMembers(file, tables);
    this.#places = columns.map((name) => [name, members.indexOf(name)]);
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
    for (const [name, place] of this.#places) {
      const at = column[name] * count;
      const unknown = unknownValue(name);
      for (let row = 0; row < count; row++) frame.detections[at + row] = Number(rows[row]![place] ?? unknown);
    }
    frame.rowCount = count;
  }
}

/** The rows of /tracks frame by frame; rows of frames that are not whole are left out. */
class TrackRows implements Tracks {
  readonly mostRows: number;
  readonly #frame: ColumnWindow;
  /** The columns of a slot, each with its values where they can be read. */
  readonly #columns: readonly (readonly [name: DetectionColumn, values: ColumnWindow | undefined])[];
  readonly #rows: number;
  #row = 0;

  constructor(
    file: H5Reader,
    { tracks, isClosed }: ArchiveState,
    columns: readonly DetectionColumn[],
    readable: ReadonlySet<string>,
  ) {
    this.#frame = new ColumnWindow(file, "/tracks/frame");
    // Columns grow one after the other: in a file that was not closed the shortest says how many rows were stored.
    this.#rows = isClosed === false ? Math.min(...tracks.values()) : this.#frame.length;
    this.#columns = columns.map((name) => [
      name,
      readable.has(name) ? new ColumnWindow(file, `/tracks/${name}`) : undefined,
    ]);
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
    for (const [name, values] of this.#columns) {
      const at = column[name] * count;
      const known = Math.max(0, Math.min(count, (values?.length ?? 0) - from));
      for (let row = 0; row < known; row++) frame.detections[at + row] = Number(values!.value(from + row));
      frame.detections.fill(unknownValue(name), at + known, at + count);
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
