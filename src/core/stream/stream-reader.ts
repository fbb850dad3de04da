/**
 * Reads a frame stream message by message, pixels straight into pool slots. Everything a stream claims is checked before a
 * byte is allocated or read for it; a fault names the message and the byte.
 */
import { crc32 } from "node:zlib";
import { failure, type MoteError } from "../errors.js";
import type { Frame } from "../memory/frame.js";
import type { StreamDescriptor } from "../model/descriptor.js";
import { detectionColumns, extraColumns } from "../model/detection.js";
import { endFault } from "../model/end-check.js";
import type { StreamEvent } from "../model/event.js";
import { eventFault } from "../model/event-check.js";
import { FrameHeader, frameHeaderBytes } from "../model/frame-header.js";
import { parseJson } from "../model/json.js";
import { bytesPerPixel } from "../model/pixel-format.js";
import type { EndOfStream } from "../model/run-report.js";
import type { ByteSource } from "./byte-pipe.js";
import { decodeDescriptor } from "./check-descriptor.js";
import {
  decodeDetectionsHeader,
  detectionsHeaderBytes,
  flagPayloadChecksum,
  maxHeaderBytes,
  maxJsonBytes,
  messageKind,
  type Prefix,
  preamble,
  preambleFault,
  prefixBytes,
} from "./message.js";
import { MessageHead } from "./message-head.js";

export interface StreamReaderOptions {
  /** Asked while nothing arrives, and between messages: true ends the stream here. */
  shouldStop(): boolean;
  onEvent(event: StreamEvent): void;
  /** Takes the detections of a frame without pixels, in the slot that `next` was given, before `next` goes on; without it they are not read. */
  onDetectionsAlone?(frame: Frame): void;
  /** The largest payload accepted, bytes. */
  readonly maxPayloadBytes: number;
  /** The stream is a file that somebody appends whole entries to: a frame at its very end is whole without its detections. */
  readonly isGrowing?: boolean;
}

export interface StreamReader {
  /** Fills the frame; "cut" when the stream stopped without its end message, "stopped" when `shouldStop` said so. */
  next(frame: Frame): "frame" | "end" | "cut" | "stopped";
  /** The stream's last word, after "end". */
  readonly end: EndOfStream | undefined;
  /** Number of the last whole frame, or -1. */
  readonly lastFrameNumber: number;
  /** Frames of which only the detections are there, in a stream that has frames; `next` passes over them. */
  readonly framesWithoutPixels: number;
}

/** The reading position as text for messages. */
function at(source: ByteSource, sequence: number, byte: number): string {
  return `${source.name}, message ${sequence} at byte ${byte}`;
}

const truncatedHint =
  "The program before ended early or the copy is incomplete; --allow-truncated takes what is there.";

const impossibleHint = "No Mote writes that; `mote recover FILE --out NEW.mote` takes the frames and leaves it out.";

/** Reads preamble and descriptor: what has to be known before anything is opened. Faults are refusals or failures. */
export function readDescriptor(source: ByteSource): StreamDescriptor {
  const head = new Uint8Array(preamble.length);
  const got = source.readFully(head, () => false);
  if (got === 0)
    throw failure(
      "stream-ended-early",
      source.name,
      "expected a frame stream, got nothing",
      "Is the command before it running? See its message.",
    );
  const fault = preambleFault(head.subarray(0, got));
  if (fault) throw failure(fault.code, source.name, fault.what, fault.hint);
  if (got < preamble.length)
    throw failure("stream-ended-early", source.name, `ended after ${got} bytes, inside the preamble`, truncatedHint);
  const messages = new MessageSource(source, maxJsonBytes, () => false, 0);
  const prefix = messages.nextPrefix();
  if (!prefix) throw failure("stream-ended-early", source.name, "ended before its descriptor", truncatedHint);
  if (prefix.kind !== messageKind.descriptor)
    throw messages.fault(`expected the descriptor, got a message of kind ${prefix.kind}`);
  messages.readHeader(0);
  const descriptor = decodeDescriptor(messages.readJson(prefix));
  if (typeof descriptor === "string") throw messages.fault(`the descriptor ${descriptor}`);
  return descriptor;
}

