/** What is in a table of tracks or detections, whatever its format. */
import { parseJsonObject } from "../../model/json.js";
import type { RecordedLoss } from "../../model/recorded-loss.js";

export interface TableDescription {
  readonly format: string;
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
  /** The first notes that were made of the run, in words; absent when there are none. */
  readonly notes?: readonly string[];
}

const mostNotesShown = 5;

/** The notes among the events of a file, as they are shown. */
export class NotesShown {
  readonly #lines: string[] = [];

  /** `said`: JSON of a note's fields, text among them. */
  add(said: string): void {
    const { text, at, frame } = parseJsonObject(said) ?? {};
    if (this.#lines.length === mostNotesShown || typeof text !== "string" || typeof at !== "string") return;
    const place = typeof frame === "number" ? `before frame ${frame}` : "behind the last frame";
    this.#lines.push(`${text} (${at}, ${place})`);
  }

  /** For the run's description. */
  get facts(): Pick<TableRun, "notes"> {
    return this.#lines.length === 0 ? {} : { notes: this.#lines };
  }
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
