/** Whole messages out of a damaged or cut `.mote`, found by their magic and checksums; also out of a spool that has no end. */
import { basename } from "node:path";
import type { Frame } from "../../../memory/frame.js";
import type { StreamDescriptor } from "../../../model/descriptor.js";
import { detectionColumns, extraColumns } from "../../../model/detection.js";
import { endFault } from "../../../model/end-check.js";
import type { StreamEvent } from "../../../model/event.js";
import { eventFault } from "../../../model/event-check.js";
import { FrameHeader, frameHeaderBytes } from "../../../model/frame-header.js";
import { parseJsonObject } from "../../../model/json.js";
import { bytesPerPixel } from "../../../model/pixel-format.js";
import type { EndOfStream } from "../../../model/run-report.js";
import { decodeDescriptor, descriptorFault } from "../../../stream/check-descriptor.js";
import {
  type DetectionsHeader,
  decodeDetectionsHeader,
  detectionsHeaderBytes,
  footerBytes,
  footerMagic,
  messageKind,
  preamble,
} from "../../../stream/message.js";
import { type Found, type FoundMessage, scanMessages } from "../../../stream/scan-messages.js";
import { closeOnFailure } from "../../read/close-on-failure.js";
import { type FileSource, openFileSource } from "../../read/file-source.js";
import { asRecorded, damagedReason, nothingWhole, recoverFrames, type Salvage } from "../../recover/recover-frames.js";
import { frameRange, type Recover, type RecoverContext, type Recovery } from "../../recover/recovery.js";

export const recoverMote: Recover = async (recovery, context) => {
  const source = openFileSource(recovery.path);
  const salvage = await closeOnFailure(source, async () => new MoteSalvage(source, recovery, context));
  await recoverFrames(salvage, recovery, context);
};

const knownColumns = [...detectionColumns, ...extraColumns];

class MoteSalvage implements Salvage {
  readonly descriptor: StreamDescriptor;
  readonly mostRows: number;
  end: EndOfStream | null = null;
  readonly #source: FileSource;
  readonly #recovery: Recovery;
  readonly #found: Iterator<Found>;
  /** Read and not yet used: what came behind a frame and was not its detections. */
  #held: FoundMessage | undefined;
  #lastFrame = -1;
  /** Frames met so far, recovered or counted as lost. */
  #seen = 0;
  /** Sequence number of the message to come. */
  #next = 0;
  /** Where messages stopped being whole, and how many are missing since; -1 while all are whole. */
  #damageAt = -1;
  #missing = 0;
  /** The damage has been told already, as that of a frame's detections. */
  #isTold = false;
  #endsInside = false;
  /** The message taken last is not the one behind the message before it: what was between is damaged. */
  #followsDamage = false;
  /** Overflow of a link on the disk: no end is ever written to one, and its frames are some of the run's. */
  readonly #isSpool: boolean;

  constructor(source: FileSource, recovery: Recovery, { where }: RecoverContext) {
    this.#source = source;
    this.#recovery = recovery;
    this.#isSpool = basename(recovery.path).startsWith("mote-spool-");
    const footer = new Uint8Array(Math.min(footerBytes, source.sizeBytes));
    source.readInto(footer, source.sizeBytes - footer.length);
    const hasFooter = footerMagic.every((byte, i) => footer[8 + i] === byte);
    const to = hasFooter ? source.sizeBytes - footerBytes : source.sizeBytes;
    const from = Math.min(preamble.length, to);
    const descriptor = findDescriptor(source, from, to) ?? guessDescriptor(source, from, to, recovery);
    if (!descriptor) throw nothingWhole(where);
    this.descriptor = descriptor;
    this.mostRows = descriptor.detections ? mostRowsIn(source, from, to) : 0;
    this.#found = scanMessages(source, { from, to });
  }

