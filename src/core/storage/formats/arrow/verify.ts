/** A table of Arrow: its messages, the checksums of Mote's own rows and pixels, and whether it was closed. */
import { crc32 } from "node:zlib";
import { FormatProblem } from "../../../format-problem.js";
import type { ByteSource } from "../../../imaging/byte-source.js";
import { wholeOf } from "../../../imaging/region.js";
import { isJsonObject, type JsonValue } from "../../../model/json.js";
import { borrowPixels, bytesPerPixel } from "../../../model/pixel-format.js";
import { formatCount } from "../../../units.js";
import { openFileSource } from "../../read/file-source.js";
import { noteUnfinished } from "../../verify/lost-frames.js";
import { sampled, sampleStep, type Verify } from "../../verify/verification.js";
import { loadArrow } from "./library.js";
import {
  type ArrowContent,
  bytesAt,
  type FoundBatch,
  isAsWritten,
  noteOf,
  readContent,
  readValues,
  sealOf,
} from "./messages.js";
import { arrowFile, hasFrameColumns } from "./read.js";
import { runEnd } from "./run-end.js";
import { noteKeys } from "./schema.js";
import { isSealed } from "./seal.js";

export const verifyArrow: Verify = async (path, report, options) => {
  const arrow = await loadArrow();
  const source = openFileSource(path);
  try {
    report.bytes = source.sizeBytes;
    const content = contentIn();
    if (!content) return;
    const { descriptor, batches, ending, schema } = content;
    const end = runEnd(content);
    const filled = batches.filter(({ rows, notes }) => rows > 0 || notes.has(noteKeys.frame));
    report.checked("structure", `${formatCount(batches.length, "message")} with rows or notes`);
    if (typeof ending === "object") {
      report.damaged("structure", `a message ${ending.fault}`, { byte: ending.byte });
    }
    const isOurs = checkSeals(content);
    if (descriptor?.detections) {
      await checkDetections(source, filled, schema.fields.length);
    } else if (hasFrameColumns(content) && typeof ending === "string") await checkFrames();
    else {
      report.rows = filled.reduce((sum, { rows }) => sum + rows, 0);
      if (!isOurs) report.notChecked("values", "a table of another program has no checksums");
    }
    if (ending === "cut")
      report.missing("completeness", "the mark of its end is not there", { byte: source.sizeBytes });
    else if (ending === "end" && schemaIsOfFile() && !hasFooter()) {
      report.missing("completeness", "the footer behind the mark of the end is not there", { byte: source.sizeBytes });
    } else if (ending === "end" && isOurs && schemaIsOfFile() && !isFooterWhole(content)) {
      report.damaged("checksums", "the footer does not match its checksum", { byte: source.sizeBytes });
    } else if (ending === "end") {
      report.isEnded = true;
      if (descriptor) noteUnfinished(report, end);
      if (end.notStored) {
        report.missing(
          "completeness",
          `${formatCount(end.notStored, "frame")} that came could not be stored, as its end says`,
        );
      }
    }
    if (end.frames !== null && report.frames !== null) {
      report.framesExpected = end.frames;
      if (end.frames !== filled.length && report.verdict !== "damaged") {
        report.missing("ledger", `its end counts ${formatCount(end.frames, "frame")}, there are ${filled.length}`);
      }
      report.checked("ledger", formatCount(end.frames, "frame"));
    }
    report.checked("completeness", "the mark of the end");

    function schemaIsOfFile(): boolean {
      return content!.schemaAt > 0;
    }
  } finally {
    source.close();
  }

  function contentIn() {
    try {
      return readContent(arrow, source);
    } catch (error) {
      if (!(error instanceof FormatProblem)) throw error;
      const place = error.byte === undefined ? {} : { byte: error.byte };
      if (error.code === "file-cut") report.missing("completeness", error.message, place);
      else report.damaged("structure", error.message, place);
      return undefined;
    }
  }

  /** Of what every message says of itself; false where none does, as in a table of another program. */
  function checkSeals({ schemaAt, schemaEnd, batches }: ArrowContent): boolean {
    if (!batches.some(({ notes }) => sealOf(notes))) return false;
    if (!isSealed(bytesAt(source, schemaAt + 8, schemaEnd))) {
      report.damaged("checksums", "the schema does not match its checksum", { byte: schemaAt });
    }
    for (const batch of batches) {
      if (isAsWritten(source, batch)) continue;
      const note = noteOf(batch.notes.get(noteKeys.frame)) as JsonValue | undefined;
      const frame = isJsonObject(note) && typeof note.number === "number" ? { frame: note.number } : {};
      const what = sealOf(batch.notes) === "head" ? "what a batch says of itself" : "a batch";
      report.damaged("checksums", `${what} does not match its checksum`, { byte: batch.at, ...frame });
    }
    report.checked("checksums", formatCount(batches.length + 1, "message"));
    return true;
  }

  /** Behind the last message are the mark of the end, the footer, its length and the magic. */
  function isFooterWhole({ batches, schemaEnd }: ArrowContent): boolean {
    const from = (batches.at(-1)?.nextAt ?? schemaEnd) + 8;
    const to = source.sizeBytes - 10;
    if (to <= from) return false;
    const footer = bytesAt(source, from, to);
    const length = new DataView(bytesAt(source, to, to + 4).buffer).getInt32(0, true);
    return length === footer.length && isSealed(footer);
  }

  function hasFooter(): boolean {
    const tail = Buffer.alloc(6);
    source.readInto(tail, source.sizeBytes - 6);
    return tail.toString("latin1") === "ARROW1";
  }

  async function checkDetections(file: ByteSource, filled: readonly FoundBatch[], columns: number): Promise<void> {
    let [frames, rows] = [0, 0];
    for (const batch of filled) {
      const note = noteOf(batch.notes.get(noteKeys.frame)) as JsonValue | undefined;
      const number = isJsonObject(note) && typeof note.number === "number" ? note.number : undefined;
      const place = { byte: batch.at, ...(number !== undefined && { frame: number }) };
      if (number === undefined || !isJsonObject(note)) {
        report.damaged("decoding", "a batch does not say which frame it is of", place);
      } else if (sumOf(file, batch, columns) !== note.crc32) {
        report.damaged("checksums", `frame ${number}: its detections do not match their checksum`, place);
      } else {
        frames++;
        rows += batch.rows;
      }
      await report.progress(batch.nextAt, file.sizeBytes);
    }
    report.frames = frames;
    report.rows = rows;
    report.checked("checksums", `the detections of ${formatCount(filled.length, "frame")}`);
  }

  async function checkFrames(): Promise<void> {
    const file = await arrowFile.open(path);
    try {
      const { shape, pixelFormat, frameCount } = file.facts;
      const count = shape.height * shape.width;
      const pixels = borrowPixels(pixelFormat, new ArrayBuffer(count * bytesPerPixel[pixelFormat]), 0, count);
      const step = sampleStep(frameCount, options);
      let [whole, looked] = [0, 0];
      for (let index = 0; index < frameCount; index += step) {
        looked++;
        try {
          await file.readFrame(index, pixels, wholeOf(shape));
          whole++;
        } catch (error) {
          if (!(error instanceof FormatProblem)) throw error;
          report.damaged("checksums", `frame ${index}: ${error.message}`, { frame: index });
        }
        await report.progress(index + 1, frameCount);
      }
      report.frames = step === 1 ? whole : frameCount - (looked - whole);
      if (looked < frameCount) report.notChecked("frames", sampled(frameCount - looked, frameCount));
      report.checked("checksums", `the pixels of ${formatCount(looked, "frame")}`);
    } finally {
      file.close();
    }
  }
};

/** CRC-32 of the values of all columns, one behind the other, as `mote.frame` has it. */
function sumOf(file: ByteSource, batch: FoundBatch, columns: number): number | undefined {
  try {
    let sum = 0;
    for (let at = 0; at < columns; at++) sum = crc32(readValues(file, batch, at, 8), sum);
    return sum;
  } catch (error) {
    if (error instanceof FormatProblem) return undefined;
    throw error;
  }
}
