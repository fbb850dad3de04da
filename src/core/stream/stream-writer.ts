/** Writes a frame stream: preamble, descriptor, then slots as they stand, the end and, in files, the index. */
import { crc32 } from "node:zlib";
import type { Frame } from "../memory/frame.js";
import { checksumOf } from "../memory/pixel-checksum.js";
import { type SlotGeometry, slotLayout } from "../memory/slot-layout.js";
import type { StreamDescriptor } from "../model/descriptor.js";
import type { StreamEvent } from "../model/event.js";
import { frameHeaderBytes } from "../model/frame-header.js";
import type { EndOfStream } from "../model/run-report.js";
import type { ByteSink } from "./byte-pipe.js";
import { createIndexWriter } from "./index-writer.js";
import {
  detectionsHeaderBytes,
  encodeDetectionsHeader,
  encodePrefix,
  messageKind,
  preamble,
  prefixBytes,
} from "./message.js";

/** A message that the sink refused leaves the writer as it was: with a sink that takes all or nothing it may be tried again. */
export interface StreamWriter {
  frame(frame: Frame): void;
  /** The detections of a frame whose pixels are not written, in a stream that has both. */
  detections(frame: Frame): void;
  event(event: StreamEvent): void;
  /** Writes the end message and, in files, the rest of the index; nothing may follow. */
  end(end: EndOfStream): void;
}

export interface StreamWriterOptions {
  /** The frames' messages carry the checksums of their pixels, too. */
  readonly hasChecksums: boolean;
  /** Index for random access: in files. */
  readonly hasIndex: boolean;
}

export function createStreamWriter(
  sink: ByteSink,
  descriptor: StreamDescriptor,
  geometry: SlotGeometry,
  options: StreamWriterOptions,
): StreamWriter {
  const layout = slotLayout(geometry);
  const hasDetections = descriptor.detections !== null;
  const columnCount = descriptor.detections?.columns.length ?? 0;
  const index = options.hasIndex ? createIndexWriter() : undefined;
  const views: Uint8Array[] = [];
  let sequence = 0;

  /** A sequence number is used up only by a message that was written. */
  function write(work: () => void): void {
    const before = sequence;
    try {
      work();
    } catch (error) {
      sequence = before;
      throw error;
    }
  }

  function json(kind: number, value: unknown): void {
    const payload = Buffer.from(JSON.stringify(value));
    const prefix = new Uint8Array(prefixBytes);
    write(() => {
      encodePrefix(prefix, kind, sequence++, 0, payload.length, crc32(payload));
      sink.write([prefix, payload]);
    });
  }

  function makeRoomInIndex(): void {
    if (index?.isFull) write(() => index.write(sink, sequence++));
  }

  /** Completes the prefix in front of the pixels and returns the message's bytes. */
  function frameMessage(frame: Frame): Uint8Array {
    const payloadBytes = frame.header.height * frame.header.strideBytes;
    const message = frame.bytes.subarray(layout.framePrefixAt, layout.pixelsAt + payloadBytes);
    const checksum = options.hasChecksums ? checksumOf(frame) : undefined;
    encodePrefix(message, messageKind.frame, sequence++, frameHeaderBytes, payloadBytes, checksum);
    return message;
  }

  function detectionsMessage(frame: Frame): Uint8Array {
    const rowCount = Math.max(0, frame.rowCount);
    const payloadBytes = rowCount * columnCount * 8;
    const at = layout.detectionsAt;
    encodeDetectionsHeader(
      new DataView(frame.bytes.buffer, frame.bytes.byteOffset + layout.detectionsHeaderAt, detectionsHeaderBytes),
      {
        sourceIndex: frame.header.sourceIndex,
        rowCount,
        frameNumber: frame.header.frameNumber,
        deviceFrameNumber: frame.header.deviceFrameNumber,
        capturedAtNs: frame.header.capturedAtNs,
        columnCount,
      },
    );
    const message = frame.bytes.subarray(layout.detectionsPrefixAt, at + payloadBytes);
    const payload = frame.bytes.subarray(at, at + payloadBytes);
    encodePrefix(message, messageKind.detections, sequence++, detectionsHeaderBytes, payloadBytes, crc32(payload));
    return message;
  }

  sink.write([preamble]);
  json(messageKind.descriptor, descriptor);

  return {
    frame(frame) {
      makeRoomInIndex();
      views.length = 0;
      const frameAt = sink.position;
      let detectionsAt = 0;
      write(() => {
        if (descriptor.hasFrames) views.push(frameMessage(frame));
        if (hasDetections && frame.rowCount >= 0) {
          detectionsAt = frameAt + (views[0]?.length ?? 0);
          views.push(detectionsMessage(frame));
        }
        sink.write(views);
      });
      index?.add(frame.header.frameNumber, descriptor.hasFrames ? frameAt : 0, detectionsAt);
    },
    detections(frame) {
      makeRoomInIndex();
      const at = sink.position;
      write(() => sink.write([detectionsMessage(frame)]));
      index?.add(frame.header.frameNumber, 0, at);
    },
    event(event) {
      json(messageKind.event, event);
    },
    end(end) {
      json(messageKind.end, end);
      if (index) {
        write(() => index.write(sink, sequence++));
        index.writeFooter(sink);
      }
    },
  };
}