  async next(frame: Frame, onEvent: (event: StreamEvent) => void): Promise<boolean | "detections"> {
    for (let message = this.#take(); message; message = this.#take()) {
      await this.#recovery.progress(message.nextAt, this.#source.sizeBytes);
      const { kind } = message.prefix;
      if (kind === messageKind.event) {
        const event = this.#believed<StreamEvent>(message, "the event", eventFault);
        if (event) onEvent(asRecorded(event));
      } else if (kind === messageKind.end) {
        this.end = this.#believed<EndOfStream>(message, "the end message", endFault) ?? null;
      } else if (kind === messageKind.frame && this.descriptor.hasFrames && this.#fill(message, frame)) {
        this.#tellGap(frame.header.frameNumber, onEvent);
        this.#addDetections(frame);
        return true;
      } else if (kind === messageKind.detections && !this.descriptor.hasFrames && this.#fillAlone(message, frame)) {
        this.#tellGap(frame.header.frameNumber, onEvent);
        return true;
      } else if (kind === messageKind.detections && !this.#followsDamage && this.#fillAlone(message, frame)) {
        // A full disk refused their pixels (archive --on-full tracks-only); behind damage the pixels may be what it cost.
        this.#tellGap(frame.header.frameNumber, onEvent);
        return "detections";
      }
    }
    this.#tellTail(onEvent);
    return false;
  }

  /** Of a spool nobody knows what came behind it. */
  get isCut(): boolean {
    return this.#isSpool && this.end === null;
  }

  close(): void {
    this.#source.close();
  }

