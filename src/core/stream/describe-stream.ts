/** What a frame stream holds: read once from its first message to its last, one frame in memory at a time. */
import { MoteError } from "../errors.js";
import { Frame } from "../memory/frame.js";
import { type SlotGeometry, slotLayout } from "../memory/slot-layout.js";
import { frameBytes, type StreamDescriptor } from "../model/descriptor.js";
import { column, slotColumns } from "../model/detection.js";
import type { StreamEvent } from "../model/event.js";
import { type JsonObject, plainJson } from "../model/json.js";
import type { EndOfStream } from "../model/run-report.js";
import type { ByteSource } from "./byte-pipe.js";
import { createStreamReader, readDescriptor } from "./stream-reader.js";

export interface StreamSummary {
  readonly descriptor: StreamDescriptor;
  readonly frames: number;
  readonly firstFrame: number | null;
  readonly lastFrame: number | null;
  /** Frame numbers that are missing between the first and the last. */
  readonly missingFrames: number;
  /** Frames a second by the capture times, or null without them. */
  readonly measuredRateHz: number | null;
  /** Frames of which only the detections are there; they are not among `frames`. */
  readonly framesWithoutPixels: number;
  readonly detections: number;
  readonly tracks: number | null;
  readonly events: readonly StreamEvent[];
  readonly eventCount: number;
  readonly end: EndOfStream | null;
  /** Why the stream is not whole, or null. */
  readonly fault: string | null;
  readonly bytes: number;
}

/** Room for the detections of any frame up to this many rows; more is told as a fault. */
const rowsForInspection = 1_000_000;
const keptEvents = 100;
const maxPayloadBytes = 2 ** 30;

/** Called with every frame; the same object each time. Returning false ends the reading. */
export type FrameVisitor = (frame: Frame) => boolean;

export function describeStream(source: ByteSource, visit: FrameVisitor = () => true): StreamSummary {
  const descriptor = readDescriptor(source);
  const geometry: SlotGeometry = {
    pixelFormat: descriptor.pixelFormat,
    pixelBytes: descriptor.hasFrames ? frameBytes(descriptor) : 0,
    detectionRows: descriptor.detections ? rowsForInspection : 0,
    detectionColumns: slotColumns,
  };
  const frame = new Frame(new ArrayBuffer(slotLayout(geometry).slotBytes), 0, 0, geometry);
  const events: StreamEvent[] = [];
  let eventCount = 0;
  let frames = 0;
  let firstFrame = -1;
  let lastFrame = -1;
  let missingFrames = 0;
  let firstNs = 0n;
  let lastNs = 0n;
  let detections = 0;
  const tracks = new Set<number>();
  let fault: string | null = null;
  let end: EndOfStream | undefined;
  let framesWithoutPixels = 0;

  function countDetections(): void {
    const rows = Math.max(0, frame.rowCount);
    detections += rows;
    for (let row = 0; row < rows; row++) {
      const id = frame.detections[column.particle_id * rows + row]!;
      if (id >= 0) tracks.add(id);
    }
  }

  try {
    const reader = createStreamReader(source, descriptor, {
      maxPayloadBytes,
      shouldStop: () => false,
      onEvent(event) {
        eventCount++;
        if (events.length < keptEvents) events.push(event);
      },
      onDetectionsAlone() {
        framesWithoutPixels++;
        countDetections();
      },
    });
    for (;;) {
      frame.rowCount = -1;
      const outcome = reader.next(frame);
      if (outcome !== "frame") {
        end = reader.end;
        if (outcome === "cut") fault = frames === 0 ? "cut before its first frame" : `cut after frame ${lastFrame}`;
        break;
      }
      const number = frame.header.frameNumber;
      if (frames === 0) {
        firstFrame = number;
        firstNs = frame.header.capturedAtNs;
      } else missingFrames += Math.max(0, number - lastFrame - 1);
      frames++;
      lastFrame = number;
      lastNs = frame.header.capturedAtNs;
      countDetections();
      if (!visit(frame)) break;
    }
  } catch (error) {
    if (!(error instanceof MoteError)) throw error;
    fault = error.message;
  }
  const seconds = Number(lastNs - firstNs) / 1e9;
  return {
    descriptor,
    frames,
    firstFrame: frames > 0 ? firstFrame : null,
    lastFrame: frames > 0 ? lastFrame : null,
    missingFrames,
    measuredRateHz: firstNs !== 0n && seconds > 0 ? (lastFrame - firstFrame) / seconds : null,
    framesWithoutPixels,
    detections,
    tracks: descriptor.isLinked ? tracks.size : null,
    events,
    eventCount,
    end: end ?? null,
    fault,
    bytes: source.position,
  };
}

/** The summary as plain JSON. */
export function streamSummaryJson(summary: StreamSummary): JsonObject {
  return plainJson(summary);
}
