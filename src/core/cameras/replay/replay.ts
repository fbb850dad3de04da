/** Files of images as a camera: one after the other, a part of them or all, once or again and again. */

import { failure } from "../../errors.js";
import { explained } from "../../imaging/explained.js";
import type { ImageFile, ImageFileFacts } from "../../imaging/image-file.js";
import type { Region } from "../../imaging/region.js";
import type { Frame } from "../../memory/frame.js";
import type { FrameShape } from "../../model/descriptor.js";
import type { FateEvent } from "../../model/event.js";
import { isLossEvent } from "../../model/event-check.js";
import { type FrameHeader, frameFields } from "../../model/frame-header.js";
import type { JsonObject } from "../../model/json.js";
import { bytesPerPixel, type PixelFormat } from "../../model/pixel-format.js";
import { modifiedAtNs } from "../../storage/files.js";
import type { CameraContext, FrameSource } from "../frame-source.js";
import { Pacer } from "../pacing.js";
import { RecordedLosses } from "./recorded-losses.js";

export interface ReplayFile extends Pick<ImageFileFacts, "recordedLoss" | "numberStep"> {
  readonly path: string;
  readonly frames: number;
  /** It goes on with the recording of the file before it: their frame numbers are of one row. */
  readonly isContinued?: true;
  /** Parts of its recording before it that are not there, in words. */
  readonly missingBefore?: string;
}

export interface ReplayPlan {
  readonly files: readonly ReplayFile[];
  /** Shape and type of the frames in the files; the region is cut out of them. */
  readonly fileShape: FrameShape;
  readonly pixelFormat: PixelFormat;
  readonly bitDepth: number;
  readonly region: Region;
  /** Frames of all files in sequence: first, step, and how many. */
  readonly start: number;
  readonly step: number;
  readonly selected: number;
  /** Frames to hand over, all passes together; null: without end. */
  readonly frames: number | null;
  /** Paced by the real clock at this rate; null: as fast as frames are taken. */
  readonly paceHz: number | null;
  /** A file of one frame that states no time was captured when it was last changed. */
  readonly hasFileTimes: boolean;
}

/** The file whose turn it is. */
interface OpenFile {
  readonly index: number;
  /** Frames of the files before it. */
  readonly first: number;
  readonly file: ImageFile;
  readonly path: string;
  /** Place and own number of the frame of it that came last in this pass. */
  last: number | undefined;
  lastOwn: number;
  /** Its frames came from its first on. */
  isFromBegin: boolean;
  /** Where it goes on with the recording of the file before it. */
  readonly joins: Join | undefined;
  isFinished: boolean;
  isDisordered: boolean;
}

/** Between two files of one recording. */
interface Join {
  /** Place in the whole sequence, and number in this stream, of the last frame before it. */
  readonly wanted: number;
  readonly number: number;
  /** What is missing between them, in words; undefined when they are neighbours. */
  readonly missing: string | undefined;
}

const freshPlace = {
  ...{ last: undefined, lastOwn: -1, isFromBegin: false, isFinished: false, isDisordered: false },
  joins: undefined,
};

/** An event has to fit into a slot; a longer description stays in the file. */
const mostMetadataLength = 12_000;

