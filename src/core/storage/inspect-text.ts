/** The facts of a file as a few aligned lines for people. */

import type { ImageFileFacts } from "../imaging/image-file.js";
import type { StreamEvent } from "../model/event.js";
import type { JsonObject, JsonValue } from "../model/json.js";
import { oneLine } from "../printable.js";
import type { StreamSummary } from "../stream/describe-stream.js";
import { formatBytes, formatCount } from "../units.js";
import type { H5Description } from "./formats/h5/describe.js";
import type { ZarrDescription } from "./formats/zarr/describe.js";
import type { Ending } from "./inspect-ending.js";
import type { FileDescription } from "./inspect-file.js";
import type { TableDescription } from "./table/describe.js";

/** Several texts stand below each other. */
type Line = readonly [label: string, text: string | readonly string[] | null];

export function inspectText(path: string, description: FileDescription, ending: Ending): string {
  const lines = linesOf(description, ending).flatMap(([label, text]) => (text === null ? [] : [lineText(label, text)]));
  return [path === "-" ? "stdin" : oneLine(path), ...lines].join("\n");
}

/** All of it may come from a file of anybody. */
function lineText(label: string, text: string | readonly string[]): string {
  const parts = typeof text === "string" ? [text] : text;
  return `  ${oneLine(label, 40).padEnd(12)}${parts.map((part) => oneLine(part)).join("\n              ")}`;
}

function linesOf(description: FileDescription, ending: Ending): readonly Line[] {
  switch (description.kind) {
    case "stream":
      return streamLines(description.facts, ending);
    case "hdf5":
      return h5Lines(description.facts, ending);
    case "zarr":
      return zarrLines(description.facts, ending);
    case "table":
      return tableLines(description.facts, ending);
    case "images":
      return imageLines(description.facts, ending);
  }
}

function streamLines(s: StreamSummary, ending: Ending): readonly Line[] {
  const { descriptor: d } = s;
  return [
    ["kind", "frame stream (.mote)"],
    [
      "frames",
      `${formatCount(s.frames, "frame")}${range(s.firstFrame, s.lastFrame)}${d.hasFrames ? "" : ", detections only"}`,
    ],
    ["shape", `${d.shape.width}x${d.shape.height} ${d.pixelFormat}, ${d.bitDepth} bit`],
    ["pixel size", d.pixelSizeUm === null ? null : `${d.pixelSizeUm} um`],
    ["rate", rate(s.measuredRateHz ?? d.rateHz)],
    ["gaps", gaps(s.missingFrames)],
    [
      "detections",
      d.detections
        ? `${formatCount(s.detections, "detection")}${s.tracks === null ? ", not linked" : ` in ${formatCount(s.tracks, "track")}`}${s.framesWithoutPixels > 0 ? `; those of ${formatCount(s.framesWithoutPixels, "frame")} have no pixels` : ""}`
        : null,
    ],
    ["events", s.eventCount === 0 ? null : eventLines(s.events)],
    ["made by", d.producedBy.map((step) => step.stage).join(" → ")],
    ...d.producedBy.map((step): Line => ["", `${step.stage}: ${settings(step.options)}`]),
    ["ledger", s.end ? (s.end.lost === 0 ? "nothing lost" : `${formatCount(s.end.lost, "frame")} lost`) : null],
    ["size", formatBytes(s.bytes)],
    ["whole", whole(ending)],
  ];
}

function h5Lines(h: H5Description, ending: Ending): readonly Line[] {
  const f = h.frames;
  const tracking = h.metadata.tracking_config as JsonObject | null | undefined;
  const ledger = h.ledger
    ? Object.entries(h.ledger)
        .map(([fate, count]) => `${fate} ${count}`)
        .join(", ")
    : null;
  return [
    ["kind", "HDF5"],
    ["frames", f ? `${formatCount(f.count, "frame")}${range(f.firstFrame, f.lastFrame)}` : "none"],
    [
      "shape",
      f
        ? `${f.shape.width}x${f.shape.height} ${f.pixelFormat ?? "of a type Mote does not know"}, filter ${f.filter}`
        : null,
    ],
    ["pixel size", f?.pixelSizeUm == null ? null : `${f.pixelSizeUm} um`],
    ["rate", rate(f?.rateHz ?? null)],
    ["gaps", f ? gaps(f.missing) : null],
    [
      "detections",
      h.detections
        ? `${formatCount(h.detections.rows, "detection")} in ${formatCount(h.detections.tracks, "track")}`
        : "none",
    ],
    ["tracking", tracking ? settings(tracking) : null],
    ["ledger", ledger],
    ["closed", h.isComplete === null ? "not written by Mote" : closed(h.isComplete)],
    ["whole", notWhole(ending)],
    ...(f || h.detections
      ? []
      : h.datasets.map((set): Line => ["", `${set.path} (${set.shape.join(", ")}) ${set.type}`])),
  ];
}

