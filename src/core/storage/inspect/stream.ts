/** A frame stream, in a file or on stdin ("-"). */
import { closeSync } from "node:fs";
import type { DrawnPoint, FrameDrawing } from "../../imaging/draw/draw-frame.js";
import type { Frame } from "../../memory/frame.js";
import { column } from "../../model/detection.js";
import type { StreamEvent } from "../../model/event.js";
import { isFateEvent } from "../../model/event-check.js";
import { lossOfEnd } from "../../model/recorded-loss.js";
import { openByteSource } from "../../stream/byte-pipe.js";
import { describeStream, type StreamSummary } from "../../stream/describe-stream.js";
import { formatBytes, formatCount } from "../../units.js";
import { openFile } from "../bounded-file.js";
import { type Ending, endingByLoss } from "./ending.js";
import { type Inspector, type Line, noSuchFrame } from "./inspection.js";
import { gaps, range, rate, settings, whole } from "./lines.js";

/** Frames before the one drawn whose positions become tails. */
const tailFrames = 20;

export const streamInspector: Inspector = {
  async inspect(path) {
    const { source, close } = openStream(path);
    try {
      const facts = describeStream(source);
      return { kind: "stream", facts, ending: endingOfStream(facts), lines: (ending) => streamLines(facts, ending) };
    } finally {
      close();
    }
  },
  draw: async (path, frameNumber) => streamFrame(path, frameNumber),
};

function openStream(path: string) {
  if (path === "-") return { source: openByteSource("stdin", 0, 0, false), close: () => {} };
  const fd = openFile(path);
  return { source: openByteSource(path, fd, 0, true), close: () => closeSync(fd) };
}

function endingOfStream({ fault, end }: StreamSummary): Ending {
  if (fault !== null) return { state: "cut", why: fault };
  return endingByLoss(end && { ...lossOfEnd(end), ...(end.notStored && { notStored: end.notStored }) });
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
    ["events", s.eventCount === 0 ? null : eventLines(s)],
    ["made by", d.producedBy.map((step) => step.stage).join(" → ")],
    ...d.producedBy.map((step): Line => ["", settings(step.options, `${step.stage}: `)]),
    ["ledger", s.end ? (s.end.lost === 0 ? "nothing lost" : `${formatCount(s.end.lost, "frame")} lost`) : null],
    ["size", formatBytes(s.bytes)],
    ["whole", whole(ending)],
  ];
}

const shownEvents = 5;

/** The first of them, and how many more there are; the files a stream was read from in one line. */
function eventLines({ events, eventCount }: StreamSummary): string[] {
  const files = events.flatMap((event) => (event.event === "source" ? [event.file] : []));
  const others = events.filter((event) => event.event !== "source").slice(0, shownEvents);
  const more = eventCount - files.length - others.length;
  const range = files.length > 1 ? `${files[0]} to ${files.at(-1)} (${files.length} files)` : files[0];
  return [
    ...(range === undefined ? [] : [`read from ${range}`]),
    ...others.map(eventText),
    ...(more > 0 ? [`and ${more.toLocaleString("en-US")} more`] : []),
  ];
}

/** "drop at link: 3 frames from 12 on (link full)", "before frame 87: laser on (2026-11-28T00:17:44.354Z)" */
function eventText(event: StreamEvent): string {
  if (event.event === "source") return event.file;
  if (isFateEvent(event)) {
    const where = event.event === "drop" ? ` at ${event.stage}` : "";
    return `${event.event}${where}: ${formatCount(event.count, "frame")} from ${event.firstFrame} on (${event.reason})`;
  }
  // A later Mote may know other events.
  if (event.event !== "note") return String((event as { event: unknown }).event);
  const { text, at, frame } = event;
  const place = typeof frame === "number" ? `before frame ${frame}: ` : frame === null ? "behind the last frame: " : "";
  return `${place}${text}${typeof at === "string" ? ` (${at})` : ""}`;
}

function streamFrame(path: string, frameNumber: number): FrameDrawing {
  const { source, close } = openStream(path);
  const points: DrawnPoint[] = [];
  let found: FrameDrawing["pixels"] | undefined;
  try {
    const summary = describeStream(source, (frame) => {
      const number = frame.header.frameNumber;
      if (number > frameNumber) return false;
      if (number >= frameNumber - tailFrames) points.push(...pointsOf(frame));
      if (number === frameNumber) found = frame.pixels.slice();
      return number < frameNumber;
    });
    if (!found || !summary.descriptor.hasFrames) throw noSuchFrame(path, frameNumber, summary.lastFrame);
    const { shape, pixelSizeUm } = summary.descriptor;
    return {
      pixels: found,
      shape,
      frameNumber,
      points,
      diameterPx: diameterOf(summary.descriptor),
      pixelSizeUm,
      stretch: null,
    };
  } finally {
    close();
  }
}

/** The diameter the particles were located with, along x. */
function diameterOf(descriptor: StreamSummary["descriptor"]): number | null {
  const found = descriptor.producedBy.find((step) => step.options.diameter !== undefined)?.options.diameter;
  return (found as { x?: number } | undefined)?.x ?? null;
}

function pointsOf(frame: Frame): DrawnPoint[] {
  const rows = Math.max(0, frame.rowCount);
  return Array.from({ length: rows }, (_, row) => ({
    frame: frame.header.frameNumber,
    particleId: frame.detections[column.particle_id * rows + row]!,
    x: frame.detections[column.x * rows + row]!,
    y: frame.detections[column.y * rows + row]!,
  }));
}