/** Opens files with `openFile` as their turn comes; at most one is open. */
export function openReplay(
  plan: ReplayPlan,
  context: CameraContext,
  openFile: (path: string) => Promise<ImageFile>,
): FrameSource {
  const pacer = plan.paceHz === null ? undefined : new Pacer(plan.paceHz, context.clock, () => context.isDraining());
  const strideBytes = plan.region.width * bytesPerPixel[plan.pixelFormat];
  let open: OpenFile | undefined;
  const losses = new RecordedLosses(context);
  const allFrames = plan.files.reduce((sum, { frames }) => sum + frames, 0);
  /** A pass goes through to the end of the last file, up to a last step. */
  const passReachesEnd = plan.start + plan.selected * plan.step >= allFrames;
  let delivered = 0;
  /** Frame numbers of a recording are kept; a second pass or file goes on where the one before ended. */
  let numbersFrom = 0;
  let lastNumber = -1;
  /** Place in the whole sequence of the frame that came last, and its number. */
  let lastFrame: Omit<Join, "missing"> | undefined;

  /** Keeps what the recording knows of the frame beyond its pixels. */
  function keepRecorded(header: FrameHeader, recorded: FrameHeader): number {
    for (const { get, set } of frameFields) set(header, get(recorded));
    header.roiX += plan.region.x * recorded.binningX;
    header.roiY += plan.region.y * recorded.binningY;
    return numbersFrom + recorded.frameNumber;
  }

  /** Frame numbers of a file that begins, or begins again, go on behind those before, and with what it lost before its first frame. */
  function beginNumbers(own: number, firstLost = own): void {
    const least = Math.min(own, firstLost);
    if (numbersFrom + least <= lastNumber) numbersFrom = lastNumber + 1 - least;
  }

  /** Tells what was lost between the frame before and this one, and what frame numbers say of it. */
  function tellLosses(opened: OpenFile, frame: number, own: number): void {
    const { index, first, file, path, last, lastOwn, joins } = opened;
    // What was lost before the first frame that was asked for is not asked for.
    const after = last ?? (first >= plan.start ? -1 : frame);
    const events = file.losses?.(after, frame)[Symbol.iterator]();
    let event = events?.next();
    const { missingBefore, numberStep = 1 } = plan.files[index]!;
    if (last === undefined) {
      const lost = event?.done === false && isLossEvent(event.value) ? event.value : undefined;
      const begin = lost?.firstFrame ?? own - numberStep * frame;
      const isWithoutBegin = first >= plan.start && !joins && missingBefore !== undefined;
      beginNumbers(own, isWithoutBegin ? 0 : lost?.firstFrame);
      if (isWithoutBegin) losses.tellMissing(numbersFrom, numbersFrom + begin, missingBefore);
      else if (joins && numbersFrom + own > joins.number) {
        const told = sumOf(file.losses?.(after, frame) ?? []);
        const expected = numberStep * (first + frame - joins.wanted) + told;
        losses.join(joins.number, numbersFrom + own, expected, lastNumber + 1, joins.missing);
      }
    } else if (own <= lastOwn) {
      // Numbers that repeat or go back would be given twice.
      const from = lastNumber + 1;
      const what = `frame ${own} comes behind frame ${lastOwn} in ${path}; numbered on from ${from}`;
      if (!opened.isDisordered) context.warn(what);
      opened.isDisordered = true;
      context.emit({ event: "note", text: what });
      numbersFrom = from - own;
    }
    for (; event?.done === false; event = events!.next()) losses.tell(event.value, numbersFrom);
    if (last !== undefined && own > lastOwn) losses.arrive(lastNumber, numbersFrom + own, numberStep * (frame - last));
    else losses.arrived();
  }

  /** Behind the last frame of a file. */
  function tellEnd(): void {
    if (!open || open.isFinished || open.last === undefined) return;
    const { frames, path, recordedLoss } = plan.files[open.index]!;
    open.isFinished = true;
    for (const event of open.file.losses?.(open.last, frames) ?? []) {
      losses.tell(event, numbersFrom);
      if (isLossEvent(event)) lastNumber = Math.max(lastNumber, numbersFrom + event.firstFrame + event.count - 1);
    }
    losses.finish(path, recordedLoss, open.lastOwn, open.isFromBegin);
  }

  /** Undefined where the file does not go on with the recording of which the last frame was. */
  function joinOf(before: OpenFile, index: number): Join | undefined {
    const on = plan.files.slice(before.index + 1, index + 1);
    if (before.last === undefined || !lastFrame || !on.every(({ isContinued }) => isContinued)) return undefined;
    return { ...lastFrame, missing: on.find(({ missingBefore }) => missingBefore !== undefined)?.missingBefore };
  }

  /** The file that holds frame `wanted` of the whole sequence, open. */
  async function fileOf(wanted: number): Promise<{ opened: OpenFile; frame: number }> {
    const isOn =
      open !== undefined && wanted >= open.first && (open.last === undefined || wanted > open.first + open.last);
    let index = isOn ? open!.index : 0;
    let first = isOn ? open!.first : 0;
    while (wanted - first >= plan.files[index]!.frames) first += plan.files[index++]!.frames;
    const { path, frames } = plan.files[index]!;
    if (open?.index !== index) {
      if (isOn) tellEnd();
      const joins = isOn ? joinOf(open!, index) : undefined;
      open?.file.close();
      open = undefined;
      const file = await openFile(path);
      open = { ...freshPlace, index, first, file, path, joins };
      requireUnchanged(plan, path, frames, file);
      // What a recording says of its own source stands in the descriptor.
      const { recording: _, ...metadata } = file.facts.metadata;
      const isShort = JSON.stringify(metadata).length <= mostMetadataLength;
      context.emit({ event: "source", file: path, metadata: isShort ? metadata : {} });
      losses.begin(path, plan.files[index]!.recordedLoss, joins !== undefined);
    } else if (!isOn) {
      Object.assign(open, freshPlace);
      losses.begin(path, plan.files[index]!.recordedLoss);
    }
    return { opened: open, frame: wanted - first };
  }

  return {
    async next(frame: Frame) {
      const isAtStart = delivered % plan.selected === 0;
      if (isAtStart && delivered > 0 && passReachesEnd) tellEnd();
      if (plan.frames !== null && delivered >= plan.frames) return "end";
      if (context.isDraining() || (pacer && !pacer.waitFor(delivered))) return "stopped";
      const wanted = plan.start + (delivered % plan.selected) * plan.step;
      let path = plan.files[0]!.path;
      let capturedAtNs = 0n;
      let number = delivered;
      const { header } = frame;
      header.reset(plan.pixelFormat, plan.region.height, plan.region.width, strideBytes, plan.bitDepth);
      header.roiX = plan.region.x;
      header.roiY = plan.region.y;
      try {
        const found = await fileOf(wanted);
        path = found.opened.path;
        const place = await found.opened.file.readFrame(found.frame, frame.pixels, plan.region);
        capturedAtNs = place.capturedAtNs;
        // In a recording of ours an unknown time is unknown, and the frames of a stack were not captured when it was written.
        const isWithout = capturedAtNs === 0n && !place.recorded && found.opened.file.facts.frameCount === 1;
        if (plan.hasFileTimes && isWithout) capturedAtNs = modifiedAtNs(path);
        if (place.recorded) {
          const own = place.recorded.frameNumber;
          tellLosses(found.opened, found.frame, own);
          number = keepRecorded(header, place.recorded);
          found.opened.lastOwn = own;
        } else found.opened.lastOwn = found.frame;
        header.channelIndex = place.channelIndex;
        header.zIndex = place.zIndex;
        header.positionIndex = place.positionIndex;
        if (found.opened.last === undefined) found.opened.isFromBegin = found.opened.first >= plan.start;
        found.opened.last = found.frame;
        frame.pixelsCrc32 = place.pixelsCrc32 ?? -1;
      } catch (error) {
        throw explained(`acquire, ${path}`, error, failure);
      }
      header.frameNumber = number;
      lastNumber = number;
      lastFrame = { wanted, number };
      if (pacer) header.receivedAtNs = context.clock.nowNs();
      header.capturedAtNs = capturedAtNs === 0n ? header.receivedAtNs : capturedAtNs;
      frame.rowCount = -1;
      delivered++;
      return "frame";
    },
    isComplete: () => losses.isComplete,
    summary(): JsonObject {
      const cutFiles = losses.cutFiles.map((cut) => ({ ...cut }));
      return { delivered, files: plan.files.length, ...(cutFiles.length > 0 && { cutFiles }) };
    },
    close() {
      open?.file.close();
      open = undefined;
    },
  };
}

/** Frames that these say are lost. */
function sumOf(events: Iterable<FateEvent>): number {
  let sum = 0;
  for (const event of events) if (isLossEvent(event)) sum += event.count;
  return sum;
}

/** A file that changed between the look at it and its turn would break the descriptor that was sent. */
function requireUnchanged(plan: ReplayPlan, path: string, frames: number, file: ImageFile): void {
  const { shape, pixelFormat, frameCount } = file.facts;
  const isSame =
    shape.height === plan.fileShape.height && shape.width === plan.fileShape.width && pixelFormat === plan.pixelFormat;
  if (isSame && frameCount >= frames) return;
  throw failure(
    "file-changed",
    `acquire, ${path}`,
    `the file changed since the start: ${frameCount} frames of ${shape.width}x${shape.height} ${pixelFormat}`,
    "Replay files that nobody writes to.",
  );
}
