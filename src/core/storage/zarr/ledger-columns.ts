/** The ledger as 1-D arrays, ledger/fate and so on: a row for every frame that was stored or that an event says was lost. */
import type { Frame } from "../../memory/frame.js";
import type { StreamEvent } from "../../model/event.js";
import { noDeviceFrameNumber } from "../../model/frame-header.js";
import { type Fate, fates } from "../h5/ledger.js";
import type { ColumnTable, TableLayout } from "./column-table.js";

/**
 * Times are nanoseconds since the Unix epoch, 0 when unknown; detections is how many rows of tracks/ belong to the frame, -1
 * when nobody looked; fate is a place in the group's attribute `fates`.
 */
export const ledgerTable: TableLayout = {
  folder: "ledger",
  columns: [
    { name: "frame_number", dataType: "int64" },
    { name: "device_frame_number", dataType: "int64" },
    { name: "captured_at_ns", dataType: "int64" },
    { name: "received_at_ns", dataType: "int64" },
    { name: "detections", dataType: "int64" },
    { name: "fate", dataType: "uint8" },
  ],
  chunkRows: 4096,
  dimension: "entry",
};

/** Most rows put at once: an event about a billion frames must not take a billion rows of memory. */
const batchRows = 4096;

const cell = new BigInt64Array(1);
const cellBytes = new Uint8Array(cell.buffer);

/** Puts the row of a frame that was stored, or whose pixels were given up ("image not stored"). */
export function putFrameFate(table: ColumnTable, { header, rowCount }: Frame, fate: Fate): void {
  const { frameNumber, deviceFrameNumber, capturedAtNs, receivedAtNs } = header;
  const values = [BigInt(frameNumber), BigInt(deviceFrameNumber), capturedAtNs, receivedAtNs, BigInt(rowCount)];
  for (const [position, value] of values.entries()) {
    cell[0] = value;
    table.put(position, cellBytes);
  }
  table.put(values.length, Uint8Array.of(fates.indexOf(fate)));
}

/** Puts and counts the rows of frames that an event says were lost; none for other events. */
export function appendLostRows(table: ColumnTable, event: StreamEvent): void {
  const fate = (fates as readonly string[]).indexOf(event.event);
  if (fate < 1 || !("firstFrame" in event)) return;
  const { firstFrame, count } = event as Extract<StreamEvent, { readonly firstFrame: number }>;
  for (let done = 0; done < count; done += batchRows) {
    const rows = Math.min(batchRows, count - done);
    const numbers = BigInt64Array.from({ length: rows }, (_, row) => BigInt(firstFrame + done + row));
    const unknown = new BigInt64Array(rows);
    table.put(0, new Uint8Array(numbers.buffer));
    table.put(1, new Uint8Array(new BigInt64Array(rows).fill(BigInt(noDeviceFrameNumber)).buffer));
    const nobodyLooked = new Uint8Array(new BigInt64Array(rows).fill(-1n).buffer);
    table.put(2, new Uint8Array(unknown.buffer));
    table.put(3, new Uint8Array(unknown.buffer));
    table.put(4, nobodyLooked);
    table.put(5, new Uint8Array(rows).fill(fate));
    table.count(rows);
  }
}
