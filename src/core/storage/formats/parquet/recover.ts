/**
 * The rows of a Parquet table of tracks that was not closed, or is damaged, into a new one that is closed, or into any
 * other table. A table that was cut has lost its footer, and with it the places of its rows.
 */
import { failure, MoteError } from "../../../errors.js";
import type { Frame } from "../../../memory/frame.js";
import type { StreamDescriptor } from "../../../model/descriptor.js";
import { parseJsonObject } from "../../../model/json.js";
import { bytesPerPixel } from "../../../model/pixel-format.js";
import { decodeDescriptor } from "../../../stream/check-descriptor.js";
import { recoverFrames, type Salvage } from "../../recover/recover-frames.js";
import type { Recover, Recovery } from "../../recover/recovery.js";
import { type BytePieces, openBytePieces } from "../../table/byte-pieces.js";
import { checkPages } from "./parquet-pages.js";
import { openParquetSource, type ParquetSource } from "./parquet-table.js";

export const recoverParquet: Recover = async (recovery, context) => {
  const { where } = context;
  const pieces = openBytePieces(where, recovery.path);
  let salvage: Salvage;
  try {
    const source = await openedSource(where, pieces);
    const descriptor = descriptorOf(source);
    const groups: Group[] = [];
    for (const [group, rows] of source.groupRows.entries()) {
      await recovery.progress(group, source.groupRows.length);
      const start = groups.at(-1)?.end ?? 0;
      const { faults } = await checkPages(source, pieces, group);
      groups.push({ start, end: start + rows, fault: faults[0]?.what });
    }
    salvage = new ParquetSalvage(source, pieces, recovery, descriptor, groups);
  } catch (error) {
    pieces.close();
    throw error;
  }
  await recoverFrames(salvage, recovery, context);
};

interface Group {
  /** Its first row in the table, and the first behind it. */
  readonly start: number;
  readonly end: number;
  /** What is wrong with its pages. */
  readonly fault: string | undefined;
}

async function openedSource(where: string, pieces: BytePieces): Promise<ParquetSource> {
  try {
    return await openParquetSource(where, pieces);
  } catch (error) {
    if (!(error instanceof MoteError) || error.exitCode !== 2) throw error;
    const what = "has no footer that can be read, and without it no row can be found: nothing was written";
    throw failure("file-cut", where, what, "Was it copied to its end? The original may be whole.", error);
  }
}

function descriptorOf({ where, notes, groupRows, columns }: ParquetSource): StreamDescriptor {
  const text = notes.get("mote.descriptor");
  const descriptor = decodeDescriptor(parseJsonObject(text ?? ""));
  if (typeof descriptor === "string" || !descriptor.detections || !columns.includes("frame")) {
    const what = "is no archive of a run: there is nothing to rewrite it from";
    throw failure("unsupported", where, what, "mote verify says whether it is whole; other programs read it as it is.");
  }
  return { ...descriptor, hasFrames: false, frameCount: groupRows.length === 0 ? 0 : null };
}

class ParquetSalvage implements Salvage {
  readonly descriptor: StreamDescriptor;
  readonly mostRows: number;
  readonly end = null;
  readonly #source: ParquetSource;
  readonly #pieces: BytePieces;
  readonly #recovery: Recovery;
  readonly #groups: Iterator<Group>;
  #values: ReadonlyMap<string, ArrayLike<unknown>> = new Map();
  #rows = 0;
  #at = 0;
  #lastFrame = -1;

  constructor(
    source: ParquetSource,
    pieces: BytePieces,
    recovery: Recovery,
    descriptor: StreamDescriptor,
    groups: readonly Group[],
  ) {
    this.#source = source;
    this.#pieces = pieces;
    this.#recovery = recovery;
    this.descriptor = descriptor;
    this.#groups = groups.values();
    this.mostRows = Math.max(0, ...groups.map(({ start, end, fault }) => (fault === undefined ? end - start : 0)));
  }

  async next(frame: Frame): Promise<boolean> {
    while (this.#at === this.#rows) {
      if (!(await this.#nextGroup())) return this.#tellEnd();
    }
    const frames = this.#values.get("frame")!;
    const first = this.#at;
    const number = Number(frames[first]);
    while (this.#at < this.#rows && Number(frames[this.#at]) === number) this.#at++;
    this.#fill(frame, number, first, this.#at - first);
    this.#lastFrame = number;
    return true;
  }

  close(): void {
    this.#pieces.close();
  }

  /** Goes on to the next row group that is whole; false behind the last. */
  async #nextGroup(): Promise<boolean> {
    for (;;) {
      const { value: group, done } = this.#groups.next() as IteratorResult<Group, undefined>;
      if (done || !group) return false;
      const fault = group.fault ?? (await this.#load(group));
      if (fault === undefined) return true;
      const range = `rows ${(group.start + 1).toLocaleString("en-US")} to ${group.end.toLocaleString("en-US")}`;
      this.#recovery.lost(`${range}: ${fault}`, null);
    }
  }

  async #load({ start, end }: Group): Promise<string | undefined> {
    try {
      this.#values = await this.#source.read(this.#source.columns, start, end - start);
    } catch (error) {
      if (!(error instanceof MoteError) || error.exitCode !== 2) throw error;
      return error.problems[0]?.what ?? "cannot be decoded";
    }
    this.#rows = end - start;
    this.#at = 0;
    return undefined;
  }

  #fill(frame: Frame, number: number, first: number, rows: number): void {
    const { shape, pixelFormat, bitDepth, detections } = this.descriptor;
    frame.header.reset(pixelFormat, shape.height, shape.width, shape.width * bytesPerPixel[pixelFormat], bitDepth);
    frame.header.frameNumber = number;
    const seconds = this.#values.get("timestamp")?.[first];
    // A second since the epoch has microseconds in a float64, not nanoseconds.
    frame.header.capturedAtNs =
      typeof seconds === "number" && seconds > 0 ? BigInt(Math.round(seconds * 1e6)) * 1000n : 0n;
    for (const [index, name] of detections!.columns.entries()) {
      const values = this.#values.get(name);
      for (let row = 0; row < rows; row++) {
        const value = values?.[first + row] ?? (name === "particle_id" ? -1 : Number.NaN);
        frame.detections[index * rows + row] = Number(value);
      }
    }
    frame.rowCount = rows;
  }

  #tellEnd(): false {
    if (this.#source.notes.get("mote.is_complete") === "true") this.#recovery.finished();
    else this.#recovery.unfinishedBehind("the table was not closed in order", this.#lastFrame + 1);
    return false;
  }
}