function zarrLines(z: ZarrDescription, ending: Ending): readonly Line[] {
  const kind = z.omeVersion === null ? `Zarr ${z.zarrVersion}` : `OME-Zarr ${z.omeVersion} (Zarr ${z.zarrVersion})`;
  const { tracks, ledger } = z.tables;
  return [
    ["kind", `${kind}, axes ${z.axes.map((name) => name ?? "?").join(",")}`],
    ["frames", formatCount(z.frameCount, "frame")],
    ["shape", `${z.shape.width}x${z.shape.height} ${z.pixelFormat}, ${z.bitDepth} bit`],
    [
      "chunks",
      `${z.chunkShape.join(" x ")}, ${z.codecs.filter((name) => name !== "bytes").join(", ") || "not compressed"}`,
    ],
    ["shards", z.shardShape?.join(" x ") ?? null],
    [
      "levels",
      z.levels.length < 2 ? null : z.levels.map(({ path, shape }) => `${path} (${shape.join(", ")})`).join(", "),
    ],
    ["pixel size", z.pixelSizeUm === null ? null : `${z.pixelSizeUm} um`],
    ["rate", rate(z.rateHz)],
    ["detections", tracks === undefined ? null : formatCount(tracks, "detection")],
    ["ledger", ledger === undefined ? null : formatCount(ledger, "row")],
    [
      "closed",
      z.isComplete === null ? "not written by Mote" : z.isComplete ? "in order" : "no: the run was cut, or goes on",
    ],
    ["lost", z.lostFrames > 0 ? lostWords(z.lostFrames) : null],
    ["whole", notWhole(ending)],
  ];
}

function tableLines(t: TableDescription, ending: Ending): readonly Line[] {
  return [
    ["kind", t.format === "csv" ? "table" : `table, ${t.format === "parquet" ? "Parquet" : "NDJSON documents"}`],
    ["columns", t.columns.join(", ")],
    ["rows", formatCount(t.rows, "row")],
    ["frames", `${formatCount(t.frames, "frame")}${range(t.firstFrame, t.lastFrame)}`],
    ["tracks", t.tracks === null ? null : formatCount(t.tracks, "track")],
    ["pixel size", t.run?.pixelSizeUm == null ? null : `${t.run.pixelSizeUm} um`],
    ["events", t.run?.events ? formatCount(t.run.events, "event") : null],
    ["made by", t.run?.madeBy.length ? t.run.madeBy.join(" → ") : null],
    ["closed", t.run ? closed(t.run.isClosed) : null],
    ["lost", t.run?.recordedLoss?.lost ? lostWords(t.run.recordedLoss.lost) : null],
    ["whole", whole(ending)],
  ];
}

function imageLines(i: ImageFileFacts, ending: Ending): readonly Line[] {
  return [
    ["kind", "images"],
    ["frames", formatCount(i.frameCount, "frame")],
    ["shape", `${i.shape.width}x${i.shape.height} ${i.pixelFormat}, ${i.bitDepth} bit`],
    ["pixel size", i.pixelSizeUm === null ? null : `${i.pixelSizeUm} um`],
    ["rate", rate(i.rateHz)],
    ["lost", i.recordedLoss?.lost ? lostWords(i.recordedLoss.lost) : null],
    ["whole", notWhole(ending)],
    ...Object.entries(i.metadata).map(([name, value]): Line => [name, plain(value)]),
  ];
}

/** Only what was looked at: whether the pixels and values are those that were written is for mote verify to say. */
function whole({ state, why }: Ending): string {
  if (state === "cut") return `no: ${why}`;
  if (state === "unknown") return `not known: ${why}; readable to its end`;
  return why === null ? "yes" : `yes, ${why}`;
}

/** The same of a file of which not all was read: only what its end says is told. */
function notWhole(ending: Ending): string | null {
  return ending.state === "unknown" || ending.why === null ? null : whole(ending);
}

function lostWords(frames: number): string {
  return `${formatCount(frames, "frame")} while recording, as it says`;
}

function closed(isInOrder: boolean): string {
  return isInOrder ? "in order" : "no: the run was cut; what is here was flushed";
}

function range(first: number | null, last: number | null): string {
  return first === null || last === null ? "" : `, numbered ${first} to ${last}`;
}

function rate(hz: number | null): string | null {
  return hz === null ? null : `${Number(hz.toPrecision(4))} frames a second`;
}

function gaps(missing: number): string {
  return missing === 0 ? "none" : `${formatCount(missing, "frame number")} missing`;
}

function settings(options: JsonObject): string {
  return Object.entries(options)
    .filter(([, value]) => !(Array.isArray(value) && value.length === 0))
    .map(([name, value]) => `${name} ${plain(value)}`)
    .join(", ");
}

/** A value in a line of text; a long one is cut. */
function plain(value: JsonValue): string {
  const pair = value as { y?: number; x?: number } | null;
  if (
    pair &&
    typeof pair === "object" &&
    typeof pair.y === "number" &&
    typeof pair.x === "number" &&
    Object.keys(pair).length === 2
  ) {
    return pair.y === pair.x ? String(pair.y) : `${pair.y},${pair.x}`;
  }
  const text = typeof value === "string" ? value : JSON.stringify(value);
  const line = text.replace(/\s+/g, " ");
  return line.length > 100 ? `${line.slice(0, 97)}...` : line;
}

/** The first of them; the files a stream was read from in one line. */
function eventLines(events: readonly StreamEvent[]): string[] {
  const files = events.flatMap((event) => (event.event === "source" ? [event.file] : []));
  const others = events.filter((event) => event.event !== "source").slice(0, 5);
  const range = files.length > 1 ? `${files[0]} to ${files.at(-1)} (${files.length} files)` : files[0];
  return [...(range === undefined ? [] : [`read from ${range}`]), ...others.map((event) => JSON.stringify(event))];
}
