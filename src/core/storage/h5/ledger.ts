/** The ledger of an archive: a row for every frame that was stored or that an event says was lost, in order. */
import type { Frame } from "../../memory/frame.js";
import type { StreamEvent } from "../../model/event.js";
import { noDeviceFrameNumber } from "../../model/frame-header.js";
import type { H5Type } from "./h5-writer.js";

/** What became of a frame; the position is the code in the table. */
export const fates = ["stored", "gap", "drop", "duplicate", "image not stored"] as const;
export type Fate = (typeof fates)[number];

/**
 * Members of a row, packed: 37 bytes. Times are nanoseconds since the Unix epoch, 0 when unknown; detections is how many were
 * found in the frame, -1 when nobody looked. It says how many rows of /tracks belong to the frame, so that a file that was
 * not closed tells how far its tracks reach.
 */
export const ledgerType: readonly (readonly [string, H5Type])[] = [
  ["frame_number", "<q"],
  ["device_frame_number", "<q"],
  ["captured_at_ns", "<q"],
  ["received_at_ns", "<q"],
  ["detections", "<i"],
  ["fate", "<B"],
];
export const ledgerRowBytes = 37;

/** Most rows encoded at once: an event about a billion frames must not take a billion rows of memory. */
const batchRows = 4096;

export class LedgerRows {
  readonly #bytes = new Uint8Array(batchRows * ledgerRowBytes);
  readonly #view = new DataView(this.#bytes.buffer);

  /** The row of a frame that was stored, or whose detections alone were; good until the next call. */
  borrowStored(frame: Frame, fate: "stored" | "image not stored"): Uint8Array {
    const { header } = frame;
    this.#row(
      0,
      BigInt(header.frameNumber),
      BigInt(header.deviceFrameNumber),
      header.capturedAtNs,
      header.receivedAtNs,
      frame.rowCount,
      fates.indexOf(fate),
    );
    return this.#bytes.subarray(0, ledgerRowBytes);
  }

  /** The rows of frames that an event says were lost, in batches; none for other events. */
  *borrowLost(event: StreamEvent): Generator<{ bytes: Uint8Array; rows: number }> {
    if (event.event === "note" || event.event === "source") return;
    const fate = fates.indexOf(event.event);
    const { firstFrame, count } = event;
    for (let done = 0; done < count; done += batchRows) {
      const rows = Math.min(batchRows, count - done);
      for (let row = 0; row < rows; row++) {
        this.#row(row, BigInt(firstFrame + done + row), BigInt(noDeviceFrameNumber), 0n, 0n, -1, fate);
      }
      yield { bytes: this.#bytes.subarray(0, rows * ledgerRowBytes), rows };
    }
  }

  #row(
    row: number,
    frame: bigint,
    device: bigint,
    capturedAtNs: bigint,
    receivedAtNs: bigint,
    detections: number,
    fate: number,
  ): void {
    const at = row * ledgerRowBytes;
    this.#view.setBigInt64(at, frame, true);
    this.#view.setBigInt64(at + 8, device, true);
    this.#view.setBigInt64(at + 16, capturedAtNs, true);
    this.#view.setBigInt64(at + 24, receivedAtNs, true);
    this.#view.setInt32(at + 32, detections, true);
    this.#view.setUint8(at + 36, fate);
  }
}
