/** What is in a table of tracks or detections, whatever its format. */
import type { RecordedLoss } from "../../model/recorded-loss.js";
import { openBytePieces, readRange } from "./byte-pieces.js";

export interface TableDescription {
  readonly format: "csv" | "parquet" | "ndjson";
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
  /** What the file says of the run it is from; null in one that says nothing, such as a CSV. */
  readonly run: TableRun | null;
}

export interface TableRun {
  /** False of a run that was cut. */
  readonly isClosed: boolean;
  /** What it says of losses before; null where it does not. */
  readonly recordedLoss: Pick<RecordedLoss, "isCut" | "isComplete" | "lost"> | null;
  readonly pixelSizeUm: number | null;
  /** The stages it went through. */
  readonly madeBy: readonly string[];
  /** What happened between frames, such as gaps and drops; null where they have no place. */
  readonly events: number | null;
}

/** Counts rows, the frames they are of, and their particles. Memory: the distinct numbers. */
export class RowCounts {
  rows = 0;
  readonly #frames = new Set<number>();
  readonly #tracks = new Set<number>();

  /** `particle` is negative or NaN where there is none. */
  add(frame: number, particle: number): void {
    this.rows++;
    this.#frames.add(frame);
    if (particle >= 0) this.#tracks.add(particle);
  }

  facts(hasParticles: boolean): Pick<TableDescription, "rows" | "frames" | "firstFrame" | "lastFrame" | "tracks"> {
    let first: number | null = null;
    let last: number | null = null;
    for (const frame of this.#frames) {
      if (first === null || frame < first) first = frame;
      if (last === null || frame > last) last = frame;
    }
    const tracks = hasParticles ? this.#tracks.size : null;
    return { rows: this.rows, frames: this.#frames.size, firstFrame: first, lastFrame: last, tracks };
  }
}

/** Reads a table in pieces; a failure when it is none or has no frames. Parquet is told by its magic, the others by name. */
export async function describeTable(path: string): Promise<TableDescription> {
  if (/\.ndjson$/i.test(path)) return (await import("../formats/ndjson/describe-ndjson.js")).describeNdjson(path);
  const pieces = openBytePieces(path, path);
  const start = readRange(path, pieces, 0, 4);
  if (Buffer.from(start).toString("latin1") === "PAR1") {
    const { describeParquet } = await import("../formats/parquet/describe.js");
    return await describeParquet(path, pieces);
  }
  pieces.close();
  return (await import("../formats/csv/describe.js")).describeCsv(path);
}
