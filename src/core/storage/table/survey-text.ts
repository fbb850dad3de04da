/** A table or documents as text that may be damaged or cut: line by line, each judged on its own. */
import { mostDocumentBytes, mostLineBytes } from "../../budget.js";
import { isJsonObject, parseJsonObject } from "../../model/json.js";
import { trackColumns, trackTable } from "../columns/track-table.js";
import { type TextLine, textLines } from "./text-lines.js";

export interface LineFault {
  /** A clause behind "line 7". */
  readonly what: string;
  /** True when it is about the lines before: this one is as it was written. */
  readonly isLineWhole: boolean;
}

/** Judges the lines of one file in their order. */
export interface LineCheck {
  /** What is wrong with a line that is not too long; undefined when nothing is. */
  faultOf(line: TextLine): LineFault | undefined;
  /** False while something has to follow. */
  readonly isEnded: boolean;
  /** Whether something in the text says that nothing follows. */
  readonly hasEndMark: boolean;
  /** How it ended, as a clause, where it says that it did not end as it was to. */
  readonly failure: string | undefined;
  /** What else the end says was not as it should be, in words; "" when all was. */
  readonly endWords: string;
}

const positions: readonly string[] = ["frame", "x", "y"];
const ours: readonly string[] = trackTable.map(({ name }) => name);
const numberText = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;

/** Rows of a CSV or TSV: as many cells as the first line has; in Mote's own, numbers, and a position in every row. */
export class TableCheck implements LineCheck {
  readonly isEnded = true;
  readonly hasEndMark = false;
  readonly failure = undefined;
  readonly endWords = "";
  readonly #separator: string;
  #columns: readonly string[] | undefined;
  #isOurs = false;

  constructor(separator: string) {
    this.#separator = separator;
  }

  faultOf({ bytes }: TextLine): LineFault | undefined {
    const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("latin1").replace(/\r$/, "");
    if (isBinary(bytes)) return broken("has bytes that are no text");
    if (this.#columns === undefined) {
      const columns = text.split(this.#separator).map((name) => name.trim());
      this.#columns = columns;
      this.#isOurs = isOurHeader(columns);
      return columns.length > 1 ? undefined : broken("names no columns");
    }
    // In other programs' tables a quoted cell may hold separators; Mote quotes nothing.
    if (text === "" || (text.includes('"') && !this.#isOurs)) return undefined;
    const cells = text.split(this.#separator);
    if (cells.length !== this.#columns.length) {
      return broken(`has ${cells.length} cells, the first line names ${this.#columns.length}`);
    }
    const bad = this.#isOurs ? cells.findIndex((cell, at) => !isFit(cell, this.#columns![at]!)) : -1;
    return bad < 0 ? undefined : broken(`has ${JSON.stringify(cells[bad]!.slice(0, 40))} for ${this.#columns[bad]}`);
  }
}

/** All columns of a tracks table, or some of them as --csv-columns has it; particle_id is a name that others do not use. */
function isOurHeader(columns: readonly string[]): boolean {
  if (trackColumns.every((name, at) => columns[at] === name)) return true;
  return (
    [...positions, "particle_id"].every((name) => columns.includes(name)) &&
    columns.every((name) => ours.includes(name))
  );
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
  failure: string | undefined;
  endWords = "";
  readonly #sequences = new Map<string, number>();
  #isStopped = false;

  faultOf({ bytes }: TextLine): LineFault | undefined {
    const value = parseJsonObject(Buffer.from(bytes).toString("utf8"));
    if (!value) return broken("is no JSON object");
    const { name, doc } = value;
    if (typeof name !== "string" || !isJsonObject(doc)) return undefined;
    if (this.#isStopped) return broken("is a document behind the stop document");
    if (name === "start") {
      this.isEnded = false;
      this.hasEndMark = true;
    } else if (name === "stop") {
      this.isEnded = true;
      this.#isStopped = true;
      this.failure = stopFailure(doc);
      const said = [
        ...(this.failure === undefined ? [doc.reason] : []),
        ...(Number(doc.lost) > 0 ? [`${Number(doc.lost)} frames lost while recording`] : []),
      ];
      this.endWords = said.filter((words) => typeof words === "string" && words !== "").join("; ");
    } else if (name === "event") return this.#eventFault(doc);
    return undefined;
  }

  #eventFault({ descriptor, seq_num: number }: Readonly<Record<string, unknown>>): LineFault | undefined {
    const expected = (this.#sequences.get(String(descriptor)) ?? 0) + 1;
    this.#sequences.set(String(descriptor), Number(number));
    if (number === expected) return undefined;
    return { what: `is event ${String(number)}, expected ${expected}`, isLineWhole: true };
  }
}

/** The lines of a file with what is wrong with each; the check, by the file's name, says what is known at the end. */
export function judgedLines(path: string): {
  check: LineCheck;
  lines: Iterable<TextLine & { readonly fault: LineFault | undefined }>;
} {
  const isDocuments = /\.ndjson$/i.test(path);
  const check = isDocuments ? new DocumentCheck() : new TableCheck(/\.tsv$/i.test(path) ? "\t" : ",");
  const mostBytes = isDocuments ? mostDocumentBytes : mostLineBytes;
  function* lines() {
    for (const line of textLines(path, mostBytes)) {
      const fault = line.isTooLong ? broken(`is longer than ${mostBytes >> 20} MiB`) : check.faultOf(line);
      yield { ...line, fault };
    }
  }
  return { check, lines: lines() };
}

function broken(what: string): LineFault {
  return { what, isLineWhole: false };
}

/** What a stop document says other than success (event-model, run_stop: success, abort or fail). */
function stopFailure({ exit_status: status, reason }: Readonly<Record<string, unknown>>): string | undefined {
  if (status === "success") return undefined;
  const why = typeof reason === "string" && reason !== "" ? ` (${reason})` : "";
  return `the stop document says ${typeof status === "string" ? status : "nothing of how the run ended"}${why}`;
}
