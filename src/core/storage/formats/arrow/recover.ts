/** Whole batches out of a table of Mote's that was cut or damaged. */

import { crc32 } from "node:zlib";
import { refusal } from "../../../errors.js";
import { FormatProblem } from "../../../format-problem.js";
import { CheckedPixels } from "../../../imaging/checked-pixels.js";
import type { Frame } from "../../../memory/frame.js";
import type { StreamDescriptor } from "../../../model/descriptor.js";
import { column } from "../../../model/detection.js";
import type { StreamEvent } from "../../../model/event.js";
import { eventFault } from "../../../model/event-check.js";
import { isJsonObject, type JsonValue } from "../../../model/json.js";
import { bytesPerPixel } from "../../../model/pixel-format.js";
import type { EndOfStream } from "../../../model/run-report.js";
import { isOfFrame, trackTableOf } from "../../columns/track-table.js";
import { closeOnFailure } from "../../read/close-on-failure.js";
import { type FileSource, openFileSource } from "../../read/file-source.js";
import { recoverFrames, type Salvage } from "../../recover/recover-frames.js";
import type { Recover, Recovery } from "../../recover/recovery.js";
import { loadArrow } from "./library.js";
import {
  type ArrowContent,
  bufferPlace,
  type FoundBatch,
  isAsWritten,
  noteOf,
  readContent,
  readValues,
  sealOf,
} from "./messages.js";
import { hasFrameColumns, readHeader, tensorOf } from "./read.js";
import { runEnd } from "./run-end.js";
import { noteKeys } from "./schema.js";

export const recoverArrow: Recover = async (recovery, context) => {
  const arrow = await loadArrow();
  const source = openFileSource(recovery.path);
  const salvage = await closeOnFailure(source, async () => {
    const content = readContent(arrow, source);
    const { descriptor } = content;
    if (!descriptor || (!descriptor.detections && !hasFrameColumns(content))) {
      const hint = "The library of the program that wrote it reads it as a stream, up to its last whole batch.";
      throw refusal("unsupported", context.where, "was not written by Mote", hint);
    }
    const buffer = descriptor.detections ? -1 : tensorOf(arrow, content.schema.fields).buffer;
    return new ArrowSalvage(source, content, { ...descriptor, hasFrames: !descriptor.detections }, buffer, recovery);
  });
  await recoverFrames(salvage, recovery, context);
};

class ArrowSalvage implements Salvage {
  readonly descriptor: StreamDescriptor;
  readonly mostRows: number;
  readonly isCut: boolean;
  end: EndOfStream | null = null;
  readonly #source: FileSource;
  readonly #content: ArrowContent;
  readonly #buffer: number;
  readonly #recovery: Recovery;
  readonly #checked: CheckedPixels;
  #at = 0;
  #lastFrame = -1;

  constructor(
    source: FileSource,
    content: ArrowContent,
    descriptor: StreamDescriptor,
    buffer: number,
    recovery: Recovery,
  ) {
    this.#source = source;
    this.#content = content;
    this.descriptor = descriptor;
    this.#buffer = buffer;
    this.#recovery = recovery;
    this.#checked = new CheckedPixels(descriptor.shape, descriptor.pixelFormat);
    this.mostRows = content.batches.reduce((most, { rows }) => Math.max(most, rows), 0);
    this.isCut = runEnd(content).isCut;
  }

  async next(frame: Frame, onEvent: (event: StreamEvent) => void): Promise<boolean> {
    const { batches } = this.#content;
    while (this.#at < batches.length) {
      const batch = batches[this.#at++]!;
      await this.#recovery.progress(this.#at, batches.length);
      // Those of earlier versions state no checksum.
      const isBroken = sealOf(batch.notes) !== undefined && !isAsWritten(this.#source, batch);
      const event = isBroken ? undefined : noteOf(batch.notes.get(noteKeys.event));
      if (event !== undefined && eventFault(event) === undefined) onEvent(event as StreamEvent);
      if (batch.rows === 0 && !batch.notes.has(noteKeys.frame)) continue;
      try {
        if (isBroken) throw new FormatProblem("checksum-mismatch", "does not match its checksum");
        if (this.descriptor.detections) this.#fillDetections(frame, batch);
        else await this.#fillFrame(frame, batch);
        this.#lastFrame = frame.header.frameNumber;
        return true;
      } catch (error) {
        if (!(error instanceof FormatProblem)) throw error;
        this.#recovery.lost(`a batch at byte ${batch.at}: ${error.message}`, 1);
      }
    }
    this.#finish();
    return false;
  }

  close(): void {
    this.#source.close();
  }

  #reset({ header }: Frame): void {
    const { pixelFormat, shape, bitDepth } = this.descriptor;
    header.reset(pixelFormat, shape.height, shape.width, shape.width * bytesPerPixel[pixelFormat], bitDepth);
  }

  #fillDetections(frame: Frame, batch: FoundBatch): void {
    const note = noteOf(batch.notes.get(noteKeys.frame)) as JsonValue | undefined;
    if (!isJsonObject(note) || typeof note.number !== "number") {
      throw new FormatProblem("file-damaged", "does not say which frame it is of", batch.at);
    }
    this.#reset(frame);
    frame.header.frameNumber = note.number;
    frame.header.capturedAtNs = BigInt(/^\d{1,19}$/.test(String(note.capturedAtNs)) ? String(note.capturedAtNs) : 0);
    let sum = 0;
    for (const [at, { name, type }] of trackTableOf(this.descriptor.detections!.columns).entries()) {
      const bytes = readValues(this.#source, batch, at, 8);
      sum = crc32(bytes, sum);
      if (isOfFrame(name)) continue;
      const values = type === "int64" ? new BigInt64Array(bytes.buffer) : new Float64Array(bytes.buffer);
      const first = column[name] * batch.rows;
      for (let row = 0; row < batch.rows; row++) frame.detections[first + row] = Number(values[row]);
    }
    if (sum !== note.crc32) throw new FormatProblem("checksum-mismatch", "its detections do not match their checksum");
    frame.rowCount = batch.rows;
  }

  async #fillFrame(frame: Frame, batch: FoundBatch): Promise<void> {
    this.#reset(frame);
    const known = readHeader(this.#source, batch, 0, frame.header);
    const at = bufferPlace(batch, this.#buffer, frame.pixelBytes.length);
    const region = { x: 0, y: 0, ...this.descriptor.shape };
    await this.#checked.read(frame.pixels, region, known, `frame ${frame.header.frameNumber}`, async (target) => {
      this.#source.readInto(new Uint8Array(target.buffer, target.byteOffset, target.byteLength), at);
    });
    frame.pixelsCrc32 = known;
  }

  #finish(): void {
    const { ending } = this.#content;
    const { isComplete, lost, notStored } = runEnd(this.#content);
    if (ending === "end") {
      this.#recovery.finished();
      this.end = { isComplete, lost: lost ?? 0, stages: [], ...(notStored !== undefined && { notStored }) };
      return;
    }
    const what =
      ending === "cut" ? "the table was cut" : `damaged from byte ${ending.byte} on: a message ${ending.fault}`;
    this.#recovery.unfinishedBehind(what, this.#lastFrame + 1, this.descriptor.frameCount);
  }
}
