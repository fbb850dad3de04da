/** The detections that a ledger counts of each frame, against those that came out of the file with it. */
import type { Fate } from "../../model/ledger.js";
import { formatCount } from "../../units.js";
import { imageNotStored } from "../disk/disk-fault.js";

/** A row of a ledger; detections is -1 where nobody looked. */
export interface CountedRow {
  readonly fate: Fate | undefined;
  readonly firstFrame: number;
  readonly detections: number;
}

/** How many detections a row of a ledger says are in the file. */
export function detectionsOf({ fate, detections }: CountedRow): number {
  return fate === "stored" || fate === imageNotStored ? Math.max(0, detections) : 0;
}

export class CountedDetections {
  readonly #left = new Map<number, number>();
  #missing = 0;

  constructor(rows: Iterable<CountedRow>) {
    for (const row of rows) {
      const count = detectionsOf(row);
      if (count > 0) this.#left.set(row.firstFrame, (this.#left.get(row.firstFrame) ?? 0) + count);
    }
  }

  /** A frame came out with so many rows. */
  cameOut(frameNumber: number, rows: number): void {
    this.#missing += Math.max(0, (this.#left.get(frameNumber) ?? 0) - Math.max(0, rows));
    this.#left.delete(frameNumber);
  }

  /** The frame is lost, and told so; its detections go with it. */
  lostWithFrame(frameNumber: number): void {
    this.#left.delete(frameNumber);
  }

  /** No other frame comes: what is counted of those that did not is missing too. */
  noMoreFrames(): void {
    for (const count of this.#left.values()) this.#missing += count;
    this.#left.clear();
  }

  /** What is to be told of those that are missing, in words; undefined when all came. */
  loss(table: string): string | undefined {
    if (this.#missing === 0) return undefined;
    return `${formatCount(this.#missing, "detection")}: the ledger counts them, ${table} does not have them`;
  }
}
