/** Whole frames out of a damaged file into a new container: the half of a recovery that is the same for every format. */
import { failure, refusal } from "../../errors.js";
import { Frame } from "../../memory/frame.js";
import { type SlotGeometry, slotLayout } from "../../memory/slot-layout.js";
import { frameBytes, type StreamDescriptor } from "../../model/descriptor.js";
import { slotColumns } from "../../model/detection.js";
import type { StreamEvent } from "../../model/event.js";
import { isFateEvent, isLossEvent } from "../../model/event-check.js";
import type { EndOfStream, StageReport } from "../../model/run-report.js";
import { formatCount } from "../../units.js";
import { openClaimedStore } from "../archive/claimed-store.js";
import { imageNotStored } from "../disk/disk-fault.js";
import { type Container, keepsPixels } from "../formats/format.js";
import type { FrameStore } from "../frame-store.js";
import type { RecoverContext, Recovery } from "./recovery.js";

/** A damaged file, opened to be read from its first whole frame to its last. */
export interface Salvage {
  readonly descriptor: StreamDescriptor;
  /** Room for the detections of any of its frames. */
  readonly mostRows: number;
  /**
   * Fills the next whole frame, detections included where they are whole; false after the last. What lies between and
   * cannot be read is told to the recovery as a loss; events that the file holds are handed on `asRecorded`. "detections": the frame's
   * pixels were never stored, its detections are whole.
   */
  next(frame: Frame, onEvent: (event: StreamEvent) => void): Promise<boolean | "detections">;
  /** The totals the file ends with; null when it was cut before them. Asked after the last frame. */
  readonly end: EndOfStream | null;
  /** True when that end says itself that what had been recorded was cut, or when the file never has an end. Asked after the last frame. */
  readonly isCut?: boolean;
  close(): void;
}

/** The reason in the ledger of frames that could not be got back. */
export const damagedReason = "damaged in the file";

/** An event that a damaged file holds, for its copy: it happened before the recovery, and no stage counts it again. */
export function asRecorded(event: StreamEvent): StreamEvent {
  return isFateEvent(event) ? { ...event, isRecorded: true } : event;
}

/** A frame of the salvage's shape, outside of any pool. */
export function frameFor(descriptor: StreamDescriptor, mostRows: number): { frame: Frame; geometry: SlotGeometry } {
  const geometry: SlotGeometry = {
    pixelFormat: descriptor.pixelFormat,
    pixelBytes: frameBytes(descriptor),
    detectionRows: descriptor.detections ? mostRows : 0,
    detectionColumns: slotColumns,
  };
  return { frame: new Frame(new ArrayBuffer(slotLayout(geometry).slotBytes), 0, 0, geometry), geometry };
}

/** Copies every whole frame; closes the salvage. The descriptor says that the stream went through `recover`. */
export async function recoverFrames(salvage: Salvage, recovery: Recovery, context: RecoverContext): Promise<void> {
  try {
    const descriptor: StreamDescriptor = {
      ...salvage.descriptor,
      producedBy: [
        ...salvage.descriptor.producedBy,
        { stage: "recover", version: context.version, options: { file: recovery.path } },
      ],
    };
    const container = fittingContainer(descriptor, recovery, context.containerOf());
    const { frame, geometry } = frameFor(descriptor, salvage.mostRows);
    const where = `recover, --out ${recovery.out}`;
    const store = await openClaimedStore({
      path: recovery.out,
      where,
      descriptor,
      geometry,
      isForced: false,
      what: "recover",
    });
    let isClosed = false;
    try {
      const copied = await copyFrames(salvage, store, container, frame, recovery);
      isClosed = true;
      const end = endOf(salvage, store, recovery, copied);
      // Only a file that says itself that it has no frames may become one without.
      const isEmpty = store.frames === 0 && salvage.end === null;
      await store.close(isEmpty ? null : end);
      if (isEmpty) throw nothingWhole(context.where);
      recovery.frames = store.frames;
      recovery.rows = descriptor.detections && !container.keepsFramesOnly ? store.rows : null;
    } finally {
      if (!isClosed) await store.close(null);
    }
  } finally {
    salvage.close();
  }
}

