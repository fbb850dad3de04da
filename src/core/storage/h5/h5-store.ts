/** HDF5 archive: one file, or a row of them, each whole on its own and no larger than was asked for. */
import { basename } from "node:path";
import type { Frame } from "../../memory/frame.js";
import { frameBytes } from "../../model/descriptor.js";
import type { EndOfStream } from "../../model/run-report.js";
import { type Lock, takeLock } from "../claim/lock.js";
import { type FrameStore, nameOf, type StoreRequest } from "../frame-store.js";
import { defaultHdf5, type Hdf5Settings } from "./h5-options.js";
import { H5Segment } from "./h5-segment.js";
import { loadHdf5 } from "./library.js";
import { segmentPath } from "./segment-names.js";

/** Bytes of a detection in all columns, and their share of the index. */
const trackRowBytes = 100;

export async function openH5Store(request: StoreRequest): Promise<FrameStore> {
  const { path, where, descriptor } = request;
  const name = nameOf(request);
  const settings: Hdf5Settings = request.settings?.hdf5 ?? defaultHdf5;
  const { split } = settings;
  const library = await loadHdf5();
  /** What a frame without its detections can add to a file at most. */
  const mostGrowth = (descriptor.hasFrames ? frameBytes(descriptor) * 1.01 : 0) + 100_000;
  const files: string[] = [];
  /** Of each file of a row that is open: another run may have been asked for that very name. */
  const locks = new Map<H5Segment, Lock>();
  let framesBefore = 0;
  let rowsBefore = 0;
  let stored = 0;
  let current = open(0);
  /** Made for the frame at hand, before the current file is closed with its name. */
  let next: H5Segment | undefined;

  function open(index: number): H5Segment {
    const own = split ? segmentPath(path, index) : path;
    const place = split ? { index, previous: index === 0 ? "" : basename(segmentPath(name, index - 1)) } : null;
    const lock = split ? takeLock(`${where}, ${basename(own)}`, own, "archive") : undefined;
    const segment = new H5Segment(library, {
      path: own,
      where: split ? `${where}, ${basename(own)}` : where,
      descriptor,
      settings,
      place,
    });
    files.push(own);
    if (lock) locks.set(segment, lock);
    return segment;
  }

  function drop(segment: H5Segment): void {
    segment.remove();
    locks.get(segment)?.release();
    files.pop();
  }

  function isFull(frame: Frame): boolean {
    if (!split || stored === 0) return false;
    if ("frames" in split) return stored >= split.frames;
    return current.bytes + mostGrowth + Math.max(0, frame.rowCount) * trackRowBytes > split.bytes;
  }

  /** Closes the file that is full; each step may fail and be tried again with the same frame. */
  function turnOver(): void {
    next ??= open(files.length);
    const metrics = { framesStored: current.frames, detectionsStored: current.rows };
    current.finish(metrics, { next: basename(segmentPath(name, files.length - 1)), isWhole: true });
    locks.get(current)?.release();
    framesBefore += current.frames;
    rowsBefore += current.rows;
    stored = 0;
    current = next;
    next = undefined;
  }

  function append(frame: Frame, keepsPixels: boolean): void {
    if (next || isFull(frame)) turnOver();
    current.append(frame, keepsPixels);
    stored++;
  }

  return {
    get frames() {
      return framesBefore + current.frames;
    },
    get rows() {
      return rowsBefore + current.rows;
    },
    ...(split ? { parts: files } : {}),
    append: (frame) => append(frame, true),
    ...(descriptor.detections && descriptor.hasFrames
      ? { appendDetections: (frame: Frame) => append(frame, false) }
      : {}),
    event: (event) => current.event(event),
    close(end: EndOfStream | null) {
      if (next) {
        drop(next);
      }
      if (end === null && current.isEmpty) {
        drop(current);
        return;
      }
      const own = { framesStored: current.frames, detectionsStored: current.rows };
      const metrics = { ...own, ...((end as object | null) ?? { isComplete: false }) };
      try {
        current.finish(metrics, { next: null, isWhole: end !== null && !end.notStored });
        locks.get(current)?.release();
      } catch (error) {
        current.leave();
        locks.get(current)?.leave();
        // After a failure there is one to tell already, and the file is as its last frame left it.
        if (end !== null) throw error;
      }
    },
  };
}
