/** The ledger as a table (model/ledger.ts): a row a stored frame, and one for every run of frames that is not there. */
import type { Frame } from "../../memory/frame.js";
import type { StreamEvent } from "../../model/event.js";
import { noDeviceFrameNumber } from "../../model/frame-header.js";
import { type Fate, fates, spanOf } from "../../model/ledger.js";
import type { TableColumn } from "./table-column.js";

/**
 * `detections` says how many rows of the table of detections belong to the frame, so that a file that was not closed tells how
 * far they reach. The fate comes last: where it stands, the row does.
 */
export const ledgerColumns = [
  { name: "frame_number", type: "int64", unit: null, meaning: "number of the first frame that the row is of" },
  { name: "device_frame_number", type: "int64", unit: null, meaning: "the camera's own counter, or -1" },
  { name: "captured_at_ns", type: "int64", unit: "ns", meaning: "start of exposure, since the Unix epoch; 0: unknown" },
  { name: "received_at_ns", type: "int64", unit: "ns", meaning: "arrival of the whole frame; 0 when unknown" },
  { name: "detections", type: "int64", unit: null, meaning: "how many were found in the frame, -1: nobody looked" },
  { name: "frames", type: "int64", unit: null, meaning: "how many frames the row is of" },
  { name: "fate", type: "uint8", unit: null, meaning: `code of what became of them: ${fates.join(", ")}, from 0` },
] as const satisfies readonly TableColumn[];

export type LedgerColumnName = (typeof ledgerColumns)[number]["name"];

/** A row, by the names of the columns. */
export type LedgerValues = Readonly<Record<LedgerColumnName, bigint>>;

/** The row of a frame that was stored, or whose pixels were given up ("image not stored"). */
export function ledgerOfFrame({ header, rowCount }: Frame, fate: Fate): LedgerValues {
  return {
    frame_number: BigInt(header.frameNumber),
    device_frame_number: BigInt(header.deviceFrameNumber),
    captured_at_ns: header.capturedAtNs,
    received_at_ns: header.receivedAtNs,
    detections: BigInt(rowCount),
    frames: 1n,
    fate: codeOf(fate),
  };
}

/** The row of what an event says of frames; undefined for other events. */
export function ledgerOfEvent(event: StreamEvent): LedgerValues | undefined {
  const span = spanOf(event);
  return (
    span && {
      frame_number: BigInt(span.firstFrame),
      device_frame_number: BigInt(noDeviceFrameNumber),
      captured_at_ns: 0n,
      received_at_ns: 0n,
      detections: -1n,
      frames: BigInt(span.count),
      fate: codeOf(span.fate),
    }
  );
}

function codeOf(fate: Fate): bigint {
  return BigInt(fates.indexOf(fate));
}