export function nothingWhole(where: string) {
  return failure(
    "nothing-in-it",
    where,
    "holds no whole frame, nothing was written",
    "There is nothing in it to get back.",
  );
}

function fittingContainer(descriptor: StreamDescriptor, recovery: Recovery, container: Container): Container {
  const outWhere = `recover, --out ${recovery.out}`;
  if (!container.keepsFrames && !descriptor.detections) {
    throw refusal(
      "bad-name",
      outWhere,
      `expected a file for frames: ${recovery.path} has no detections`,
      "Use .mote, .h5 or .tif.",
    );
  }
  if ((container.keepsFramesOnly || container.needsFrames) && !descriptor.hasFrames) {
    throw refusal(
      "bad-name",
      outWhere,
      `expected a file for detections: ${recovery.path} has no frames`,
      "Use .mote, .h5 or .csv.",
    );
  }
  if (!keepsPixels(container, descriptor) && descriptor.hasFrames)
    recovery.note(`the pixels are not in ${recovery.out}`);
  if (container.keepsFramesOnly && descriptor.detections) recovery.note(`the detections are not in ${recovery.out}`);
  return container;
}

interface Copied {
  /** Frames that are there with their detections only. */
  readonly imagesMissing: number;
  /** Number of the last frame that was copied; -1 when none was. */
  readonly lastFrame: number;
}

/** Copies what the salvage has. */
async function copyFrames(
  salvage: Salvage,
  store: FrameStore,
  container: Container,
  frame: Frame,
  recovery: Recovery,
): Promise<Copied> {
  let [kept, left, lastFrame, recordedLost] = [0, 0, -1, 0];
  const onEvent = (event: StreamEvent) => {
    // A container that takes detections alone says itself which images it lacks.
    const isToldByStore = event.event === "drop" && event.reason === imageNotStored && store.appendDetections;
    if (isToldByStore) return;
    store.event(event);
    if (isLossEvent(event) && "isRecorded" in event && event.isRecorded) recordedLost += event.count;
  };
  for (;;) {
    frame.rowCount = -1;
    frame.pixelsCrc32 = -1;
    const got = await salvage.next(frame, onEvent);
    if (got === false) break;
    lastFrame = frame.header.frameNumber;
    if (got === true || !keepsPixels(container, salvage.descriptor)) await store.append(frame);
    else if (store.appendDetections) {
      await store.appendDetections(frame);
      kept++;
    } else left++;
  }
  if (kept > 0) recovery.note(`${formatCount(kept, "frame")} with detections only: a full disk refused the pixels`);
  if (left > 0)
    recovery.lost(`detections without pixels: ${formatCount(left, "frame")} have only them, and are left out`);
  // The end of a run counts more than its events tell: losses behind its last frame.
  recovery.recordedLost = salvage.end ? salvage.end.lost : recordedLost;
  return { imagesMissing: kept, lastFrame };
}

/** The totals of the recovered file: those of the run, where they survived, and this recovery as one more stage. */
function endOf(
  { end, isCut = false }: Salvage,
  store: FrameStore,
  recovery: Recovery,
  { imagesMissing, lastFrame }: Copied,
): EndOfStream {
  const { lostFrames } = recovery;
  const own: StageReport = {
    stage: "recover",
    in: store.frames + imagesMissing + lostFrames,
    // Frames without their image went on from here too: it is the file that does not have them whole.
    out: store.frames + imagesMissing,
    dropped: lostFrames > 0 ? { [damagedReason]: lostFrames } : {},
    failed: 0,
    latencyMs: { p50: 0, p99: 0 },
    ageMs: { p50: 0, p99: 0 },
    queueDepth: { now: 0, most: 0 },
    busyShare: 0,
    summary: {
      recovered: store.frames,
      losses: recovery.losses.map(({ what }) => what),
      ...((isCut || recovery.ending === "unfinished") && { cutFiles: [{ file: recovery.path, lastFrame }] }),
    },
  };
  return {
    isComplete: (end?.isComplete ?? false) && recovery.lossCount === 0,
    // The run's own total has the images already.
    lost: (end?.lost ?? imagesMissing + recovery.recordedLost) + lostFrames,
    stages: [...(end?.stages ?? []), own],
    ...(imagesMissing > 0 && { notStored: imagesMissing }),
  };
}
