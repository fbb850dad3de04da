/**
 * A file between the HDF5 library and the disk. The library's flush is many writes in no safe order; a process killed between
 * two of them would leave an index that points nowhere. So what the library adds behind the committed end is written at
 * once (nothing refers to it yet), what it overwrites is held in memory, and `commit` writes only the bytes that differ, in
 * an order in which the file is whole after every single write (see commit-order.ts).
 */
import { closeSync, fdatasyncSync, ftruncateSync, openSync, readSync } from "node:fs";
import { writeAll } from "../../write-all.js";
import { emptyFreeList, freeListsIn, inCommitOrder, type Piece, piecesOf } from "./commit-order.js";
import { pageBytes, type UndoJournal } from "./undo-journal.js";

/** Pages kept from one commit to the next, 16 MB: those that grow are overwritten again and again. */
const mostPages = 2048;
const fieldBytes = 8;
const emptyList = emptyFreeList();

interface Page {
  /** As on the disk. */
  readonly base: Buffer;
  /** As the library has it. */
  readonly now: Buffer;
}

export class HeldFile {
  readonly #fd: number;
  /** Bytes before this are committed; Infinity until the first commit, so that a file appears in one write. */
  #committedEnd = Number.POSITIVE_INFINITY;
  #size = 0;
  readonly #pages = new Map<number, Page>();
  /** What was overwritten since the last commit. */
  #writes: { readonly at: number; readonly bytes: number }[] = [];
  #shrinkTo: number | undefined;
  /** Free lists of the file's heaps, which stay empty on the disk. */
  #freeLists: readonly number[] = [];
  /** The first error of the disk; the library is not bothered with it and its writes go nowhere until `rollBack`. */
  #fault: unknown;
  /** Keeps what is written over, from the first sync on. */
  #journal: UndoJournal | undefined;
  /** Overwritten bytes that a failed commit could not put back yet. */
  #undo: { at: number; bytes: Buffer }[] = [];

  constructor(path: string) {
    this.#fd = openSync(path, "r+");
  }

