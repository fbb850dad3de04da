/** Detections as lines of a tracks table: pure, from a slot's columns to bytes. */
import type { Frame } from "../../memory/frame.js";
import { column } from "../../model/detection.js";
import { longestNumber, writeInteger, writePadded, writeShortest, writeTenDigits } from "./write-number.js";

/** The columns of every tracks table, in CSV and in HDF5. */
export const trackColumns = [
  "frame",
  "particle_id",
  "x",
  "y",
  "mass",
  "ecc",
  "size",
  "signal",
  "timestamp",
  "raw_mass",
  "ep",
] as const;

const comma = 44;
const newline = 10;
const point = 46;
const longestRow = (trackColumns.length + 1) * (longestNumber + 1);

/**
 * Writes frames as CSV lines into one buffer that grows to the largest frame and stays. x and y are the shortest text of
 * the float64; the other columns have ten significant digits; particle_id is empty where nothing was linked, timestamp
 * (seconds since the Unix epoch, six decimals) where the capture time is unknown, any column where the value is NaN.
 */
export class TrackRows {
  #bytes = new Uint8Array(64 * 1024);
  readonly #lead = new Uint8Array(longestNumber);
  readonly #stamp = new Uint8Array(longestNumber);

  readonly #hasFlags: boolean;

  /** `hasFlags`: a last column of detection flags. */
  constructor(hasFlags = false) {
    this.#hasFlags = hasFlags;
  }

  /** The header line, with its newline. */
  header(): Uint8Array {
    return new TextEncoder().encode(`${trackColumns.join(",")}${this.#hasFlags ? ",flags" : ""}\n`);
  }

  /** The frame's lines; the bytes are good until the next call. `rows` of the frame may be 0 or -1: no bytes. */
  borrowLines(frame: Frame): Uint8Array {
    const rows = Math.max(0, frame.rowCount);
    if (rows * longestRow > this.#bytes.length) this.#bytes = new Uint8Array(Math.ceil(rows * longestRow * 1.25));
    const out = this.#bytes;
    const lead = this.#lead;
    const leadEnd = writeInteger(lead, 0, frame.header.frameNumber);
    const stamp = this.#stamp;
    const stampEnd = writeTimestamp(stamp, frame.header.capturedAtNs);

    const values = frame.detections;
    const x = column.x * rows;
    const y = column.y * rows;
    const mass = column.mass * rows;
    const ecc = column.ecc * rows;
    const size = column.size * rows;
    const signal = column.signal * rows;
    const rawMass = column.raw_mass * rows;
    const ep = column.ep * rows;
    const particle = column.particle_id * rows;
    const flags = column.flags * rows;
    let at = 0;
    for (let row = 0; row < rows; row++) {
      for (let index = 0; index < leadEnd; index++) out[at++] = lead[index]!;
      out[at++] = comma;
      const id = values[particle + row]!;
      if (id >= 0) at = writeInteger(out, at, id);
      out[at++] = comma;
      at = writeShortest(out, at, values[x + row]!);
      out[at++] = comma;
      at = writeShortest(out, at, values[y + row]!);
      out[at++] = comma;
      at = writeTenDigits(out, at, values[mass + row]!);
      out[at++] = comma;
      at = writeTenDigits(out, at, values[ecc + row]!);
      out[at++] = comma;
      at = writeTenDigits(out, at, values[size + row]!);
      out[at++] = comma;
      at = writeTenDigits(out, at, values[signal + row]!);
      out[at++] = comma;
      for (let index = 0; index < stampEnd; index++) out[at++] = stamp[index]!;
      out[at++] = comma;
      at = writeTenDigits(out, at, values[rawMass + row]!);
      out[at++] = comma;
      at = writeTenDigits(out, at, values[ep + row]!);
      if (this.#hasFlags) {
        out[at++] = comma;
        at = writeInteger(out, at, values[flags + row]!);
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

/** Seconds since the Unix epoch as a number, rounded down to the microsecond as in the text (a float64 has 0.24 us there); NaN for 0. */
export function timestampSeconds(atNs: bigint): number {
  return atNs <= 0n ? Number.NaN : Number(atNs / 1000n) / 1e6;
}
