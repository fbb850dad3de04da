/** What is true of a whole stream before its first frame; every stage receives one and describes what it passes on. */
import type { DetectionColumn } from "./detection.js";
import type { JsonObject } from "./json.js";
import { bytesPerPixel, type PixelFormat } from "./pixel-format.js";
import type { RecordedLoss } from "./recorded-loss.js";

export interface FrameShape {
  /** Rows, pixels. */
  readonly height: number;
  /** Pixels a row. */
  readonly width: number;
}

/** One program or stage that had a hand in the stream, with every option it ran with, defaults included. */
export interface Provenance {
  readonly stage: string;
  readonly version: string;
  readonly options: JsonObject;
}

export interface StreamDescriptor {
  readonly pixelFormat: PixelFormat;
  readonly shape: FrameShape;
  /** Significant bits of an integer sample, 1 to 16; 32 for float32. */
  readonly bitDepth: number;
  /** False when only detections travel (`track --no-frames`); the shape still says where they were found. */
  readonly hasFrames: boolean;
  /** Columns of the detections that follow every frame; null before anything was located. */
  readonly detections: {
    readonly columns: readonly DetectionColumn[];
    /** Rows a frame can have at most, by what was located; absent in older streams. */
    readonly mostRows?: number;
  } | null;
  /** True when particle_id is filled in by linking. */
  readonly isLinked: boolean;
  /** Edge of a pixel in the specimen, micrometres; null when unknown. */
  readonly pixelSizeUm: number | null;
  /** Nominal frames a second; null when unknown. */
  readonly rateHz: number | null;
  /** Frames to come; null when unknown. */
  readonly frameCount: number | null;
  /** True when frames that are not taken are lost (a camera); false when the source waits (a file). */
  readonly isLive: boolean;
  /** What the source says of itself: camera and its settings, or file and its metadata. */
  readonly source: JsonObject;
  /** Calibration that applies to the frames, as `calibrate` wrote it; null without one. */
  readonly calibration: JsonObject | null;
  /** What the recording that is replayed says of its own losses; absent when it says nothing, or that there were none. */
  readonly recordedLoss?: RecordedLoss;
  /** Frame numbers go up by this where nothing was lost, as after `acquire --step`; absent: 1. */
  readonly numberStep?: number;
  /** Every stage so far, the source first. */
  readonly producedBy: readonly Provenance[];
}

/** Bytes of the pixels of one frame without padding. */
export function frameBytes(descriptor: Pick<StreamDescriptor, "shape" | "pixelFormat">): number {
  return descriptor.shape.height * descriptor.shape.width * bytesPerPixel[descriptor.pixelFormat];
}
