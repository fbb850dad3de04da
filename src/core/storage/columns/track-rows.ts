/** Detections as lines of a tracks table: pure, from a slot's columns to bytes. */
import type { Frame } from "../../memory/frame.js";
import { column } from "../../model/detection.js";
import { type TrackColumn, type TrackColumnName, trackColumnsNamed } from "./track-table.js";
import { longestNumber, writeInteger, writePadded, writeShortest, writeTenDigits } from "./write-number.js";

const comma = 44;
const newline = 10;
const point = 46;

/** How the values of a column are written: those of the frame are the same in each of its lines. */
const cell = { frame: 0, timestamp: 1, integer: 2, shortest: 3, tenDigits: 4 } as const;

function cellOf({ name, text }: TrackColumn): number {
  if (name === "frame") return cell.frame;
  if (text === "microseconds") return cell.timestamp;
  if (text === "whole") return cell.integer;
  return text === "shortest" ? cell.shortest : cell.tenDigits;
}

/**
 * Writes frames as CSV lines into one buffer that grows to the largest frame and stays. x and y are the shortest text of
 * the float64; the other columns have ten significant digits; particle_id is empty where nothing was linked, timestamp
 * (seconds since the Unix epoch, six decimals) where the capture time is unknown, any column where the value is NaN.
 */
export class TrackRows {
  #bytes = new Uint8Array(64 * 1024);
  readonly #lead = new Uint8Array(longestNumber);
  readonly #stamp = new Uint8Array(longestNumber);

  readonly #columns: readonly TrackColumnName[];
  readonly #cells: readonly number[];
  /** Where a column's values begin in a slot of one row; 0 for those of the frame. */
  readonly #places: readonly number[];

  constructor(columns: readonly TrackColumnName[]) {
    this.#columns = columns;
    this.#cells = trackColumnsNamed(columns).map(cellOf);
    this.#places = columns.map((name) => (name === "frame" || name === "timestamp" ? 0 : column[name]));
  }

  /** The header line, with its newline. */
  header(): Uint8Array {
    return new TextEncoder().encode(`${this.#columns.join(",")}\n`);
  }

  /** The frame's lines; the bytes are good until the next call. `rows` of the frame may be 0 or -1: no bytes. */
  borrowLines(frame: Frame): Uint8Array {
    const rows = Math.max(0, frame.rowCount);
    const longestRow = this.#columns.length * (longestNumber + 1);
    if (rows * longestRow > this.#bytes.length) this.#bytes = new Uint8Array(Math.ceil(rows * longestRow * 1.25));
    const out = this.#bytes;
    const lead = this.#lead;
    const leadEnd = writeInteger(lead, 0, frame.header.frameNumber);
    const stamp = this.#stamp;
    const stampEnd = writeTimestamp(stamp, frame.header.capturedAtNs);

    const values = frame.detections;
    const kinds = this.#cells;
    const places = this.#places;
    let at = 0;
    for (let row = 0; row < rows; row++) {
      for (let index = 0; index < kinds.length; index++) {
        if (index > 0) out[at++] = comma;
        const value = values[places[index]! * rows + row]!;
        switch (kinds[index]) {
          case cell.frame:
            for (let byte = 0; byte < leadEnd; byte++) out[at++] = lead[byte]!;
            break;
          case cell.timestamp:
            for (let byte = 0; byte < stampEnd; byte++) out[at++] = stamp[byte]!;
            break;
          case cell.shortest:
            at = writeShortest(out, at, value);
            break;
          case cell.tenDigits:
            at = writeTenDigits(out, at, value);
            break;
          default:
            if (value >= 0) at = writeInteger(out, at, value);
        }
      }
      out[at++] = newline;
    }
    return out.subarray(0, at);
  }
}

/** "1763720400.123456" for nanoseconds since the Unix epoch, rounded down to the microsecond; nothing for 0. */
export function writeTimestamp(out: Uint8Array, atNs: bigint): number {
  if (atNs <= 0n) return 0;
  const micros = atNs / 1000n;
  const at = writeInteger(out, 0, Number(micros / 1_000_000n));
  out[at] = point;
  return writePadded(out, at + 1, Number(micros % 1_000_000n), 6);
}
