/** What is in a table of tracks or detections: columns, rows, frames and tracks, read in pieces. */
import { createReadStream } from "node:fs";
import { failure, MoteError, reason } from "../errors.js";

export interface CsvDescription {
  readonly format: "csv";
  readonly columns: readonly string[];
  readonly rows: number;
  /** Frames that have a row. */
  readonly frames: number;
  readonly firstFrame: number | null;
  readonly lastFrame: number | null;
  /** Distinct particle ids; 0 when nothing was linked, null without such a column. */
  readonly tracks: number | null;
  /** False when the last line has no end or too few columns: the file was cut. */
  readonly isWhole: boolean;
}

/** Reads a table whose first line names its columns; a failure when it has no column `frame`. Memory: the distinct ids. */
export async function describeCsv(path: string): Promise<CsvDescription> {
  let columns: readonly string[] = [];
  let frameAt = -1;
  let particleAt = -1;
  let rows = 0;
  let isWhole = true;
  const frames = new Set<number>();
  const tracks = new Set<number>();

  function takeHeader(line: string): void {
    columns = line.split(",").map((name) => name.trim());
    frameAt = columns.indexOf("frame");
    particleAt = Math.max(columns.indexOf("particle_id"), columns.indexOf("particle"));
    if (frameAt >= 0) return;
    const what = "expected a table whose first line names its columns, frame among them";
    throw failure(path, what, "Is it a table of tracks?");
  }

  function takeRow(line: string): void {
    if (line === "") return;
    const values = line.split(",");
    if (values.length !== columns.length) {
      isWhole = false;
      return;
    }
    rows++;
    frames.add(Number(values[frameAt]));
    const particle = particleAt < 0 ? "" : values[particleAt]!;
    if (particle !== "" && particle !== "-1") tracks.add(Number(particle));
  }

  let rest = "";
  try {
    for await (const piece of createReadStream(path, { encoding: "utf8", highWaterMark: 1 << 20 })) {
      const lines = (rest + piece).split(/\r?\n/);
      rest = lines.pop() ?? "";
      // A first line of a megabyte is that of no table.
      if (frameAt < 0 && (lines.length > 0 || rest.length > 1 << 20)) takeHeader(lines.shift() ?? rest);
      for (const line of lines) takeRow(line);
    }
  } catch (error) {
    if (error instanceof MoteError) throw error;
    throw failure(path, `cannot be read: ${reason(error)}`, undefined, error);
  }
  if (frameAt < 0) takeHeader(rest);
  else if (rest !== "") isWhole = false;
  let first: number | null = null;
  let last: number | null = null;
  for (const frame of frames) {
    if (first === null || frame < first) first = frame;
    if (last === null || frame > last) last = frame;
  }
  return {
    format: "csv",
    columns,
    rows,
    frames: frames.size,
    firstFrame: first,
    lastFrame: last,
    tracks: particleAt < 0 ? null : tracks.size,
    isWhole,
  };
}