/** Messages one after the other: framing, caps and checksums, for any kind. */
class MessageSource {
  readonly source: ByteSource;
  /** Of the current message. */
  readonly head = new MessageHead();
  readonly #maxPayloadBytes: number;
  readonly #shouldStop: () => boolean;
  #sequence: number;
  #startedAt = 0;
  #scratch: Uint8Array | undefined;

  constructor(source: ByteSource, maxPayloadBytes: number, shouldStop: () => boolean, sequence: number) {
    this.source = source;
    this.#maxPayloadBytes = maxPayloadBytes;
    this.#shouldStop = shouldStop;
    this.#sequence = sequence;
  }

  get prefix(): Readonly<Prefix> {
    return this.head.prefix;
  }

  fault(what: string, hint?: string): MoteError {
    return failure("stream-damaged", at(this.source, Math.max(0, this.#sequence - 1), this.#startedAt), what, hint);
  }

  /** The next prefix, its magic, sequence and lengths checked; undefined at the end of the bytes. */
  nextPrefix(): Prefix | undefined {
    this.#startedAt = this.source.position;
    const got = this.source.readFully(this.head.bytes.subarray(0, prefixBytes), this.#shouldStop);
    if (got < prefixBytes) return undefined;
    const sequence = this.#sequence++;
    const fault = this.head.takePrefix();
    const { kind, headerBytes, payloadBytes } = this.prefix;
    if (fault === "no message")
      throw this.fault("expected the magic of a message, got something else: the stream is corrupt");
    if (fault)
      throw this.fault(
        `claims a header of ${headerBytes} bytes, at most ${maxHeaderBytes} are accepted: the stream is corrupt`,
      );
    if (payloadBytes > this.#maxPayloadBytes) {
      throw this.fault(
        `claims a payload of ${payloadBytes} bytes, at most ${this.#maxPayloadBytes} are accepted`,
        "Raise --max-message if the frames really are that large.",
      );
    }
    const isJson = kind === messageKind.descriptor || kind === messageKind.event || kind === messageKind.end;
    if (isJson && payloadBytes > maxJsonBytes)
      throw this.fault(`claims ${payloadBytes} bytes of JSON, at most ${maxJsonBytes} are accepted`);
    if (this.prefix.sequence !== sequence)
      throw this.fault(`expected message number ${sequence}, got ${this.prefix.sequence}: messages are missing`);
    return this.prefix;
  }

  /** Reads the header behind the prefix, at least `known` bytes; false at the end of the bytes. */
  readHeader(known: number): boolean {
    const { headerBytes } = this.prefix;
    if (headerBytes < known) throw this.fault(`expected a header of at least ${known} bytes, got ${headerBytes}`);
    if (!this.#fill(this.head.header)) return false;
    if (this.head.headerFault()) throw this.fault("its header does not match its checksum: the stream is corrupt");
    return true;
  }

  /** Fills `payload` and verifies its checksum where there is one; false at the end of the bytes. */
  readPayload(payload: Uint8Array): boolean {
    if (!this.#fill(payload)) return false;
    if (this.prefix.flags & flagPayloadChecksum && crc32(payload) !== this.prefix.payloadChecksum) {
      throw this.fault(
        "its payload does not match its checksum: the stream is corrupt",
        "mote inspect FILE says which frames are whole.",
      );
    }
    return true;
  }

  readJson(prefix: Prefix): unknown {
    const payload = new Uint8Array(prefix.payloadBytes);
    if (!this.readPayload(payload)) throw this.fault("the stream ends inside this message", truncatedHint);
    try {
      return parseJson(Buffer.from(payload).toString("utf8"));
    } catch (error) {
      throw failure(
        "stream-damaged",
        at(this.source, prefix.sequence, this.#startedAt),
        "expected JSON, got something else",
        undefined,
        error,
      );
    }
  }

  /** Reads past `bytes`; false at the end of the bytes. */
  skip(bytes: number): boolean {
    this.#scratch ??= new Uint8Array(65_536);
    for (let left = bytes; left > 0; ) {
      const piece = Math.min(left, this.#scratch.length);
      if (!this.#fill(this.#scratch.subarray(0, piece))) return false;
      left -= piece;
    }
    return true;
  }

  #fill(view: Uint8Array): boolean {
    return this.source.readFully(view, this.#shouldStop) === view.length;
  }
}

export function createStreamReader(
  source: ByteSource,
  descriptor: StreamDescriptor,
  options: StreamReaderOptions,
): StreamReader {
  const messages = new MessageSource(source, options.maxPayloadBytes, options.shouldStop, 1);
  const ownHeader = new FrameHeader(messages.head.bytes.buffer, prefixBytes);
  const headView = new DataView(messages.head.bytes.buffer, prefixBytes, detectionsHeaderBytes);
  const { height, width } = descriptor.shape;
  const rowBytes = width * bytesPerPixel[descriptor.pixelFormat];
  const hasDetections = descriptor.detections !== null;
  let isPrefixPending = false;
  let end: EndOfStream | undefined;
  let lastFrameNumber = -1;
  let framesWithoutPixels = 0;

  function checkFrame(prefix: Prefix): void {
    const h = ownHeader;
    if (h.codec !== 0)
      throw messages.fault(`its pixels are packed with codec ${h.codec}, this version reads raw pixels only`);
    if (h.pixelFormat !== descriptor.pixelFormat || h.height !== height || h.width !== width) {
      throw messages.fault(
        `expected ${width}x${height} ${descriptor.pixelFormat} as the descriptor says, got ${h.width}x${h.height} ${h.pixelFormat ?? "of an unknown pixel format"}`,
      );
    }
    if (h.strideBytes < rowBytes || prefix.payloadBytes !== h.strideBytes * height) {
      throw messages.fault(
        `expected ${height} rows of ${h.strideBytes} bytes, got a payload of ${prefix.payloadBytes} bytes`,
      );
    }
  }

  /** Header and pixels into the slot; rows lose their padding. */
  function readFrame(frame: Frame, prefix: Prefix): boolean {
    if (!messages.readHeader(frameHeaderBytes)) return false;
    checkFrame(prefix);
    frame.header.copyFrom(ownHeader);
    const strideBytes = ownHeader.strideBytes;
    frame.pixelsCrc32 = -1;
    if (strideBytes === rowBytes) {
      if (!messages.readPayload(frame.pixelBytes.subarray(0, prefix.payloadBytes))) return false;
      if (prefix.flags & flagPayloadChecksum) frame.pixelsCrc32 = prefix.payloadChecksum;
      return true;
    }
    const padded = new Uint8Array(prefix.payloadBytes);
    if (!messages.readPayload(padded)) return false;
    for (let y = 0; y < height; y++) {
      frame.pixelBytes.set(padded.subarray(y * strideBytes, y * strideBytes + rowBytes), y * rowBytes);
    }
    frame.header.strideBytes = rowBytes;
    return true;
  }

  /** `isAlone`: no frame message was before it, so its header says which frame it is. */
  function readDetections(frame: Frame, prefix: Prefix, isAlone: boolean): boolean {
    if (!messages.readHeader(detectionsHeaderBytes)) return false;
    const header = decodeDetectionsHeader(headView);
    const columns = descriptor.detections?.columns ?? [];
    if (header.columnCount !== columns.length)
      throw messages.fault(`expected ${columns.length} columns as the descriptor says, got ${header.columnCount}`);
    if (prefix.payloadBytes !== header.rowCount * header.columnCount * 8) {
      throw messages.fault(
        `expected ${header.rowCount} rows of ${header.columnCount} columns, got a payload of ${prefix.payloadBytes} bytes`,
      );
    }
    if (header.rowCount > frame.detectionCapacity) {
      throw messages.fault(
        `holds ${header.rowCount} detections, a frame of this shape and separation can hold ${frame.detectionCapacity}`,
      );
    }
    if (!isAlone) {
      if (header.frameNumber !== frame.header.frameNumber)
        throw messages.fault(
          `expected the detections of frame ${frame.header.frameNumber}, got those of frame ${header.frameNumber}`,
        );
    } else {
      frame.header.reset(descriptor.pixelFormat, height, width, rowBytes, descriptor.bitDepth);
      frame.header.sourceIndex = header.sourceIndex;
      frame.header.frameNumber = header.frameNumber;
      frame.header.deviceFrameNumber = header.deviceFrameNumber;
      frame.header.capturedAtNs = header.capturedAtNs;
    }
    if (!messages.readPayload(frame.detectionBytes.subarray(0, prefix.payloadBytes))) return false;
    frame.rowCount = header.rowCount;
    return true;
  }

  function readEvent(prefix: Prefix): StreamEvent {
    const event = messages.readJson(prefix);
    const fault = eventFault(event);
    if (fault) throw messages.fault(`the event ${fault}`, impossibleHint);
    return event as StreamEvent;
  }

  function readEnd(prefix: Prefix): EndOfStream {
    const last = messages.readJson(prefix);
    const fault = endFault(last);
    if (fault) throw messages.fault(`the end message ${fault}`, impossibleHint);
    return last as EndOfStream;
  }

  function checkColumns(): void {
    const columns = descriptor.detections?.columns;
    const known: readonly string[] = [...detectionColumns, ...extraColumns];
    if (columns && (columns.length < detectionColumns.length || columns.some((name, i) => name !== known[i]))) {
      throw messages.fault(`expected the columns ${detectionColumns.join(", ")}, got ${columns.join(", ")}`);
    }
  }

  function whole(frame: Frame): "frame" {
    lastFrameNumber = frame.header.frameNumber;
    return "frame";
  }

  checkColumns();
  return {
    next(frame) {
      let hasFrame = false;
      for (;;) {
        if (!isPrefixPending) {
          if (!hasFrame && options.shouldStop()) return "stopped";
          if (!messages.nextPrefix()) {
            if (hasFrame && options.isGrowing) return whole(frame);
            return options.shouldStop() ? "stopped" : "cut";
          }
        }
        const prefix = messages.prefix;
        isPrefixPending = false;
        const isDetections = prefix.kind === messageKind.detections && hasDetections;
        if (hasFrame && !isDetections) {
          isPrefixPending = true;
          return whole(frame);
        }
        let isWhole = true;
        if (isDetections && (hasFrame || !descriptor.hasFrames)) {
          isWhole = readDetections(frame, prefix, !hasFrame);
          if (isWhole) return whole(frame);
        } else if (isDetections) {
          framesWithoutPixels++;
          if (options.onDetectionsAlone) {
            isWhole = readDetections(frame, prefix, true);
            if (isWhole) options.onDetectionsAlone(frame);
          } else isWhole = messages.readHeader(0) && messages.skip(prefix.payloadBytes);
        } else if (prefix.kind === messageKind.frame && descriptor.hasFrames) {
          isWhole = readFrame(frame, prefix);
          frame.rowCount = -1;
          hasFrame = isWhole;
          if (isWhole && !hasDetections) return whole(frame);
        } else if (prefix.kind === messageKind.event) {
          isWhole = messages.readHeader(0);
          if (isWhole) options.onEvent(readEvent(prefix));
        } else if (prefix.kind === messageKind.end) {
          isWhole = messages.readHeader(0);
          if (isWhole) end = readEnd(prefix);
          return isWhole ? "end" : "cut";
        } else {
          isWhole = messages.readHeader(0) && messages.skip(prefix.payloadBytes);
        }
        if (!isWhole) return options.shouldStop() ? "stopped" : "cut";
      }
    },
    get end() {
      return end;
    },
    get lastFrameNumber() {
      return lastFrameNumber;
    },
    get framesWithoutPixels() {
      return framesWithoutPixels;
    },
  };
}
