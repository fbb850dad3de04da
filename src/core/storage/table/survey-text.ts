/** A table or documents as text that may be damaged or cut: line by line, in pieces, each judged on its own. */
import { closeSync, openSync, readSync } from "node:fs";
import { trackColumns } from "../csv/track-rows.js";

export interface TextLine {
  /** Counted from 1. */
  readonly number: number;
  /** Offset of its first byte. */
  readonly at: number;
  /** Borrowed; without the line feed. */
  readonly bytes: Uint8Array;
  /** False for a last line without a line feed. */
  readonly hasEnd: boolean;
}

const pieceBytes = 1 << 20;
/** A longer line is none of a table's: it is handed out in pieces of this size, which no check takes for whole. */
const longestLine = 1 << 26;

/** The lines of a file; memory holds one of them. */
export function* textLines(path: string): Generator<TextLine> {
  const fd = openSync(path, "r");
  try {
    let held = Buffer.alloc(0);
    let at = 0;
    let number = 1;
    const piece = Buffer.alloc(pieceBytes);
    for (let got = readSync(fd, piece); got > 0; got = readSync(fd, piece)) {
      const bytes = held.length > 0 ? Buffer.concat([held, piece.subarray(0, got)]) : piece.subarray(0, got);
      let from = 0;
      for (let to = bytes.indexOf(10); to >= 0; to = bytes.indexOf(10, from)) {
        yield { number: number++, at, bytes: bytes.subarray(from, to), hasEnd: true };
        at += to + 1 - from;
        from = to + 1;
      }
      held = Buffer.from(bytes.subarray(from));
      if (held.length > longestLine) {
        yield { number, at, bytes: held, hasEnd: false };
        at += held.length;
        held = Buffer.alloc(0);
      }
    }
    if (held.length > 0) yield { number, at, bytes: held, hasEnd: false };
  } finally {
    closeSync(fd);
  }
}

/** Judges the lines of one file in their order. */
export interface LineCheck {
  /** What is wrong with a line; undefined when nothing is. */
  faultOf(line: TextLine): string | undefined;
  /** False while something has to follow. */
  readonly isEnded: boolean;
  /** Whether something in the text says that nothing follows. */
  readonly hasEndMark: boolean;
}

const positions: readonly string[] = ["frame", "x", "y"];
const numberText = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;

/** Rows of a CSV or TSV: as many cells as the first line has; in Mote's own, numbers, and a position in every row. */
export class TableCheck implements LineCheck {
  readonly isEnded = true;
  readonly hasEndMark = false;
  readonly #separator: string;
  #columns: readonly string[] | undefined;
  #isOurs = false;

  constructor(separator: string) {
    this.#separator = separator;
  }

  faultOf({ bytes }: TextLine): string | undefined {
    const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("latin1").replace(/\r$/, "");
    if (isBinary(bytes)) return "has bytes that are no text";
    if (this.#columns === undefined) {
      const columns = text.split(this.#separator).map((name) => name.trim());
      this.#columns = columns;
      this.#isOurs = trackColumns.every((name, at) => columns[at] === name);
      return columns.length > 1 ? undefined : "names no columns";
    }
    // In other programs' tables a quoted cell may hold separators; Mote quotes nothing.
    if (text === "" || (text.includes('"') && !this.#isOurs)) return undefined;
    const cells = text.split(this.#separator);
    if (cells.length !== this.#columns.length) {
      return `has ${cells.length} cells, the first line names ${this.#columns.length}`;
    }
    const bad = this.#isOurs ? cells.findIndex((cell, at) => !isFit(cell, this.#columns![at]!)) : -1;
    return bad < 0 ? undefined : `has ${JSON.stringify(cells[bad]!.slice(0, 40))} for ${this.#columns[bad]}`;
  }
}

/** A number; empty where nothing is known, which a position always is. */
function isFit(cell: string, column: string): boolean {
  return cell === "" ? !positions.includes(column) : numberText.test(cell);
}

/** Control characters but tab and carriage return are what damage looks like in text. */
function isBinary(bytes: Uint8Array): boolean {
  return bytes.some((byte) => byte < 32 && byte !== 9 && byte !== 13);
}

/** Documents as NDJSON: each line a JSON object, a run's events numbered without a gap, the stop document last. */
export class DocumentCheck implements LineCheck {
  isEnded = true;
  hasEndMark = false;
  readonly #sequences = new Map<string, number>();
  #isStopped = false;

  faultOf({ bytes }: TextLine): string | undefined {
    let value: unknown;
    try {
      value = JSON.parse(Buffer.from(bytes).toString("utf8"));
    } catch {
      return "is no JSON";
    }
    if (typeof value !== "object" || value === null) return "is no JSON object";
    const { name, doc } = value as { name?: unknown; doc?: Readonly<Record<string, unknown>> };
    if (typeof name !== "string" || typeof doc !== "object" || doc === null) return undefined;
    if (this.#isStopped) return "is a document behind the stop document";
    if (name === "start") {
      this.isEnded = false;
      this.hasEndMark = true;
    } else if (name === "stop") {
      this.isEnded = true;
      this.#isStopped = true;
    } else if (name === "event") return this.#eventFault(doc);
    return undefined;
  }

  #eventFault({ descriptor, seq_num: number }: Readonly<Record<string, unknown>>): string | undefined {
    const expected = (this.#sequences.get(String(descriptor)) ?? 0) + 1;
    this.#sequences.set(String(descriptor), Number(number));
    return number === expected ? undefined : `is event ${String(number)}, expected ${expected}`;
  }
}

/** The check for a file by its name. */
export function lineCheckFor(path: string): LineCheck {
  if (/\.ndjson$/i.test(path)) return new DocumentCheck();
  return new TableCheck(/\.tsv$/i.test(path) ? "\t" : ",");
}
