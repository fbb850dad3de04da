/** Mote's own recordings (docs/frame-stream.md) as a file of images: any frame by its place, found through the index. */
import { crc32 } from "node:zlib";
import { OverBudget } from "../../../budget.js";
import { FormatProblem } from "../../../format-problem.js";
import { requireBytes } from "../../../imaging/byte-source.js";
import type { FramePlace, ImageFile } from "../../../imaging/image-file.js";
import { copyOverlap, type Region } from "../../../imaging/region.js";
import type { StreamDescriptor } from "../../../model/descriptor.js";
import { endFault } from "../../../model/end-check.js";
import type { FateEvent, StreamEvent } from "../../../model/event.js";
import { eventFault, isFateEvent } from "../../../model/event-check.js";
import { FrameHeader, frameHeaderBytes } from "../../../model/frame-header.js";
import { parseJson, parseJsonObject } from "../../../model/json.js";
import { bytesPerPixel, type PixelArray } from "../../../model/pixel-format.js";
import { lossOfEnd, type RecordedLoss } from "../../../model/recorded-loss.js";
import { decodeDescriptor } from "../../../stream/check-descriptor.js";
import {
  flagPayloadChecksum,
  footerBytes,
  footerMagic,
  indexEntryBytes,
  indexHeaderBytes,
  maxJsonBytes,
  messageKind,
  preamble,
  preambleFault,
  prefixBytes,
} from "../../../stream/message.js";
import { MessageHead } from "../../../stream/message-head.js";
import { closeOnFailure } from "../../read/close-on-failure.js";
import { type FileSource, openFileSource } from "../../read/file-source.js";
import type { ImageFormat } from "../format.js";

const cutHint = "It was cut short; `mote archive --input FILE --allow-truncated --out NEW.mote` takes what is there.";

/** Reads messages of one file, one after the other. */
class Heads extends MessageHead {
  readonly #source: FileSource;

  constructor(source: FileSource) {
    super();
    this.#source = source;
  }

