/**
 * A run as bluesky's documents (event-model 1.x: start, descriptor, event, stop), each `{"name": ..., "doc": ...}` as its
 * JSONWriter has them. Pure, from frames to JSON. Numbers are the shortest text of the float64; NaN is null.
 *
 * The stream "primary" has an event a frame: `frame`, `timestamp` (seconds since the Unix epoch, null when unknown) and
 * an array for each column, all of one length. The stream "events" has what happened between frames, where it happened.
 */
import type { Frame } from "../../../memory/frame.js";
import type { StreamDescriptor } from "../../../model/descriptor.js";
import { column, type DetectionColumn } from "../../../model/detection.js";
import type { StreamEvent } from "../../../model/event.js";
import { lossOfEnd } from "../../../model/recorded-loss.js";
import type { EndOfStream } from "../../../model/run-report.js";
import { isOfFrame, type TrackColumn, timestampSeconds, trackTableOf } from "../../columns/track-table.js";

/** Where uids and the time of writing come from, seconds since the Unix epoch. */
export interface DocumentSource {
  uid(): string;
  now(): number;
}

export class RunDocuments {
  readonly #source: DocumentSource;
  /** Those of which a frame has one value, and those of which it has one for each detection. */
  readonly #single: readonly TrackColumn[];
  readonly #arrays: readonly TrackColumn[];
  readonly #descriptor: StreamDescriptor;
  readonly #run: string;
  readonly #primary: string;
  readonly #events: string;
  #frames = 0;
  #eventCount = 0;

  constructor(descriptor: StreamDescriptor, source: DocumentSource) {
    this.#source = source;
    this.#descriptor = descriptor;
    const columns = trackTableOf(descriptor.detections?.columns);
    this.#single = columns.filter(({ name }) => isOfFrame(name));
    this.#arrays = columns.filter(({ name }) => !isOfFrame(name));
    this.#run = source.uid();
    this.#primary = source.uid();
    this.#events = source.uid();
  }

  /** The lines before the first frame: start, and the descriptors of both streams. */
  opening(): string {
    const time = this.#source.now();
    const { producedBy, pixelSizeUm, shape, source } = this.#descriptor;
    const start = { uid: this.#run, time, producedBy, pixelSizeUm, shape, source, isLinked: this.#descriptor.isLinked };
    const by = producedBy.at(-1)?.stage ?? "mote";
    const key = ({ name, unit }: TrackColumn, dtype: string, extents: readonly null[]) =>
      [name, { source: by, dtype, shape: extents, ...(unit !== null && { units: unit }) }] as const;
    const keys = Object.fromEntries([
      ...this.#single.map((column) => key(column, column.type === "int64" ? "integer" : "number", [])),
      ...this.#arrays.map((column) => key(column, "array", [null])),
    ]);
    const text = { source: "mote", dtype: "string", shape: [] };
    const count = { source: "mote", dtype: "integer", shape: [] };
    const between = { event: text, first_frame: count, count, stage: text, reason: text, details: text };
    const describe = (uid: string, name: string, data_keys: object) =>
      line("descriptor", { uid, run_start: this.#run, time, name, data_keys });
    return line("start", start) + describe(this.#primary, "primary", keys) + describe(this.#events, "events", between);
  }

  /** The line of a frame and its detections; a frame in which nothing was found has empty arrays. */
  frame(frame: Frame): string {
    const rows = Math.max(0, frame.rowCount);
    const stamp = timestampSeconds(frame.header.capturedAtNs);
    const time = Number.isNaN(stamp) ? this.#source.now() : stamp;
    const data: Record<string, unknown> = { frame: frame.header.frameNumber, timestamp: stamp };
    for (const { name, isNullable } of this.#arrays) {
      const at = column[name as DetectionColumn] * rows;
      const values = Array.from(frame.detections.subarray(at, at + rows));
      data[name] = isNullable ? values.map((value) => (value >= 0 ? value : null)) : values;
    }
    return this.#event(this.#primary, ++this.#frames, time, data);
  }

  /** The line of what happened between two frames; what it does not have is null, what has no column is JSON in `details`. */
  between(event: StreamEvent): string {
    const { event: kind, firstFrame, count, stage, reason, ...rest } = event as Record<string, unknown>;
    const details = Object.keys(rest).length > 0 ? JSON.stringify(rest) : null;
    const known = { first_frame: firstFrame ?? null, count: count ?? null, stage: stage ?? null };
    const data = { event: kind, ...known, reason: reason ?? null, details };
    return this.#event(this.#events, ++this.#eventCount, this.#source.now(), data);
  }

  /** Takes back what a line that could not be written has counted. */
  takeBack(line: "frame" | "between"): void {
    if (line === "frame") this.#frames--;
    else this.#eventCount--;
  }

  /** The last line: how the run ended, "success", "abort" when it was ended early or the disk refused frames, "fail" when it failed. */
  closing(end: EndOfStream | null): string {
    const reason = !end
      ? "the run failed"
      : end.notStored
        ? `the disk refused ${end.notStored} frames`
        : lossOfEnd(end).isCut
          ? "what was recorded had been cut: what followed the last frame is unknown"
          : end.isComplete
            ? ""
            : "the run was ended before its source was exhausted";
    return line("stop", {
      uid: this.#source.uid(),
      run_start: this.#run,
      time: this.#source.now(),
      exit_status: end === null ? "fail" : end.isComplete ? "success" : "abort",
      reason,
      num_events: { primary: this.#frames, events: this.#eventCount },
      lost: end?.lost ?? null,
    });
  }

  #event(descriptor: string, sequence: number, time: number, data: Record<string, unknown>): string {
    const timestamps = Object.fromEntries(Object.keys(data).map((key) => [key, time]));
    return line("event", { uid: this.#source.uid(), descriptor, seq_num: sequence, time, data, timestamps });
  }
}

/** JSON writes NaN and infinities as null by itself. */
function line(name: string, doc: object): string {
  return `${JSON.stringify({ name, doc })}\n`;
}