  /** Length of the file as of the last commit; 0 before the first. */
  get committedBytes(): number {
    return Number.isFinite(this.#committedEnd) ? this.#committedEnd : 0;
  }

  /** Why nothing more is taken; undefined while all is well. */
  get fault(): unknown {
    return this.#fault;
  }

  /** Takes the library's bytes; never fails, `commit` does. */
  write(bytes: Uint8Array, at: number): void {
    if (this.#fault !== undefined) return;
    try {
      const held = Math.max(0, Math.min(bytes.length, this.#committedEnd - at));
      if (held > 0) {
        this.#hold(bytes.subarray(0, held), at);
        this.#writes.push({ at, bytes: held });
        for (const list of this.#freeLists) {
          if (list >= at && list + fieldBytes <= at + held) this.#hold(emptyList, list);
        }
      }
      if (held < bytes.length) this.#add(bytes.subarray(held), at + held);
      this.#size = Math.max(this.#size, at + bytes.length);
    } catch (error) {
      this.#fault = error;
    }
  }

  /** Fills `target` from `at` on with what the library last wrote there; returns the bytes there were. */
  read(target: Uint8Array, at: number): number {
    const count = Math.max(0, Math.min(target.length, this.#size - at));
    if (this.committedBytes > 0) {
      readWhole(this.#fd, target.subarray(0, count), at);
    } else target.fill(0, 0, count);
    for (let index = Math.floor(at / pageBytes); index * pageBytes < at + count; index++) {
      const page = this.#pages.get(index);
      if (!page) continue;
      const from = Math.max(at, index * pageBytes);
      const to = Math.min(at + count, (index + 1) * pageBytes);
      target.set(page.now.subarray(from - index * pageBytes, to - index * pageBytes), from - at);
    }
    return count;
  }

  truncate(bytes: number): void {
    if (this.#fault !== undefined) return;
    try {
      if (bytes < this.#committedEnd && Number.isFinite(this.#committedEnd)) this.#shrinkTo = bytes;
      else {
        this.#shrinkTo = undefined;
        if (Number.isFinite(this.#committedEnd)) ftruncateSync(this.#fd, bytes);
      }
      this.#size = bytes;
    } catch (error) {
      this.#fault = error;
    }
  }

  /**
   * Makes what the library wrote since the last commit the file's content. `fields` are offsets of eight-byte fields that
   * are written last, in their order: the lengths of datasets, which promise what everything before has put there.
   * Throws the disk's error; the file on the disk is then as it was, and `rollBack` forgets what the library wrote.
   */
  commit(fields: readonly number[]): void {
    if (this.#fault !== undefined) throw this.#fault;
    if (!Number.isFinite(this.#committedEnd)) {
      this.#commitFirst();
      return;
    }
    this.#keepSynced(fields);
    const promised = fields.map((at) => Buffer.from(this.#field(at, "now")));
    for (const at of fields) this.#field(at, "now").set(this.#field(at, "base"));
    try {
      for (const piece of inCommitOrder(this.#changedPieces())) this.#writeChanges(piece);
      for (const [index, at] of fields.entries()) this.#field(at, "now").set(promised[index]!);
      this.#writeFields(fields);
      if (this.#shrinkTo !== undefined) ftruncateSync(this.#fd, this.#shrinkTo);
    } catch (error) {
      this.#fault = error;
      this.#putBack();
      throw error;
    }
    this.#committedEnd = this.#size;
    this.#forget(this.#pages.size > mostPages || this.#shrinkTo !== undefined);
    this.#undo = [];
  }

  /** Makes the last commit durable; from here on `journal` has what is written over of it. Throws what the disk says. */
  sync(journal: UndoJournal): void {
    if (this.#fault !== undefined) throw this.#fault;
    fdatasyncSync(this.#fd);
    journal.begin(this.committedBytes);
    this.#journal = journal;
  }

  /** Gives up what is not committed: the library's writes go nowhere from here on, until `rollBack`. */
  abandon(): void {
    this.#fault ??= new Error("abandoned");
  }

  /** Brings the disk and this object back to the last commit; throws when the disk refuses even that, and may be called again. */
  rollBack(): void {
    this.#fault ??= new Error("abandoned");
    this.#putBack();
    if (this.#undo.length > 0) throw this.#fault;
    ftruncateSync(this.#fd, this.committedBytes);
    this.#size = this.committedBytes;
    this.#forget(true);
    this.#fault = undefined;
  }

  close(): void {
    closeSync(this.#fd);
  }

  /** Offset of a byte sequence in what is held; -1 when it is not there. For finding fields in a new file. */
  find(sequence: Uint8Array): number {
    const whole = Buffer.alloc(this.#size);
    this.read(whole, 0);
    return whole.indexOf(sequence);
  }

  /** Hands to the journal what the disk has in the pages that this commit changes. */
  #keepSynced(fields: readonly number[]): void {
    if (!this.#journal) return;
    const pages = new Set<number>();
    for (const { at, bytes } of this.#writes) addPages(pages, at, at + bytes);
    for (const at of fields) addPages(pages, at, at + fieldBytes);
    if (this.#shrinkTo !== undefined) addPages(pages, this.#shrinkTo, this.#committedEnd);
    try {
      this.#journal.keep(pages, (page) => this.#page(page).base);
    } catch (error) {
      this.#fault = error;
      throw error;
    }
  }

  #forget(isWhole: boolean): void {
    if (isWhole) this.#pages.clear();
    this.#writes = [];
    this.#shrinkTo = undefined;
  }

  /** A new file is one write: there is nothing before it that could break. */
  #commitFirst(): void {
    const whole = Buffer.alloc(this.#size);
    this.read(whole, 0);
    this.#freeLists = freeListsIn(whole);
    for (const list of this.#freeLists) whole.set(emptyList, list);
    writeAll(this.#fd, whole, 0);
    this.#committedEnd = this.#size;
    this.#forget(true);
  }

  #add(bytes: Uint8Array, at: number): void {
    writeAll(this.#fd, bytes, at);
    // Only the page that the committed end lies in can be held as well.
    const page = this.#pages.get(Math.floor(at / pageBytes));
    if (!page) return;
    const offset = at % pageBytes;
    const part = bytes.subarray(0, pageBytes - offset);
    page.base.set(part, offset);
    page.now.set(part, offset);
  }

  #hold(bytes: Uint8Array, at: number): void {
    for (let done = 0; done < bytes.length; ) {
      const offset = (at + done) % pageBytes;
      const part = bytes.subarray(done, done + pageBytes - offset);
      this.#page(Math.floor((at + done) / pageBytes)).now.set(part, offset);
      done += part.length;
    }
  }

  #page(index: number): Page {
    let page = this.#pages.get(index);
    if (!page) {
      const base = Buffer.alloc(pageBytes);
      if (this.committedBytes > 0) readWhole(this.#fd, base, index * pageBytes);
      page = { base, now: Buffer.from(base) };
      this.#pages.set(index, page);
    }
    return page;
  }

  #field(at: number, which: keyof Page): Buffer {
    return this.#page(Math.floor(at / pageBytes))[which].subarray(at % pageBytes, (at % pageBytes) + fieldBytes);
  }

  #changedPieces(): Piece[] {
    return this.#writes.flatMap(({ at, bytes }) => {
      const now = Buffer.allocUnsafe(bytes);
      const base = Buffer.allocUnsafe(bytes);
      this.#copy("now", now, at);
      this.#copy("base", base, at);
      return now.equals(base) ? [] : piecesOf(now, base, at, this.#freeLists);
    });
  }

  #copy(which: keyof Page, target: Buffer, at: number): void {
    for (let done = 0; done < target.length; ) {
      const offset = (at + done) % pageBytes;
      done += this.#page(Math.floor((at + done) / pageBytes))[which].copy(target, done, offset);
    }
  }

  /**
   * Writes those bytes of a piece that differ from the disk: a structure in one write from the first to the last of them, since
   * its head counts entries that may lie on the next page; rows page by page.
   */
  #writeChanges({ at, bytes, isStructure }: Piece): void {
    let first = Number.POSITIVE_INFINITY;
    let last = 0;
    for (let from = at; from < at + bytes; ) {
      const index = Math.floor(from / pageBytes);
      const to = Math.min(at + bytes, (index + 1) * pageBytes);
      const changed = this.#changed(index, from - index * pageBytes, to - index * pageBytes);
      if (changed && !isStructure) this.#overwrite(changed.from, changed.to);
      if (changed) first = Math.min(first, changed.from);
      if (changed) last = changed.to;
      from = to;
    }
    if (isStructure && last > 0) this.#overwrite(first, last);
  }

  /** From the first to the last differing byte in a part of a page, as offsets in the file. */
  #changed(index: number, start: number, end: number): { from: number; to: number } | undefined {
    const page = this.#pages.get(index);
    if (!page || page.base.compare(page.now, start, end, start, end) === 0) return undefined;
    let from = start;
    let to = end;
    while (page.base[from] === page.now[from]) from++;
    while (page.base[to - 1] === page.now[to - 1]) to--;
    return { from: index * pageBytes + from, to: index * pageBytes + to };
  }

  /** One write of what the library has there; what was there before is kept until the commit is through. */
  #overwrite(from: number, to: number): void {
    const before = Buffer.allocUnsafe(to - from);
    const after = Buffer.allocUnsafe(to - from);
    this.#copy("base", before, from);
    this.#copy("now", after, from);
    this.#undo.push({ at: from, bytes: before });
    writeAll(this.#fd, after, from);
    for (let at = from; at < to; ) {
      const offset = at % pageBytes;
      at += after.copy(this.#page(Math.floor(at / pageBytes)).base, offset, at - from);
    }
  }

  /** Fields of one page go in one write; the page of the last field is written last. */
  #writeFields(fields: readonly number[]): void {
    const spans = new Map<number, { start: number; end: number }>();
    for (const at of fields) {
      const index = Math.floor(at / pageBytes);
      const start = at % pageBytes;
      const known = spans.get(index);
      spans.delete(index);
      spans.set(index, {
        start: Math.min(start, known?.start ?? start),
        end: Math.max(start + fieldBytes, known?.end ?? 0),
      });
    }
    for (const [index, { start, end }] of spans) {
      const changed = this.#changed(index, start, end);
      if (changed) this.#overwrite(changed.from, changed.to);
    }
  }

  /** Undoes what a failed commit overwrote, the last first; what cannot be put back stays to be tried again. */
  #putBack(): void {
    try {
      for (let last = this.#undo.at(-1); last; last = this.#undo.at(-1)) {
        writeAll(this.#fd, last.bytes, last.at);
        this.#undo.pop();
      }
    } catch {
      // The first error has been kept and is the one to tell.
    }
  }
}

function addPages(pages: Set<number>, from: number, to: number): void {
  for (let page = Math.floor(from / pageBytes); page * pageBytes < to; page++) pages.add(page);
}

/** Reads what there is; the rest of `target` stays as it is. */
function readWhole(fd: number, target: Uint8Array, at: number): void {
  for (let done = 0; done < target.length; ) {
    const count = readSync(fd, target, done, target.length - done, at + done);
    if (count === 0) return;
    done += count;
  }
}
