/** HDF5 archive: one file, or a row of them, each whole on its own and no larger than was asked for. */
import { randomBytes } from "node:crypto";
import { basename } from "node:path";
import type { Frame } from "../../../memory/frame.js";
import { frameBytes } from "../../../model/descriptor.js";
import type { EndOfStream } from "../../../model/run-report.js";
import { type Lock, takeLock } from "../../claim/lock.js";
import { partPath } from "../../claim/row-names.js";
import { type FrameStore, nameOf, type StoreRequest } from "../../frame-store.js";
import { defaultHdf5, type Hdf5Settings } from "./h5-options.js";
import { H5Segment } from "./h5-segment.js";
import { loadHdf5 } from "./library.js";

/** A file that is open; of a row of them also its lock: another run may have been asked for that very name. */
interface OpenSegment {
  readonly segment: H5Segment;
  readonly lock: Lock | undefined;
}

/** Bytes of a detection in all columns, and their share of the index. */
const trackRowBytes = 100;

export async function openH5Store(request: StoreRequest): Promise<FrameStore> {
  const { path, where, descriptor, isSynced = false } = request;
  const name = nameOf(request);
  const settings = (request.settings?.hdf5 as Hdf5Settings | undefined) ?? defaultHdf5;
  const { split } = settings;
  const library = await loadHdf5();
  /** What a frame without its detections can add to a file at most. */
  const mostGrowth = (descriptor.hasFrames ? frameBytes(descriptor) * 1.01 : 0) + 100_000;
  library.expectFile(mostGrowth);
  const files: string[] = [];
  const row = randomBytes(8).toString("hex");
  let framesBefore = 0;
  let rowsBefore = 0;
  let stored = 0;
  let current = open(0);
  /** Made for the frame at hand, before the current file is closed with its name. */
  let next: OpenSegment | undefined;

  function open(index: number): OpenSegment {
    const own = split ? partPath(path, index) : path;
    const place = split ? { index, row, previous: index === 0 ? "" : basename(partPath(name, index - 1)) } : null;
    const ownWhere = split ? `${where}, ${basename(own)}` : where;
    const lock = split ? takeLock(ownWhere, own, "archive") : undefined;
    try {
      const segment = new H5Segment(library, { path: own, where: ownWhere, descriptor, settings, isSynced, place });
      files.push(own);
      return { segment, lock };
    } catch (error) {
      // There is no file to be locked, and the next try takes the lock again.
      lock?.release();
      throw error;
    }
  }

  function drop({ segment, lock }: OpenSegment): void {
    try {
      segment.remove();
      files.pop();
    } finally {
      lock?.release();
    }
  }

  /** Whether the current file of a row has room for these frames; the first one of a file always has. */
  function hasRoom(frames: readonly Frame[]): boolean {
    if (!split || (stored === 0 && frames.length === 1)) return true;
    if ("frames" in split) return stored + frames.length <= split.frames;
    const rows = frames.reduce((sum, { rowCount }) => sum + Math.max(0, rowCount), 0);
    return current.segment.bytes + frames.length * mostGrowth + rows * trackRowBytes <= split.bytes;
  }

  /** Closes the file that is full; each step may fail and be tried again with the same frame. */
  function turnOver(): void {
    next ??= open(files.length);
    const { segment, lock } = current;
    const metrics = { framesStored: segment.frames, detectionsStored: segment.rows };
    segment.finish(metrics, { next: basename(partPath(name, files.length - 1)), isWhole: true });
    lock?.release();
    framesBefore += segment.frames;
    rowsBefore += segment.rows;
    stored = 0;
    current = next;
    next = undefined;
  }

  function append(frame: Frame, keepsPixels: boolean): void {
    if (next || !hasRoom([frame])) turnOver();
    current.segment.append(frame, keepsPixels);
    stored++;
  }

  /** One by one where they go into two files. */
  function appendTogether(frames: readonly Frame[]): boolean {
    if (next || !hasRoom(frames) || !current.segment.appendTogether(frames)) return false;
    stored += frames.length;
    return true;
  }

  return {
    get frames() {
      return framesBefore + current.segment.frames;
    },
    get rows() {
      return rowsBefore + current.segment.rows;
    },
    ...(split ? { parts: files } : {}),
    append: (frame) => append(frame, true),
    appendTogether,
    ...(descriptor.detections && descriptor.hasFrames
      ? { appendDetections: (frame: Frame) => append(frame, false) }
      : {}),
    // Those of a row that are full were synced when they were closed.
    ...(isSynced && { sync: () => current.segment.sync() }),
    event: (event) => current.segment.event(event),
    close(end: EndOfStream | null) {
      if (next) {
        drop(next);
      }
      const { segment, lock } = current;
      if (end === null && segment.isEmpty) {
        drop(current);
        return;
      }
      const own = { framesStored: segment.frames, detectionsStored: segment.rows };
      const metrics = { ...own, ...((end as object | null) ?? { isComplete: false }) };
      try {
        segment.finish(metrics, { next: null, isWhole: end !== null && !end.notStored });
        lock?.release();
      } catch (error) {
        segment.leave();
        lock?.leave();
        // After a failure there is one to tell already, and the file is as its last frame left it.
        if (end !== null) throw error;
      }
    },
  };
}
