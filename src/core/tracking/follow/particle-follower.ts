/**
 * Everything that happens to the detections of one frame after another, in order: watch for pixel locking and correct it,
 * link, merge the linker's flags, leave out short tracks. Memory grows with the live tracks, not with the frames.
 */
import type { Frame } from "../../memory/frame.js";
import { column } from "../../model/detection.js";
import { type JsonObject, plainJson } from "../../model/json.js";
import type { MonotonicMs } from "../../time.js";
import { createLinker, type LinkSummary } from "../link/linker.js";
import type { LinkParameters } from "../link/parameters.js";
import type { FrameShape } from "../locate/parameters.js";
import { createBiasCorrection } from "../pixel-locking/bias-correction.js";
import { createLockingDetector } from "../pixel-locking/locking-report.js";
import { crowding } from "./crowding.js";
import { createTrackLengthFilter } from "./track-length.js";

/** Plain JSON: it crosses to the stage's thread. */
export interface FollowParameters {
  readonly link: LinkParameters | null;
  readonly correctBias: boolean;
  readonly hasFlags: boolean;
  /** 1 keeps every track. */
  readonly minTrackLength: number;
  /** Columns of the table that travel. */
  readonly columns: number;
  /** By how much frame numbers go up where no frame is missing: what is linked, and remembered, goes by frames of this stream. */
  readonly numberStep: number;
}

export interface FollowContext {
  readonly shape: FrameShape;
  readonly now: () => MonotonicMs;
  warn(text: string): void;
  pass(frame: Frame): void;
}

export interface ParticleFollower {
  /** Works on a frame's table in place; true when the frame is kept back and passed on later. */
  push(frame: Frame): boolean;
  flush(): void;
  summary(): JsonObject;
}

export function createParticleFollower(params: FollowParameters, context: FollowContext): ParticleFollower {
  const locking = createLockingDetector();
  const correction = params.correctBias ? createBiasCorrection() : null;
  const linker = params.link ? createLinker(params.link, { now: context.now }) : null;
  const isFiltered = params.minTrackLength > 1 && params.link !== null;
  const placeOf = ({ header }: Frame) => Math.floor(header.frameNumber / params.numberStep);
  const lengths = isFiltered
    ? createTrackLengthFilter(params.minTrackLength, params.link?.memory ?? 0, params.columns, placeOf, context.pass)
    : null;
  let particles = 0;
  let isCrowdingJudged = false;
  let linkFlags = new Uint8Array(0);

  function link(frame: Frame, rows: number): void {
    if (!linker) return;
    if (params.hasFlags && linkFlags.length < rows) linkFlags = new Uint8Array(rows * 2);
    const values = frame.detections;
    const flags = params.hasFlags ? linkFlags : undefined;
    flags?.fill(0);
    linker.link(
      placeOf(frame),
      rows,
      values,
      column.y * rows,
      values,
      column.x * rows,
      values,
      column.particle_id * rows,
      flags,
    );
    if (!flags) return;
    const at = column.flags * rows;
    for (let row = 0; row < rows; row++) values[at + row] = values[at + row]! | flags[row]!;
  }

  function judgeCrowding(rows: number): void {
    if (isCrowdingJudged || !params.link || rows === 0) return;
    isCrowdingJudged = true;
    const crowded = crowding(rows, context.shape.height * context.shape.width, params.link.searchRange);
    if (!crowded) return;
    context.warn(
      `the search range is more than half the mean spacing of ${crowded.spacingPx.toFixed(1)} px: about ${crowded.likelySubnet} particles compete for a place, and some will be swapped; use a shorter range, a faster camera or a predictor`,
    );
  }

  return {
    push(frame) {
      const rows = Math.max(0, frame.rowCount);
      const values = frame.detections;
      judgeCrowding(rows);
      locking.add(rows, values, column.y * rows, column.x * rows);
      correction?.correct(rows, values, column.y * rows, column.x * rows);
      link(frame, rows);
      particles += rows;
      if (!lengths) return false;
      lengths.push(frame);
      return true;
    },
    flush() {
      lengths?.flush();
    },
    summary() {
      return {
        particles: lengths ? lengths.rows : particles,
        ...(linker ? linkingSummary(linker.summary(), lengths?.tracks) : {}),
        pixelLocking: plainJson(locking.report()),
        ...(correction ? { biasCorrection: plainJson(correction.summary()) } : {}),
      };
    },
  };
}

function linkingSummary(link: LinkSummary, longTracks: number | undefined): JsonObject {
  return {
    tracks: longTracks ?? link.tracks,
    ...(longTracks === undefined ? {} : { shortTracks: link.tracks - longTracks }),
    gaps: link.gaps,
    degradedFrames: link.degradedFrames,
    degradedSubnets: link.degradedSubnets,
    largestSubnet: link.largestSubnet,
  };
}