  /** What a message of JSON says, when it can be; what cannot be is left out and told. */
  #believed<Value>(
    message: FoundMessage,
    name: string,
    faultOf: (value: unknown) => string | undefined,
  ): Value | undefined {
    const value = json(message);
    const fault = faultOf(value);
    if (fault === undefined) return value as Value;
    this.#recovery.lost(`${name} at byte ${message.at} ${fault}`);
    return undefined;
  }

  /** The next message whose payload is whole; what is in between makes the following gap a loss. */
  #take(): FoundMessage | undefined {
    const held = this.#held;
    this.#held = undefined;
    if (held) return held;
    this.#followsDamage = false;
    for (;;) {
      const { value, done } = this.#found.next() as IteratorResult<Found, void>;
      if (done || !value) return undefined;
      if (value.found === "cut") {
        this.#endsInside = true;
        continue;
      }
      if (value.found === "message") {
        const { sequence } = value.prefix;
        this.#missing += Math.max(0, sequence - this.#next);
        if (sequence > this.#next) this.#followsDamage = true;
        this.#next = sequence + 1;
        if (value.payloadState !== "bad") return value;
        this.#missing++;
      }
      this.#followsDamage = true;
      if (this.#damageAt < 0) this.#damageAt = value.at;
    }
  }

  /** Frames that are missing before `number`, when damage lies before it: a loss, and a row of the ledger. */
  #tellGap(number: number, onEvent: (event: StreamEvent) => void): void {
    const first = this.#lastFrame + 1;
    const [at, missing, isTold] = [this.#damageAt, this.#missing, this.#isTold];
    this.#lastFrame = number;
    this.#forgetDamage();
    if (at >= 0) {
      const messagesPerFrame = this.descriptor.hasFrames && this.descriptor.detections ? 2 : 1;
      // Numbers may be missing for another reason: no more frames are lost than there were messages for them.
      const count = Math.min(number - first, Math.ceil(missing / messagesPerFrame));
      if (count > 0) this.#lose(first, count, `damaged, from byte ${at} on`, onEvent);
      else if (!isTold) this.#recovery.lost(`before frame ${number}: a message at byte ${at} is damaged`);
    }
    this.#seen++;
  }

  #forgetDamage(): void {
    this.#damageAt = -1;
    this.#missing = 0;
    this.#isTold = false;
  }

  #lose(first: number, count: number, why: string, onEvent: (event: StreamEvent) => void): void {
    this.#seen += count;
    this.#recovery.lostRange(first, count, why);
    onEvent({ event: "drop", stage: "recover", firstFrame: first, count, reason: damagedReason });
  }

  /** What is missing behind the last frame. */
  #tellTail(onEvent: (event: StreamEvent) => void): void {
    const first = this.#lastFrame + 1;
    const at = this.#damageAt;
    if (!this.end && this.#isSpool) {
      this.#recovery.note("a spool of a run that was killed: it holds what had not yet reached the run's archive");
      if (at < 0 && !this.#endsInside) return;
      this.#recovery.lost(`behind frame ${this.#lastFrame}: the spool was cut in the middle of a frame`, null);
      return;
    }
    const total = this.end ? (this.end.stages.at(-1)?.out ?? this.#seen) : this.descriptor.frameCount;
    if (this.end) this.#recovery.finished();
    else this.#recovery.unfinished();
    if (this.end && at < 0) return;
    if (total !== null && total > this.#seen) {
      const why =
        at < 0 ? `missing, the recording was cut (${total} frames were announced)` : `damaged, from byte ${at} on`;
      this.#lose(first, total - this.#seen, why, onEvent);
    } else if (at >= 0 && !this.#isTold) {
      this.#recovery.lost(`behind the last frame: a message at byte ${at} is damaged`);
    } else if (!this.end)
      this.#recovery.unfinishedBehind("the recording was cut", first, total === null ? null : first);
  }

  /** Header and pixels into the frame, rows without padding; false when it is not of the stream's shape. */
  #fill({ header, payload }: FoundMessage, frame: Frame): boolean {
    const { shape, pixelFormat } = this.descriptor;
    if (header.length < frameHeaderBytes || !payload) return this.#misfit();
    const own = new FrameHeader(header.buffer, header.byteOffset);
    const rowBytes = shape.width * bytesPerPixel[pixelFormat];
    const isFit =
      own.codec === 0 &&
      own.pixelFormat === pixelFormat &&
      own.width === shape.width &&
      own.height === shape.height &&
      own.strideBytes >= rowBytes &&
      payload.length === own.strideBytes * shape.height;
    if (!isFit) return this.#misfit();
    frame.header.copyFrom(own);
    const pixels = new Uint8Array(frame.pixels.buffer, frame.pixels.byteOffset, frame.pixels.byteLength);
    if (own.strideBytes === rowBytes) pixels.set(payload);
    else {
      for (let y = 0; y < shape.height; y++) {
        pixels.set(payload.subarray(y * own.strideBytes, y * own.strideBytes + rowBytes), y * rowBytes);
      }
      frame.header.strideBytes = rowBytes;
    }
    return true;
  }

  #misfit(): false {
    if (this.#damageAt < 0) this.#damageAt = 0;
    return false;
  }

  /** The detections behind the frame just filled, when they are whole and its own. */
  #addDetections(frame: Frame): void {
    if (!this.descriptor.detections) return;
    const number = frame.header.frameNumber;
    const message = this.#take();
    if (message?.prefix.kind === messageKind.detections) {
      if (this.#rows(message, frame)?.frameNumber === number) return;
      frame.rowCount = -1;
    } else this.#held = message;
    this.#isTold = true;
    this.#recovery.lost(`${frameRange(number, 1)}: its detections are damaged or missing, its pixels are whole`);
  }

  #fillAlone(message: FoundMessage, frame: Frame): boolean {
    const { shape, pixelFormat, bitDepth } = this.descriptor;
    const header = this.#rows(message, frame);
    if (!header) return this.#misfit();
    frame.header.reset(pixelFormat, shape.height, shape.width, shape.width * bytesPerPixel[pixelFormat], bitDepth);
    frame.header.sourceIndex = header.sourceIndex;
    frame.header.frameNumber = header.frameNumber;
    frame.header.deviceFrameNumber = header.deviceFrameNumber;
    frame.header.capturedAtNs = header.capturedAtNs;
    return true;
  }

  /** Columns into the frame; undefined when they are not what their header says. */
  #rows({ header, payload }: FoundMessage, frame: Frame): DetectionsHeader | undefined {
    const columns = this.descriptor.detections?.columns.length;
    if (header.length < detectionsHeaderBytes || !payload) return undefined;
    const own = decodeDetectionsHeader(new DataView(header.buffer, header.byteOffset, header.length));
    const isFit =
      own.columnCount === columns &&
      payload.length === own.rowCount * own.columnCount * 8 &&
      own.rowCount <= frame.detectionCapacity;
    if (!isFit) return undefined;
    new Uint8Array(frame.detections.buffer, frame.detectionsOffset, payload.length).set(payload);
    frame.rowCount = own.rowCount;
    return own;
  }
}

