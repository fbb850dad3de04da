/** The contract of a file of images, whatever its format: what it says of itself, and frame n into a slot. */
import type { FrameShape } from "../model/descriptor.js";
import type { FateEvent } from "../model/event.js";
import type { FrameHeader } from "../model/frame-header.js";
import type { JsonObject } from "../model/json.js";
import type { PixelArray, PixelFormat } from "../model/pixel-format.js";
import type { RecordedLoss } from "../model/recorded-loss.js";
import type { Region } from "./region.js";

/** Read from the headers alone; plain JSON, since it crosses from `look` to the plan. */
export interface ImageFileFacts {
  readonly pixelFormat: PixelFormat;
  readonly shape: FrameShape;
  /** Significant bits of a sample. */
  readonly bitDepth: number;
  readonly frameCount: number;
  /** Edge of a pixel in the specimen, micrometres; null when the file does not say so beyond doubt. */
  readonly pixelSizeUm: number | null;
  /** Frames a second; null when unknown. */
  readonly rateHz: number | null;
  /** What else the file says of itself, for the descriptor. */
  readonly metadata: JsonObject;
  /** What it says of its own losses; absent in files that say nothing of them. */
  readonly recordedLoss?: RecordedLoss;
  /** Frame numbers of a recording go up by this from frame to frame where nothing was lost; absent: 1. */
  readonly numberStep?: number;
  /** Of a file in a folder of them: name of the journal beside it that speaks of their run. */
  readonly journal?: string;
  /** Absent of a recording that is one file. */
  readonly part?: RecordingPart;
}

/** A file that is one of several of one recording. */
export interface RecordingPart {
  /** The same of all its parts: the path that the recording would have as one file. */
  readonly recording: string;
  /** Its place among them, from 0. */
  readonly index: number;
  /** What its parts have alone, whatever they are called; null where they do not say. */
  readonly row: string | null;
  /** Name of the part before it or behind it, when the recording has one that is not there. */
  readonly missingBefore: string | null;
  readonly missingBehind: string | null;
}

/** Where a frame stands in a stack, and when it was taken. */
export interface FramePlace {
  readonly channelIndex: number;
  readonly zIndex: number;
  readonly positionIndex: number;
  /** Nanoseconds since the Unix epoch, UTC; 0 when unknown. */
  readonly capturedAtNs: bigint;
  /** All that was recorded with the frame, in a recording that keeps it; valid until the next frame is read. */
  readonly recorded?: FrameHeader;
  /** The checksum that the file keeps of the frame's pixels and that was compared, where all of the frame was asked for. */
  readonly pixelsCrc32?: number;
}

export interface ImageFile {
  readonly facts: ImageFileFacts;
  /** Fills `pixels` (the region's pixels, tightly packed, little-endian) with frame `index`. */
  readFrame(index: number, pixels: PixelArray, region: Region): FramePlace | Promise<FramePlace>;
  /**
   * What the file says was lost behind its frame `after` (-1: from its begin on) and before its frame `before` (its count of
   * frames: up to its end), in order, under the file's own frame numbers. Frames asked for in order cost nothing extra.
   */
  losses?(after: number, before: number): Iterable<FateEvent>;
  close(): void;
}

export const unknownPlace: FramePlace = { channelIndex: 0, zIndex: 0, positionIndex: 0, capturedAtNs: 0n };

/** The most bytes one frame may have: what no camera reaches and a damaged header easily does. */
export const largestFrameBytes = 1 << 30;
