/**
 * Writes a frame stream: preamble, descriptor, messages of frames and detections, the end and, in files, the index. A message's
 * prefix and header are put together in the writer's own memory and leave in one write with pixels and columns from the slot.
 */
import { crc32 } from "node:zlib";
import type { Frame } from "../memory/frame.js";
import { checksumOf } from "../memory/pixel-checksum.js";
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
  options: StreamWriterOptions,
): StreamWriter {
  const hasDetections = descriptor.detections !== null;
  const columnCount = descriptor.detections?.columns.length ?? 0;
  const index = options.hasIndex ? createIndexWriter() : undefined;
  const frameHead = new Uint8Array(prefixBytes + frameHeaderBytes);
  const detectionsHead = new Uint8Array(prefixBytes + detectionsHeaderBytes);
  const detectionsHeader = new DataView(detectionsHead.buffer, prefixBytes);
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

  /** Adds a frame's message to `views`. */
  function frameMessage(frame: Frame): void {
    const { header } = frame;
    const pixels = frame.pixelBytes.subarray(0, header.height * header.strideBytes);
    const checksum = options.hasChecksums ? checksumOf(frame) : undefined;
    frameHead.set(header.bytes, prefixBytes);
    encodePrefix(frameHead, messageKind.frame, sequence++, frameHeaderBytes, pixels.length, checksum);
    views.push(frameHead, pixels);
  }

  function detectionsMessage(frame: Frame): void {
    const { header } = frame;
    const rowCount = Math.max(0, frame.rowCount);
    const columns = frame.detectionBytes.subarray(0, rowCount * columnCount * 8);
    encodeDetectionsHeader(detectionsHeader, {
      sourceIndex: header.sourceIndex,
      rowCount,
      frameNumber: header.frameNumber,
      deviceFrameNumber: header.deviceFrameNumber,
      capturedAtNs: header.capturedAtNs,
      columnCount,
    });
    const kind = messageKind.detections;
    encodePrefix(detectionsHead, kind, sequence++, detectionsHeaderBytes, columns.length, crc32(columns));
    views.push(detectionsHead, columns);
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
        if (descriptor.hasFrames) frameMessage(frame);
        if (hasDetections && frame.rowCount >= 0) {
          detectionsAt = frameAt + views.reduce((sum, view) => sum + view.length, 0);
          detectionsMessage(frame);
        }
        sink.write(views);
      });
      index?.add(frame.header.frameNumber, descriptor.hasFrames ? frameAt : 0, detectionsAt);
    },
    detections(frame) {
      makeRoomInIndex();
      views.length = 0;
      const at = sink.position;
      write(() => {
        detectionsMessage(frame);
        sink.write(views);
      });
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
