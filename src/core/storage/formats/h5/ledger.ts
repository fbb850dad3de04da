/** The ledger in an HDF5 file: a table of one row a stored frame, and one a span of frames that are not there. */
import type { Frame } from "../../../memory/frame.js";
import type { StreamEvent } from "../../../model/event.js";
import { type Fate, fates } from "../../../model/ledger.js";
import { type LedgerValues, ledgerColumns, ledgerOfEvent, ledgerOfFrame } from "../../columns/ledger-table.js";
import { type H5Type, numberTypes } from "./h5-writer.js";

/** Members of a row, packed: 45 bytes, since the detections of a frame are an int32 here. */
export const ledgerType: readonly (readonly [string, H5Type])[] = ledgerColumns.map(({ name, type }) => [
  name,
  name === "detections" ? "<i" : numberTypes[type],
]);
const rowBytes = 45;

/** Places of members in a row as a reader has it; rows of files written before have no `frames`. */
const place = { frame: 0, capturedAtNs: 2, receivedAtNs: 3, detections: 4, frames: 5, members: 7 } as const;

/** A row as it was read; nothing of it is believed yet. */
export interface ReadLedgerRow {
  readonly fate: Fate | undefined;
  readonly firstFrame: number;
  readonly count: number;
  readonly capturedAtNs: bigint;
  readonly receivedAtNs: bigint;
  /** -1 where nobody looked. */
  readonly detections: number;
}

/** A row that the library read as an array of members. */
export function readLedgerRow(row: readonly unknown[]): ReadLedgerRow {
  return {
    fate: fates[Number(row.at(-1))],
    firstFrame: Number(row[place.frame]),
    count: row.length < place.members ? 1 : Number(row[place.frames]),
    capturedAtNs: BigInt(row[place.capturedAtNs] as bigint),
    receivedAtNs: BigInt(row[place.receivedAtNs] as bigint),
    detections: Number(row[place.detections]),
  };
}

/** The row of a frame that was stored, or whose detections alone were. */
export function encodeStored(frame: Frame, fate: "stored" | "image not stored"): Uint8Array {
  return encode(ledgerOfFrame(frame, fate));
}

/** The row of what an event says of frames; undefined for other events. */
export function encodeEvent(event: StreamEvent): Uint8Array | undefined {
  const row = ledgerOfEvent(event);
  return row && encode(row);
}

function encode(row: LedgerValues): Uint8Array {
  const bytes = new Uint8Array(rowBytes);
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (const { name, type } of ledgerColumns) {
    const value = row[name];
    if (name === "detections") {
      view.setInt32(at, Number(value), true);
      at += 4;
    } else if (type === "uint8") view.setUint8(at++, Number(value));
    else {
      view.setBigInt64(at, value, true);
      at += 8;
    }
  }
  return bytes;
}
