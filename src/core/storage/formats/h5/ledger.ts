/** The ledger in an HDF5 file: a table of one row a stored frame, and one a span of frames that are not there. */
import type { Frame } from "../../../memory/frame.js";
import type { StreamEvent } from "../../../model/event.js";
import { noDeviceFrameNumber } from "../../../model/frame-header.js";
import { type Fate, fates, spanOf } from "../../../model/ledger.js";
import type { H5Type } from "./h5-writer.js";

/**
 * Members of a row, packed: 45 bytes. Times are nanoseconds since the Unix epoch, 0 when unknown; detections is how many were
 * found in the frame, -1 when nobody looked. It says how many rows of /tracks belong to the frame, so that a file that was
 * not closed tells how far its tracks reach. A row stands for `frames` frames from frame_number on.
 */
export const ledgerType: readonly (readonly [string, H5Type])[] = [
  ["frame_number", "<q"],
  ["device_frame_number", "<q"],
  ["captured_at_ns", "<q"],
  ["received_at_ns", "<q"],
  ["detections", "<i"],
  ["frames", "<q"],
  ["fate", "<B"],
];
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

/** Encodes rows; the bytes lent are good until the next call. */
export class LedgerRows {
  readonly #bytes = new Uint8Array(rowBytes);
  readonly #view = new DataView(this.#bytes.buffer);

  /** The row of a frame that was stored, or whose detections alone were. */
  borrowStored({ header, rowCount }: Frame, fate: "stored" | "image not stored"): Uint8Array {
    const { frameNumber, deviceFrameNumber, capturedAtNs, receivedAtNs } = header;
    return this.#row(
      { fate, firstFrame: frameNumber, count: 1, capturedAtNs, receivedAtNs, detections: rowCount },
      deviceFrameNumber,
    );
  }

  /** The row of what an event says of frames; undefined for other events. */
  borrowEvent(event: StreamEvent): Uint8Array | undefined {
    const span = spanOf(event);
    return span && this.#row({ ...span, capturedAtNs: 0n, receivedAtNs: 0n, detections: -1 }, noDeviceFrameNumber);
  }

  #row(row: ReadLedgerRow & { readonly fate: Fate }, deviceFrameNumber: number): Uint8Array {
    this.#view.setBigInt64(0, BigInt(row.firstFrame), true);
    this.#view.setBigInt64(8, BigInt(deviceFrameNumber), true);
    this.#view.setBigInt64(16, row.capturedAtNs, true);
    this.#view.setBigInt64(24, row.receivedAtNs, true);
    this.#view.setInt32(32, row.detections, true);
    this.#view.setBigInt64(36, BigInt(row.count), true);
    this.#view.setUint8(44, fates.indexOf(row.fate));
    return this.#bytes;
  }
}
