/**
 * A Zarr store of images: every chunk decoded, the pixels of Mote's own against their checksums, shapes against the chunks
 * that are there, the ledger against the frames. Other programs' stores have no checksums beyond those of their codecs.
 */
import { ChecksumMismatch, FormatProblem } from "../../../format-problem.js";
import type { ImageFile } from "../../../imaging/image-file.js";
import { wholeOf } from "../../../imaging/region.js";
import { isJsonObject } from "../../../model/json.js";
import { borrowPixels, bytesPerPixel } from "../../../model/pixel-format.js";
import { formatCount } from "../../../units.js";
import { fileBytes } from "../../files.js";
import { countFates, noLedger, noteLost, noteUnfinished } from "../../verify/lost-frames.js";
import { sampled, sampleStep, type Verification, type Verify, type VerifyOptions } from "../../verify/verification.js";
import { changedColumns } from "./column-checksums.js";
import { type ColumnFault, columnFaults } from "./column-faults.js";
import { ColumnFile } from "./column-file.js";
import type { TableLayout } from "./column-table.js";
import { findImage, type ZarrImage } from "./find-image.js";
import { framesTableOf } from "./frame-columns.js";
import { hasLedger, ledgerTable, readLedger } from "./ledger-columns.js";
import { MissingChunk, openPlanes } from "./plane-reader.js";
import { openZarrImages, recordedDescriptor, recordedLossIn, recordedRows } from "./read.js";
import { pixelFormatOf, readNodeIn } from "./read-node.js";
import { tracksTable } from "./track-columns.js";

export const verifyZarr: Verify = async (path, report, options) => {
  report.bytes = fileBytes(path);
  report.frames = 0;
  let image: ZarrImage;
  let file: ImageFile;
  try {
    image = findImage(path);
    file = await openZarrImages(path);
  } catch (error) {
    if (!(error instanceof FormatProblem)) throw error;
    report.damaged("structure", error.message);
    return;
  }
  try {
    const summed = await checkFrames(file, report, options);
    for (const level of image.levels.slice(1)) await checkLevel(path, level, image, report, options);
    report.checked("structure", formatCount(image.levels.length, "level"));
    if (recordedDescriptor(image)) await checkRecorded(path, image, file, summed, report);
    else {
      report.notChecked("pixels", "Mote did not write this store: there is no checksum of them");
      report.notChecked("end", "Mote did not write this store: nothing says that it was finished");
    }
  } finally {
    file.close();
  }
};

/** Frames that were decoded, and those of them whose pixels were compared with a checksum. */
interface Summed {
  readonly whole: number;
  readonly summed: number;
}

async function checkFrames(file: ImageFile, report: Verification, options: VerifyOptions): Promise<Summed> {
  const { shape, pixelFormat, frameCount } = file.facts;
  const count = shape.height * shape.width;
  const pixels = borrowPixels(pixelFormat, new ArrayBuffer(count * bytesPerPixel[pixelFormat]), 0, count);
  const step = sampleStep(frameCount, options);
  let [bad, summed] = [0, 0];
  for (let index = 0; index < frameCount; index += step) {
    try {
      const { pixelsCrc32 } = await file.readFrame(index, pixels, wholeOf(shape));
      if (pixelsCrc32 !== undefined) summed++;
    } catch (error) {
      bad++;
      tell(report, error, `frame ${index.toLocaleString("en-US")}`, index);
    }
    await report.progress(index, frameCount);
  }
  report.frames = frameCount - bad;
  report.framesExpected = frameCount;
  const decoded = Math.ceil(frameCount / step);
  if (decoded < frameCount) report.notChecked("frames", sampled(frameCount - decoded, frameCount));
  report.checked("decoding", `${step > 1 ? `every ${step}th of ` : ""}${formatCount(frameCount, "frame")}`);
  return { whole: decoded - bad, summed };
}

function tell(report: Verification, error: unknown, name: string, frame: number): void {
  if (!(error instanceof FormatProblem)) throw error;
  const what = `${name}: ${error.message}`;
  if (error instanceof MissingChunk) report.missing("completeness", what, { frame });
  else report.damaged(error instanceof ChecksumMismatch ? "checksums" : "decoding", what, { frame });
}

