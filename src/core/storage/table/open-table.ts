/** A table of positions, whatever its format: its columns, its positions, and its text again with track numbers in it. */
import { decoding, decodingEach } from "../../decoding.js";
import { asMoteError, refusal } from "../../errors.js";
import type { Format } from "../formats/format.js";
import { formats } from "../formats/registry.js";
import { openBytePieces, type PipedTables, readRange } from "./byte-pieces.js";
import type { UsedColumns } from "./choose-columns.js";

/** One entry a row, in the table's order; y and x are not finite where the table has none. */
export interface Positions {
  readonly rows: number;
  readonly frame: Float64Array;
  readonly y: Float64Array;
  readonly x: Float64Array;
}

/** What linking found for each row of a table. */
export interface RowLabels {
  /** Track numbers; -1 is written as an empty cell. */
  readonly particle: Int32Array;
  /** `linkFlag` bits; null when no flags are to be written. */
  readonly flags: Uint8Array | null;
}

export interface Table {
  /** Text, or the name of its format. */
  readonly format: string;
  readonly columns: readonly string[];
  /** The unit that the table states for a column beside its name, "" where it states none. */
  readonly statedUnits: readonly string[];
  /** Reads the three columns; refuses what is no position, with its line. */
  positions(used: UsedColumns): Promise<Positions>;
  /**
   * The table as delimited text with the labels in it, all else as it was. The pieces are borrowed: each is good until
   * the next is asked for.
   */
  labelled(used: UsedColumns, labels: RowLabels, delimiter: string): AsyncIterable<Uint8Array>;
  close(): void;
}

const startBytes = 1 << 16;

/** Formats of tables that are no text. */
const binary = formats.filter(({ tables }) => tables);

/** The format of a table that begins so, if it is no text. */
function binaryFormat(head: Uint8Array): Format | undefined {
  const file = { path: "", isFolder: false, extension: "", head: head.subarray(0, 16) };
  return binary.find((format) => format.isContained(file));
}

const piped: PipedTables = {
  isBinary: (head) => binaryFormat(head) !== undefined,
  refused: `expected a CSV, TSV or ${binary.map(({ name }) => name).join(" or ")} table, got binary data`,
};

/** Opens a table by what it holds: those that are no text by their first bytes, all other text as CSV. "-" is stdin. Refuses what is no table. */
export async function openTable(where: string, path: string): Promise<Table> {
  const pieces = openBytePieces(where, path, piped);
  try {
    const bytes = readRange(where, pieces, 0, startBytes);
    if (bytes.length === 0) throw refusal("nothing-in-it", where, "expected a table, got an empty file");
    const format = binaryFormat(bytes);
    if (format) {
      const open = await format.tables!.open();
      return guarded(where, await decoding(() => open(where, pieces)));
    }
    if (bytes[0] === 0xff || bytes[0] === 0xfe) {
      throw refusal(
        "unsupported",
        where,
        "expected UTF-8 text, got UTF-16",
        "Save it as UTF-8: iconv -f UTF-16 -t UTF-8.",
      );
    }
    if (bytes.includes(0)) {
      throw refusal("wrong-format", where, piped.refused, "mote inspect says what it is.");
    }
    const { openTextTable } = await import("./text-table.js");
    return guarded(where, await decoding(() => openTextTable(where, pieces)));
  } catch (error) {
    pieces.close();
    throw asMoteError(where, error) ?? error;
  }
}

/** What its decoder lacks a check for is said as damage of the table. */
function guarded(where: string, table: Table): Table {
  const told = (error: unknown): never => {
    throw asMoteError(where, error) ?? error;
  };
  return {
    ...table,
    positions: (used) => decoding(() => table.positions(used)).catch(told),
    async *labelled(used, labels, delimiter) {
      try {
        yield* decodingEach(table.labelled(used, labels, delimiter));
      } catch (error) {
        told(error);
      }
    },
  };
}
