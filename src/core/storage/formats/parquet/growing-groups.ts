/**
 * Row groups in a file that is whole after every frame. The rows of a frame are appended as one small page to each
 * column of the open row group, in room of its own for each column behind the data. When the group is full its rows are
 * written once more, compressed, where the last full group ends, and the room moves on. Memory: one row group.
 *
 * From the start of the file: full groups | room for the next full group and a last footer | a region for each column of
 * the open group | two places for a footer, used in turn | length and magic. What is not written is a hole in the file.
 */
import type { Frame } from "../../../memory/frame.js";
import { type ColumnChunk, FooterBytes, magic, mostEntryBytes, rowGroupEntry } from "./footer.js";
import { encodePage, mostHeaderBytes, mostPageBytes } from "./page.js";
import { nextPage, SwitchedFile, trailerBytes } from "./switched-file.js";
import { TrackGroup, type TrackSchemaColumn } from "./track-group.js";

/** Rows of a full group: 9 MB of values. A frame with more gets a group that has room for it. */
const groupRows = 100_000;
/** A group of few rows a frame ends after so many pages. */
const groupPages = 8192;

/** What the file says of itself beside its rows. */
export type Notes = Readonly<Record<string, string>>;

interface Region {
  at: number;
  used: number;
  uncompressed: number;
}

export class GrowingGroups {
  readonly #file: SwitchedFile;
  readonly #columns: readonly TrackSchemaColumn[];
  readonly #footer: FooterBytes;
  readonly #notes: Notes;
  readonly #mostRows: number;
  readonly #group: TrackGroup;
  readonly #entries: Uint8Array[] = [];
  /** Rows of the full groups. */
  #fullRows = 0;
  /** Behind the last full group. */
  #dataEnd = magic.length;
  #regions: Region[] = [];
  #pages = 0;
  #footerPlaces: [number, number] = [0, 0];

  /** `fd` is of an empty file; `mostRowsAFrame` what a frame can have. */
  constructor(fd: number, columns: readonly TrackSchemaColumn[], mostRowsAFrame: number, notes: Notes) {
    this.#columns = columns;
    this.#notes = notes;
    this.#mostRows = Math.max(groupRows, mostRowsAFrame);
    this.#group = new TrackGroup(columns, this.#mostRows);
    this.#footer = new FooterBytes(columns);
    this.#file = new SwitchedFile(fd, this.#footer.borrow(0, [], notes));
    this.#makeRoom(this.#dataEnd, this.#entries);
  }

  /** Adds a frame's rows; after an error the file and what is known of it are what they were. */
  append(frame: Frame): void {
    const rows = Math.max(0, frame.rowCount);
    if (rows === 0) return;
    if (this.#group.rows + rows > this.#mostRows || this.#pages === groupPages) this.#seal();
    const from = this.#group.rows;
    this.#group.add(frame);
    try {
      const regions = this.#columns.map((column, index): Region => {
        const { at, used, uncompressed } = this.#regions[index]!;
        const page = encodePage(column, this.#group.borrowValues(index, from), "none");
        this.#file.write(page.bytes, at + used);
        return { at, used: used + page.bytes.length, uncompressed: uncompressed + page.uncompressedBytes };
      });
      const open = rowGroupEntry(this.#columns, regions.map(openChunk), this.#group.rows);
      this.#switchFooter(this.#fullRows + this.#group.rows, [...this.#entries, open], this.#notes);
      this.#regions = regions;
      this.#pages++;
    } catch (error) {
      this.#group.rows = from;
      throw error;
    }
  }

  /**
   * Ends the file: the open group compressed behind the others, and nothing else in it. On a disk without room for that
   * the file stays as it was laid out while it grew, with `notes` in it. Throws when not even they can be written.
   */
  finish(notes: Notes): void {
    try {
      const { end, entry } = this.#writeFull();
      const entries = entry ? [...this.#entries, entry] : this.#entries;
      this.#file.cutBehind(this.#footer.borrow(this.#fullRows + this.#group.rows, entries, notes), end);
    } catch {
      const rows = this.#group.rows;
      const open = rows > 0 ? [rowGroupEntry(this.#columns, this.#regions.map(openChunk), rows)] : [];
      this.#switchFooter(this.#fullRows + rows, [...this.#entries, ...open], notes);
    }
  }

  sync(): void {
    this.#file.sync();
  }

  close(): void {
    this.#file.close();
  }

  /** Writes the open group where the last full one ends; nothing points to it yet. */
  #writeFull(): { readonly end: number; readonly entry: Uint8Array | null } {
    let end = this.#dataEnd;
    if (this.#group.rows === 0) return { end, entry: null };
    const chunks = this.#columns.map((column, index): ColumnChunk => {
      const page = encodePage(column, this.#group.borrowValues(index, 0), "gzip");
      this.#file.write(page.bytes, end);
      const at = end;
      end += page.bytes.length;
      const { uncompressedBytes } = page;
      return { at, bytes: page.bytes.length, uncompressedBytes, codec: "gzip", ...this.#group.range(index) };
    });
    return { end, entry: rowGroupEntry(this.#columns, chunks, this.#group.rows) };
  }

  /** Makes the open group a full one and begins the next. */
  #seal(): void {
    const { end, entry } = this.#writeFull();
    const entries = entry ? [...this.#entries, entry] : this.#entries;
    const rows = this.#fullRows + this.#group.rows;
    this.#makeRoom(end, entries, rows);
    this.#entries.splice(0, this.#entries.length, ...entries);
    this.#fullRows = rows;
    this.#dataEnd = end;
    this.#group.rows = 0;
  }

  /** Lays out the room behind `dataEnd` for one more group, moves the file's end behind it, and switches to a footer there. */
  #makeRoom(dataEnd: number, entries: readonly Uint8Array[], rows = 0): void {
    const footer = this.#footer.borrow(rows, entries, this.#notes);
    // One entry more while the group is open, and a word that may be longer in the end.
    const footerRoom = footer.length + mostEntryBytes(this.#columns) + 64;
    let at = dataEnd + footerRoom + trailerBytes;
    for (const { isNullable } of this.#columns) at += mostPageBytes(this.#mostRows, isNullable);
    const regions: Region[] = [];
    for (const { isNullable } of this.#columns) {
      at = nextPage(at);
      regions.push({ at, used: 0, uncompressed: 0 });
      at += mostPageBytes(this.#mostRows, isNullable) + groupPages * (mostHeaderBytes + (isNullable ? 16 : 0));
    }
    // Not before the end of the footer in use, which stays until the switch.
    const end = nextPage(Math.max(at, this.#file.footerEnd) + 2 * footerRoom + trailerBytes);
    const places: [number, number] = [end - trailerBytes - 2 * footerRoom, end - trailerBytes - footerRoom];
    if (end > this.#file.end) this.#file.extend(end);
    this.#file.switchTo(footer, places[0]);
    this.#footerPlaces = [places[1], places[0]];
    this.#regions = regions;
    this.#pages = 0;
  }

  #switchFooter(rows: number, entries: readonly Uint8Array[], notes: Notes): void {
    const [next, other] = this.#footerPlaces;
    this.#file.switchTo(this.#footer.borrow(rows, entries, notes), next);
    this.#footerPlaces = [other, next];
  }
}

function openChunk({ at, used, uncompressed }: Region): ColumnChunk {
  return { at, bytes: used, uncompressedBytes: uncompressed, codec: "none", range: null, absent: null };
}
