/** The ledger as 1-D arrays, ledger/fate and so on: a row for every frame that was stored, and one a span of frames that are not there. */

import { FormatProblem } from "../../../format-problem.js";
import type { Frame } from "../../../memory/frame.js";
import type { StreamEvent } from "../../../model/event.js";
import { type Fate, fates, type LedgerSpan, spanFault } from "../../../model/ledger.js";
import { type LedgerValues, ledgerColumns, ledgerOfEvent, ledgerOfFrame } from "../../columns/ledger-table.js";
import { typeBytes } from "../../columns/table-column.js";
import { ColumnFile } from "./column-file.js";
import { type ColumnTable, type TableLayout, zarrColumn } from "./column-table.js";

/** `fate` is a place in the group's attribute `fates`. */
export const ledgerTable: TableLayout = {
  folder: "ledger",
  columns: ledgerColumns.map(zarrColumn),
  chunkRows: 4096,
  dimension: "entry",
};

const cell = new Uint8Array(8);
const view = new DataView(cell.buffer);

/** Puts the row of a frame that was stored, or whose pixels were given up ("image not stored"). */
export function putFrameFate(table: ColumnTable, frame: Frame, fate: Fate): void {
  putRow(table, ledgerOfFrame(frame, fate));
}

/** Puts and counts the row of what an event says of frames; none for other events. */
export function appendEventRow(table: ColumnTable, event: StreamEvent): void {
  const row = ledgerOfEvent(event);
  if (!row) return;
  putRow(table, row);
  table.count(1);
}

function putRow(table: ColumnTable, row: LedgerValues): void {
  for (const [position, { name, type }] of ledgerColumns.entries()) {
    view.setBigInt64(0, row[name], true);
    table.put(position, cell.subarray(0, typeBytes[type]));
  }
}

export type LedgerRow = LedgerSpan & {
  readonly capturedAtNs: bigint;
  /** -1 where nobody looked, and in stores written before it was counted. */
  readonly detections: number;
};

/** Whether a store has a ledger, be it damaged. */
export function hasLedger(store: string): boolean {
  return (["fate", "frame_number"] as const).every((name) => {
    try {
      return ColumnFile.open(store, `${ledgerTable.folder}/${name}`, name === "fate" ? "uint8" : "int64") !== undefined;
    } catch (error) {
      if (error instanceof FormatProblem) return true;
      throw error;
    }
  });
}

/** Rows read at once. */
const batchRows = 4096;

/**
 * The rows of a store's ledger that its shapes promise, in order; of each that cannot be believed, why. Stores written before
 * have no column `frames`: each row is of one frame. None where there is no ledger.
 */
export function* readLedger(store: string, onFault: (what: string) => void): Generator<LedgerRow> {
  const open = (name: string, type: "int64" | "uint8") => {
    try {
      return ColumnFile.open(store, `${ledgerTable.folder}/${name}`, type);
    } catch (error) {
      if (!(error instanceof FormatProblem)) throw error;
      onFault(`column ${name} of the ledger ${error.message}`);
      return undefined;
    }
  };
  const fate = open("fate", "uint8");
  const number = open("frame_number", "int64");
  const frames = open("frames", "int64");
  const time = open("captured_at_ns", "int64");
  const detections = open("detections", "int64");
  try {
    const total = Math.min(fate?.promised ?? 0, number?.promised ?? 0, frames?.promised ?? Number.POSITIVE_INFINITY);
    const codes = new Uint8Array(batchRows);
    const [numbers, counts, times, found] = [0, 1, 2, 3].map(() => new BigInt64Array(batchRows)) as [
      BigInt64Array,
      BigInt64Array,
      BigInt64Array,
      BigInt64Array,
    ];
    for (let from = 0; from < total; from += batchRows) {
      const rows = Math.min(batchRows, total - from);
      const bytes = (values: BigInt64Array) => new Uint8Array(values.buffer, 0, rows * 8);
      const isThere = fate!.read(from, codes.subarray(0, rows)) && number!.read(from, bytes(numbers));
      if (!isThere || (frames && !frames.read(from, bytes(counts)))) {
        return onFault(`rows ${from} to ${from + rows - 1} of the ledger are not there`);
      }
      if (!frames) counts.fill(1n);
      if (!time?.read(from, bytes(times))) times.fill(0n);
      if (!detections?.read(from, bytes(found))) found.fill(-1n);
      for (let row = 0; row < rows; row++) {
        const read = { fate: fates[codes[row]!], firstFrame: Number(numbers[row]), count: Number(counts[row]) };
        const fault = spanFault(read);
        if (fault === undefined) {
          yield { ...(read as LedgerSpan), capturedAtNs: times[row]!, detections: Number(found[row]) };
        } else onFault(`row ${from + row} of the ledger ${fault}`);
      }
    }
  } finally {
    for (const column of [fate, number, frames, time, detections]) column?.close();
  }
}