/** A smaller level has as many planes as the full one, and all of them decode. */
async function checkLevel(
  path: string,
  level: string,
  { array }: ZarrImage,
  report: Verification,
  options: VerifyOptions,
): Promise<void> {
  const node = readNodeIn(path, level);
  if (node?.kind !== "array") return report.missing("structure", `level ${level} is not there`, { file: level });
  const planes = array.shape.slice(0, -2);
  const format = pixelFormatOf(node);
  if (node.shape.length !== array.shape.length || planes.some((extent, axis) => node.shape[axis] !== extent)) {
    report.missing("structure", `level ${level} has planes ${node.shape.slice(0, -2)}, the full one ${planes}`, {
      file: level,
    });
    return;
  }
  if (planes.length !== 1) return;
  const [height, width] = node.shape.slice(-2) as [number, number];
  const target = new Uint8Array(height * width * bytesPerPixel[format]);
  const reader = await openPlanes(node, format, true);
  const step = sampleStep(planes[0]!, options);
  for (let index = 0; index < planes[0]!; index += step) {
    try {
      await reader.read([index], target, wholeOf({ height, width }));
    } catch (error) {
      tell(report, error, `level ${level}, frame ${index.toLocaleString("en-US")}`, index);
    }
    await report.progress(index, planes[0]!);
  }
  reader.close();
}

/** What Mote wrote beside the frames, and whether it closed the store. */
async function checkRecorded(
  path: string,
  image: ZarrImage,
  file: ImageFile,
  { whole, summed }: Summed,
  report: Verification,
): Promise<void> {
  if (summed === whole) report.checked("checksums", "the pixels of every frame that was decoded");
  else
    report.notChecked(
      "pixels",
      `${formatCount(whole - summed, "frame")} without a checksum: only what does not decode is found`,
    );
  const { frameCount } = file.facts;
  const { stored, rows, lost } = countFates(readLedger(path, (what) => report.damaged("ledger", what)));
  const isLedgerThere = hasLedger(path);
  if (isLedgerThere) {
    report.checked("ledger", `${formatCount(rows, "row")}, ${stored.toLocaleString("en-US")} of them stored`);
  } else report.missing("ledger", noLedger);
  noteLost(report, lost);
  const { mote } = image.attributes;
  const isComplete = isJsonObject(mote) && mote.is_complete === true;
  const tell = (table: TableLayout, faults: readonly ColumnFault[]) => {
    for (const { name, what } of faults)
      report.missing("completeness", `${table.folder}/${name} ${what}`, { file: `${table.folder}/${name}` });
  };
  const frames = framesTableOf(path);
  tell(frames, columnFaults(path, frames, frameCount));
  const detections = recordedDescriptor(image)?.detections;
  if (detections) {
    const table = tracksTable(detections.columns);
    const counted = isComplete ? recordedRows(image) : null;
    tell(table, columnFaults(path, table, counted));
    report.rows = ColumnFile.openIfWhole(path, "tracks/frame", "int64")?.promised ?? 0;
  }
  if (isComplete) {
    // A ledger of other frames than there are is told as that.
    const ledger = stored === frameCount ? [ledgerTable] : [];
    const tables = [frames, ...ledger, ...(detections ? [tracksTable(detections.columns)] : [])];
    const changed = changedColumns(path, image.attributes, tables);
    for (const name of changed ?? []) {
      report.damaged("checksums", `${name} does not match its checksum`, { file: name });
    }
    if (!changed) report.notChecked("values", "there is no checksum of the columns in this store");
    noteUnfinished(report, recordedLossIn(image));
  }
  if (isComplete && isLedgerThere && stored !== frameCount) {
    report.damaged("ledger", `the ledger has ${formatCount(stored, "stored frame")}, the store ${frameCount}`);
  }
  const more = await countUnpromised(file);
  if (more > 0)
    report.missing("completeness", `${formatCount(more, "frame")} behind the last are there and not in the shape`);
  if (!isComplete) report.missing("completeness", "was not closed in order");
  report.isEnded = isComplete;
  report.checked("completeness", "the mark that it was closed");
}

/** Whole frames that were stored when the writer died, before the shape said so. */
async function countUnpromised(file: ImageFile): Promise<number> {
  const { shape, pixelFormat, frameCount } = file.facts;
  const count = shape.height * shape.width;
  const pixels = borrowPixels(pixelFormat, new ArrayBuffer(count * bytesPerPixel[pixelFormat]), 0, count);
  for (let more = 0; ; more++) {
    try {
      await file.readFrame(frameCount + more, pixels, wholeOf(shape));
    } catch (error) {
      if (error instanceof FormatProblem) return more;
      throw error;
    }
  }
}
