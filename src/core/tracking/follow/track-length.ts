/**
 * Leaves out tracks shorter than a length, while frames go by: a frame waits until every track in it has either reached
 * the length or ended, so at most (length - 1) * (memory + 1) frames wait (trackpy's `filter_stubs`, online).
 */
import type { Frame } from "../../memory/frame.js";
import { column } from "../../model/detection.js";
import { keepRows } from "../find/table.js";

interface TrackState {
  length: number;
  lastFrame: number;
}

export interface TrackLengthFilter {
  /** Takes a linked frame; passes on every frame that can be decided now, in order, without its short tracks. */
  push(frame: Frame): void;
  /** No more frames: what is short now stays short. */
  flush(): void;
  /** Tracks long enough so far, and their rows passed on. */
  readonly tracks: number;
  readonly rows: number;
}

/** Frames that can wait at the same time, the newest included. */
export function mostHeldFrames(minLength: number, memory: number): number {
  return (minLength - 1) * (memory + 1) + 1;
}

/** `placeOf`: where a frame stands in its stream, one on from the frame before where none is missing. */
export function createTrackLengthFilter(
  minLength: number,
  memory: number,
  columns: number,
  placeOf: (frame: Frame) => number,
  pass: (frame: Frame) => void,
): TrackLengthFilter {
  const live = new Map<number, TrackState>();
  const waiting: Frame[] = [];
  let tracks = 0;
  let rows = 0;
  let keep = new Uint8Array(256);

  /** Whether all tracks of the frame are decided at frame `now`; `keep` then says which stay. */
  function isDecided(frame: Frame, now: number): boolean {
    const count = Math.max(0, frame.rowCount);
    if (keep.length < count) keep = new Uint8Array(count * 2);
    for (let row = 0; row < count; row++) {
      const track = live.get(frame.detections[column.particle_id * count + row]!);
      const isLong = track !== undefined && track.length >= minLength;
      if (!isLong && track !== undefined && now - track.lastFrame <= memory) return false;
      keep[row] = isLong ? 1 : 0;
    }
    return true;
  }

  function release(frame: Frame): void {
    const count = Math.max(0, frame.rowCount);
    const kept = keepRows(frame.detections, count, columns, keep);
    if (frame.rowCount >= 0) frame.rowCount = kept;
    rows += kept;
    pass(frame);
  }

  /** Tracks that ended before the oldest waiting frame are asked for no more. */
  function forget(oldest: number): void {
    for (const [id, track] of live) if (track.lastFrame < oldest && track.lastFrame < oldest - memory) live.delete(id);
  }

  return {
    push(frame) {
      const now = placeOf(frame);
      const count = Math.max(0, frame.rowCount);
      for (let row = 0; row < count; row++) {
        const id = frame.detections[column.particle_id * count + row]!;
        if (id < 0) continue;
        const track = live.get(id);
        if (track) {
          track.length++;
          track.lastFrame = now;
          if (track.length === minLength) tracks++;
        } else live.set(id, { length: 1, lastFrame: now });
      }
      waiting.push(frame);
      while (waiting.length > 0 && isDecided(waiting[0]!, now)) release(waiting.shift()!);
      if (now % 64 === 0) forget(waiting[0] ? placeOf(waiting[0]) : now);
    },
    flush() {
      while (waiting.length > 0) {
        isDecided(waiting[0]!, Number.POSITIVE_INFINITY);
        release(waiting.shift()!);
      }
    },
    get tracks() {
      return tracks;
    },
    get rows() {
      return rows;
    },
  };
}