  /** Prefix and header at `offset`, the header's checksum checked. Returns the payload's offset. */
  read(offset: number): number {
    const fault = this.readAt(this.#source, offset);
    if (fault === "no message") {
      throw new FormatProblem("file-damaged", "expected a message of the frame stream, got something else", offset);
    }
    const { headerBytes } = this.prefix;
    if (fault === "cut") requireBytes(this.#source.sizeBytes, offset, prefixBytes + headerBytes);
    if (fault === "its header is too long") {
      throw new FormatProblem("file-damaged", `claims a header of ${headerBytes} bytes`, offset);
    }
    if (fault) throw new FormatProblem("checksum-mismatch", "the message's header does not match its checksum", offset);
    return offset + prefixBytes + headerBytes;
  }

  /** The payload behind the head just read, its checksum verified where there is one. */
  readPayload(payloadAt: number, target: Uint8Array): void {
    this.#source.readInto(target, payloadAt);
    if (this.prefix.flags & flagPayloadChecksum && crc32(target) !== this.prefix.payloadChecksum) {
      throw new FormatProblem(
        "checksum-mismatch",
        `message ${this.prefix.sequence} does not match its checksum`,
        payloadAt,
      );
    }
  }
}

function readDescriptorAt(source: FileSource, heads: Heads): { descriptor: StreamDescriptor; next: number } {
  const head = new Uint8Array(preamble.length);
  source.readInto(head, 0);
  const fault = preambleFault(head);
  if (fault) throw new FormatProblem(fault.code, fault.what, 0);
  const payloadAt = heads.read(preamble.length);
  if (heads.prefix.kind !== messageKind.descriptor || heads.prefix.payloadBytes > maxJsonBytes) {
    throw new FormatProblem("file-damaged", "expected the stream's descriptor", preamble.length);
  }
  const payload = new Uint8Array(heads.prefix.payloadBytes);
  heads.readPayload(payloadAt, payload);
  const descriptor = decodeDescriptor(parseJsonObject(Buffer.from(payload).toString("utf8")));
  if (typeof descriptor === "string")
    throw new FormatProblem("file-damaged", `the descriptor ${descriptor}`, preamble.length);
  return { descriptor, next: payloadAt + payload.length };
}

/** Offsets of all frame messages in the order of the recording: from the index, or by going from message to message. */
function frameOffsets(source: FileSource, heads: Heads, first: number): Float64Array {
  const footer = new Uint8Array(footerBytes);
  if (source.sizeBytes >= first + footerBytes) source.readInto(footer, source.sizeBytes - footerBytes);
  const isIndexed = footerMagic.every((byte, i) => footer[8 + i] === byte);
  return isIndexed
    ? fromIndex(source, heads, Number(new DataView(footer.buffer).getBigUint64(0, true)))
    : byScanning(source, heads, first);
}

function fromIndex(source: FileSource, heads: Heads, lastPieceAt: number): Float64Array {
  const pieces: Float64Array[] = [];
  let total = 0;
  for (let at = lastPieceAt; at !== 0; ) {
    const payloadAt = heads.read(at);
    const { kind, payloadBytes } = heads.prefix;
    if (kind !== messageKind.index || payloadBytes > source.sizeBytes)
      throw new FormatProblem("file-damaged", "expected a piece of the index", at);
    const before = Number(new DataView(heads.bytes.buffer, prefixBytes, indexHeaderBytes).getBigUint64(0, true));
    const payload = new Uint8Array(payloadBytes);
    heads.readPayload(payloadAt, payload);
    const view = new DataView(payload.buffer);
    // 0: a frame whose pixels were not stored has its detections there only.
    const offsets = Float64Array.from({ length: payloadBytes / indexEntryBytes }, (_, i) =>
      Number(view.getBigUint64(i * indexEntryBytes + 8, true)),
    ).filter((offset) => offset !== 0);
    pieces.unshift(offsets);
    total += offsets.length;
    if (before >= at) throw new FormatProblem("file-damaged", "the index points forward", at);
    at = before;
  }
  const all = new Float64Array(total);
  let filled = 0;
  for (const piece of pieces) {
    all.set(piece, filled);
    filled += piece.length;
  }
  return all;
}

function byScanning(source: FileSource, heads: Heads, first: number): Float64Array {
  const offsets: number[] = [];
  for (let at = first; ; ) {
    if (at >= source.sizeBytes)
      throw new FormatProblem("file-cut", `the recording has no end after ${offsets.length} frames`, at, cutHint);
    let payloadAt: number;
    try {
      payloadAt = heads.read(at);
    } catch (error) {
      if (!(error instanceof FormatProblem) || at + prefixBytes + frameHeaderBytes < source.sizeBytes) throw error;
      throw new FormatProblem("file-cut", `the recording has no end after ${offsets.length} frames`, at, cutHint);
    }
    const { kind, payloadBytes } = heads.prefix;
    if (kind === messageKind.end) return Float64Array.from(offsets);
    if (kind === messageKind.frame && payloadAt + payloadBytes <= source.sizeBytes) offsets.push(at);
    at = payloadAt + payloadBytes;
  }
}

/** JSON of the message whose head was just read; `name` is for complaints. */
function readJson(
  heads: Heads,
  payloadAt: number,
  name: string,
  faultOf: (value: unknown) => string | undefined,
): unknown {
  if (heads.prefix.payloadBytes > maxJsonBytes) throw new FormatProblem("too-large", `${name} is too long`, payloadAt);
  const payload = new Uint8Array(heads.prefix.payloadBytes);
  heads.readPayload(payloadAt, payload);
  let value: unknown;
  try {
    value = parseJson(Buffer.from(payload).toString("utf8"));
  } catch (error) {
    const what = error instanceof OverBudget ? error.message : "is no JSON";
    throw new FormatProblem("file-damaged", `${name} ${what}`, payloadAt, undefined, error);
  }
  const fault = faultOf(value);
  if (fault) throw new FormatProblem("file-damaged", `${name} ${fault}`, payloadAt);
  return value;
}

/** What the recording's end says of losses, from the last frame on, and where the end message stands. */
function readEnd(source: FileSource, heads: Heads, from: number): { recordedLoss: RecordedLoss; endAt: number } {
  for (let at = from; at + prefixBytes <= source.sizeBytes; ) {
    const payloadAt = heads.read(at);
    if (heads.prefix.kind === messageKind.end) {
      return { recordedLoss: lossOfEnd(readJson(heads, payloadAt, "the end message", endFault)), endAt: at };
    }
    at = payloadAt + heads.prefix.payloadBytes;
  }
  throw new FormatProblem("file-cut", "the recording has no end", source.sizeBytes, cutHint);
}

/** Events between two messages that say what became of frames. */
function* fateEvents(source: FileSource, from: number, to: number): Generator<FateEvent> {
  const heads = new Heads(source);
  for (let at = from; at < to; ) {
    const payloadAt = heads.read(at);
    if (heads.prefix.kind === messageKind.event) {
      const event = readJson(heads, payloadAt, "an event", eventFault) as StreamEvent;
      if (isFateEvent(event)) yield event;
    }
    at = payloadAt + heads.prefix.payloadBytes;
  }
}

export const moteFile: ImageFormat = {
  open(path) {
    const source = openFileSource(path);
    return closeOnFailure(source, async () => openRecording(source));
  },
};

function openRecording(source: FileSource): ImageFile {
  const heads = new Heads(source);
  const { descriptor, next } = readDescriptorAt(source, heads);
  if (!descriptor.hasFrames) {
    throw new FormatProblem(
      "nothing-in-it",
      "holds detections without frames",
      undefined,
      "Read it with mote archive --input FILE.mote --out FILE.csv.",
    );
  }
  const offsets = frameOffsets(source, heads, next);
  const { shape, pixelFormat } = descriptor;
  const rowBytes = shape.width * bytesPerPixel[pixelFormat];
  const { recordedLoss, endAt } = readEnd(source, heads, offsets.at(-1) ?? next);
  const recorded = new FrameHeader(heads.bytes.buffer, prefixBytes);
  let whole: Uint8Array | undefined;

  return {
    facts: {
      pixelFormat,
      shape,
      bitDepth: descriptor.bitDepth,
      frameCount: offsets.length,
      pixelSizeUm: descriptor.pixelSizeUm,
      rateHz: descriptor.rateHz,
      metadata: { format: "mote", recording: descriptor.source },
      recordedLoss,
      ...(descriptor.numberStep && { numberStep: descriptor.numberStep }),
    },
    losses(after, before) {
      const from = after < 0 ? next : offsets[after]!;
      return fateEvents(source, from, before < offsets.length ? offsets[before]! : endAt);
    },
    readFrame(index: number, pixels: PixelArray, region: Region): FramePlace {
      const at = offsets[index]!;
      const payloadAt = heads.read(at);
      const { kind, payloadBytes } = heads.prefix;
      const isHeader = kind === messageKind.frame && heads.prefix.headerBytes >= frameHeaderBytes;
      const isFrame = isHeader && recorded.pixelFormat === pixelFormat && recorded.codec === 0;
      if (
        !isFrame ||
        recorded.width !== shape.width ||
        recorded.height !== shape.height ||
        payloadBytes !== recorded.strideBytes * shape.height ||
        recorded.strideBytes < rowBytes
      ) {
        throw new FormatProblem(
          "file-damaged",
          `expected a frame of ${shape.width}x${shape.height} ${pixelFormat}`,
          at,
        );
      }
      const target = new Uint8Array(pixels.buffer, pixels.byteOffset, pixels.byteLength);
      let pixelsCrc32: number | undefined;
      if (region.width === shape.width && region.height === shape.height && recorded.strideBytes === rowBytes) {
        heads.readPayload(payloadAt, target);
        if (heads.prefix.flags & flagPayloadChecksum) pixelsCrc32 = heads.prefix.payloadChecksum;
      } else {
        // The checksum covers the whole frame, so the whole frame is read.
        if (whole?.length !== payloadBytes) whole = new Uint8Array(payloadBytes);
        heads.readPayload(payloadAt, whole);
        const pixelBytes = bytesPerPixel[pixelFormat];
        for (let y = 0; y < shape.height; y++) {
          const row = whole.subarray(y * recorded.strideBytes, y * recorded.strideBytes + rowBytes);
          copyOverlap(row, 0, y, shape.width, 1, target, region, pixelBytes);
        }
      }
      return {
        channelIndex: recorded.channelIndex,
        zIndex: recorded.zIndex,
        positionIndex: recorded.positionIndex,
        capturedAtNs: recorded.capturedAtNs,
        recorded,
        ...(pixelsCrc32 === undefined ? {} : { pixelsCrc32 }),
      };
    },
    close: () => source.close(),
  };
}