function json({ payload }: FoundMessage): unknown {
  try {
    return parseJsonObject(Buffer.from(payload ?? []).toString("utf8"));
  } catch {
    return undefined;
  }
}

/** The most detections of a frame, by the heads of the messages. */
function mostRowsIn(source: FileSource, from: number, to: number): number {
  let most = 0;
  for (const found of scanMessages(source, { from, to, shouldRead: () => false })) {
    if (found.found !== "message" || found.prefix.kind !== messageKind.detections) continue;
    if (found.header.length < detectionsHeaderBytes) continue;
    const view = new DataView(found.header.buffer, found.header.byteOffset, found.header.length);
    most = Math.max(most, decodeDetectionsHeader(view).rowCount);
  }
  // No more rows than the file could hold, whatever a header says.
  return Math.min(most, Math.floor(source.sizeBytes / (detectionColumns.length * 8)));
}

/** The descriptor where it belongs, if it is whole. */
function findDescriptor(source: FileSource, from: number, to: number): StreamDescriptor | undefined {
  for (const found of scanMessages(source, { from, to })) {
    if (found.found !== "message" || found.prefix.kind !== messageKind.descriptor) return undefined;
    if (found.payloadState === "bad") return undefined;
    const decoded = decodeDescriptor(json(found));
    return typeof decoded === "string" ? undefined : decoded;
  }
  return undefined;
}

/** What the first whole frame says of all of them, when the descriptor is damaged. */
function guessDescriptor(
  source: FileSource,
  from: number,
  to: number,
  recovery: Recovery,
): StreamDescriptor | undefined {
  let descriptor: StreamDescriptor | undefined;
  for (const found of scanMessages(source, { from, to })) {
    if (found.found !== "message" || found.payloadState === "bad") continue;
    const { kind } = found.prefix;
    if (kind === messageKind.frame && found.header.length >= frameHeaderBytes) {
      if (descriptor) break;
      const header = new FrameHeader(found.header.buffer, found.header.byteOffset);
      const { pixelFormat, height, width, bitDepth } = header;
      if (!pixelFormat || found.prefix.payloadBytes > source.sizeBytes) continue;
      descriptor = describedBy(pixelFormat, height, width, bitDepth);
    } else if (kind === messageKind.detections && descriptor && found.header.length >= detectionsHeaderBytes) {
      const { columnCount } = decodeDetectionsHeader(
        new DataView(found.header.buffer, found.header.byteOffset, found.header.length),
      );
      if (columnCount >= detectionColumns.length && columnCount <= knownColumns.length) {
        descriptor = { ...descriptor, detections: { columns: knownColumns.slice(0, columnCount) }, isLinked: true };
      }
      break;
    }
  }
  if (descriptor) {
    recovery.lost("the descriptor is damaged: rate, pixel size, camera and options are not known");
  }
  return descriptor && descriptorFault(descriptor) === undefined ? descriptor : undefined;
}

function describedBy(
  pixelFormat: StreamDescriptor["pixelFormat"],
  height: number,
  width: number,
  bitDepth: number,
): StreamDescriptor {
  return {
    pixelFormat,
    shape: { height, width },
    bitDepth,
    hasFrames: true,
    detections: null,
    isLinked: false,
    pixelSizeUm: null,
    rateHz: null,
    frameCount: null,
    isLive: false,
    source: {},
    calibration: null,
    producedBy: [],
  };
}
