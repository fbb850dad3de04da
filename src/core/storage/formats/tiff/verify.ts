/**
 * A TIFF: the chain of directories to its end, every page decoded, the pixels of Mote's own against the checksums in their
 * descriptions. Pages of other programs have none: only compression that notices, and a structure that does not fit, tell of
 * damage there.
 */
import { crc32 } from "node:zlib";
import { FormatProblem } from "../../../format-problem.js";
import type { ByteSource } from "../../../imaging/byte-source.js";
import type { ImageFile } from "../../../imaging/image-file.js";
import { wholeOf } from "../../../imaging/region.js";
import { PageDecoder } from "../../../imaging/tiff/decode-page.js";
import { NoFirstPage } from "../../../imaging/tiff/directory.js";
import { parseOme } from "../../../imaging/tiff/ome.js";
import type { PageRecord } from "../../../imaging/tiff/page-json.js";
import { tag } from "../../../imaging/tiff/tags.js";
import { openTiff } from "../../../imaging/tiff/tiff-stack.js";
import { borrowPixels, bytesPerPixel, type PixelArray } from "../../../model/pixel-format.js";
import { formatBytes, formatCount } from "../../../units.js";
import { openFileSource } from "../../read/file-source.js";
import { noteUnfinished } from "../../verify/lost-frames.js";
import { sampled, sampleStep, type Verification, type Verify, type VerifyOptions } from "../../verify/verification.js";
import { readPageNotes } from "./page-notes.js";
import { type Fault, faultOf, type Survey, surveyChain, withHeader } from "./page-survey.js";

export const verifyTiff: Verify = async (path, report, options) => {
  const source = openFileSource(path);
  try {
    report.bytes = source.sizeBytes;
    const survey = surveyed(source, report);
    if (!survey) return;
    const plain = await plainStack(source, survey);
    if (plain) await checkPlain(plain, report, options);
    else await checkPages(survey, report, options);
    checkEnd(source, survey, report, plain !== undefined);
  } finally {
    source.close();
  }
};

/** The pages that there are; undefined when there are none, which is told. */
function surveyed(source: ByteSource, report: Verification): Survey | undefined {
  try {
    return surveyChain(source);
  } catch (error) {
    const fault = faultOf(error, source.sizeBytes);
    const isCut = source.sizeBytes < 16 || fault.isCut;
    const other = isCut ? undefined : withHeader(source);
    const found = other && surveyChain(other);
    report.frames = 0;
    if (error instanceof NoFirstPage && found && isUnlinked(found)) {
      report.missing("completeness", "cut before the header led to the first frame", placeOf(fault));
      return found;
    }
    if (isCut || (error instanceof NoFirstPage && !found)) {
      report.missing("completeness", `cut before the first frame: ${fault.what}`, placeOf(fault));
      report.isRecoverable = false;
    } else report.damaged("structure", fault.what, placeOf(fault));
    return undefined;
  }
}

/** One page of a file that was not finished: its writer leads to it last. */
function isUnlinked(survey: Survey): boolean {
  const { pages } = survey;
  return pages.length === 1 && notesOf(survey).notes?.end === null;
}

/** The first page's description, and what it says. */
function notesOf(survey: Survey): { readonly description: string; readonly notes: PageRecord | undefined } {
  const first = survey.pages[0]?.page;
  const description = first ? readText(survey, first.directory.entries.get(tag.imageDescription)) : "";
  return { description, notes: first && readPageNotes(description, first) };
}

function placeOf({ byte }: Fault): { byte?: number } {
  return byte === null ? {} : { byte };
}

/** A stack with one directory for many images, as ImageJ writes beyond 4 GB; undefined for others. */
async function plainStack(source: ByteSource, survey: Survey): Promise<ImageFile | undefined> {
  if (survey.pages.length !== 1 || survey.chainFault) return undefined;
  try {
    const file = await openTiff(source, () => {});
    return file.facts.frameCount > 1 ? file : undefined;
  } catch (error) {
    if (error instanceof FormatProblem) return undefined;
    throw error;
  }
}

async function checkPlain(file: ImageFile, report: Verification, options: VerifyOptions): Promise<void> {
  const { shape, pixelFormat, frameCount } = file.facts;
  const pixels = roomFor(pixelFormat, shape.height * shape.width);
  const step = sampleStep(frameCount, options);
  for (let index = 0; index < frameCount; index += step) {
    await file.readFrame(index, pixels, wholeOf(shape));
    await report.progress(index, frameCount);
  }
  report.frames = frameCount;
  report.checked("decoding", `${formatCount(frameCount, "frame")} behind one directory`);
  report.notChecked("pixels", "there is no checksum of them: only a file that is too short is found");
}

function roomFor(pixelFormat: keyof typeof bytesPerPixel, count: number): PixelArray {
  return borrowPixels(pixelFormat, new ArrayBuffer(count * bytesPerPixel[pixelFormat]), 0, count);
}

async function checkPages(survey: Survey, report: Verification, options: VerifyOptions): Promise<void> {
  const { reader, pages } = survey;
  const decoder = new PageDecoder(reader);
  const step = sampleStep(pages.length, options);
  let pixels: PixelArray | undefined;
  let good = 0;
  let decoded = 0;
  let unsummed = 0;
  for (const [index, { offset, page, fault: known }] of pages.entries()) {
    let fault = known;
    let isChanged = false;
    if (!fault && page && (index % step === 0 || index === pages.length - 1)) {
      decoded++;
      try {
        const count = page.width * page.height;
        if (pixels?.length !== count || pixels.BYTES_PER_ELEMENT !== bytesPerPixel[page.pixelFormat])
          pixels = undefined;
        pixels ??= roomFor(page.pixelFormat, count);
        await decoder.prepare(page.compression);
        decoder.decode(page, pixels, wholeOf(page));
        const sum = readPageNotes(
          readText(survey, page.directory.entries.get(tag.imageDescription)),
          page,
        )?.pixelsCrc32;
        if (sum === undefined) unsummed++;
        else isChanged = crc32(new Uint8Array(pixels.buffer)) !== sum;
      } catch (error) {
        fault = faultOf(error, reader.source.sizeBytes);
      }
    }
    const name = `frame ${index.toLocaleString("en-US")}`;
    const place = { frame: index, byte: fault?.byte ?? offset };
    if (isChanged) report.damaged("checksums", `${name}: its pixels do not match their checksum`, place);
    else if (!fault) good++;
    else if (fault.isCut) report.missing("completeness", `${name}: ${fault.what}`, place);
    else report.damaged("decoding", `${name}: ${fault.what}`, place);
    await report.progress(index, pages.length);
  }
  report.frames = good;
  const ofAll = step > 1 ? ` of ${pages.length.toLocaleString("en-US")}` : "";
  if (step > 1) report.notChecked("frames", sampled(pages.length - decoded, pages.length));
  report.checked("decoding", `${decoded.toLocaleString("en-US")}${ofAll} ${pages.length === 1 ? "page" : "pages"}`);
  if (unsummed < decoded) report.checked("checksums", `the pixels of ${formatCount(decoded - unsummed, "page")}`);
  if (unsummed > 0) report.notChecked("pixels", "there is no checksum of them: only what does not decode is found");
}

/** The end of the chain, bytes behind it, and what the descriptions say of how many frames there are. */
function checkEnd(source: ByteSource, survey: Survey, report: Verification, isPlain: boolean): void {
  const { pages, chainFault, extentBytes } = survey;
  const last = pages.length - 1;
  const where = last < 0 ? "before the first frame" : `after frame ${last.toLocaleString("en-US")}`;
  if (chainFault) {
    const what = `${chainFault.isCut ? "cut" : "the chain of pages breaks"} ${where}: ${chainFault.what}`;
    if (chainFault.isCut) report.missing("completeness", what, placeOf(chainFault));
    else report.damaged("structure", what, placeOf(chainFault));
  }
  report.checked("structure", `${formatCount(pages.length, "page")} in the chain`);
  const { description, notes } = notesOf(survey);
  const isOurs = notes !== undefined;
  const ome = isOurs ? parseOme(description) : undefined;
  if (ome) {
    report.framesExpected = ome.sizeT;
    report.checked("ledger", `SizeT of the OME-XML is ${ome.sizeT.toLocaleString("en-US")}`);
    const difference = ome.sizeT - pages.length;
    if (difference > 0)
      report.missing("ledger", `the OME-XML counts ${formatCount(ome.sizeT, "frame")}, the chain has ${pages.length}`);
    // A writer that was killed had linked a page and not yet counted it: all it said it had stored is there.
    else if (difference < 0)
      report.missing(
        "ledger",
        `the OME-XML counts ${formatCount(ome.sizeT, "frame")}, the chain has ${pages.length}: it was not closed in order`,
      );
  }
  checkMark(notes, pages.length, report);
  if (isPlain || chainFault) return;
  const rest = source.sizeBytes - extentBytes;
  if (rest < 0 && report.verdict !== "damaged") {
    const what = `cut ${where}: a page speaks of bytes up to ${extentBytes.toLocaleString("en-US")}, the file ends before`;
    if (-rest > 4 * source.sizeBytes + 1e9) report.damaged("structure", what);
    else report.missing("completeness", what, { byte: source.sizeBytes });
  }
  // Values begin on even bytes: one more is padding.
  else if (rest > 1 && isOurs) {
    const what = `cut ${where}: ${formatBytes(rest)} behind it are of a page that was not finished`;
    report.missing("completeness", what, { byte: extentBytes });
  } else if (rest > 1) report.note(`${formatBytes(rest)} behind the last page are spoken of by none`);
  report.checked("completeness", isOurs && !ome ? "what is behind the last page" : "the end of the chain");
}

/** What the first page says of the end; a page of another program says nothing. */
function checkMark(notes: PageRecord | undefined, pages: number, report: Verification): void {
  const end = notes?.end;
  if (end === null) {
    report.framesExpected = null;
    report.missing("completeness", "the file was not closed in order, as its first page says");
  } else if (!notes) report.notChecked("end", "Mote did not write this file: nothing says that it was finished");
  else if (end === undefined) report.notChecked("end", "the first page does not say whether the file was finished");
  if (!end) return;
  report.isEnded = true;
  report.framesExpected = end.frames;
  report.checked("ledger", `${formatCount(end.frames, "frame")}, as the first page says`);
  const chained = `the first page counts ${formatCount(end.frames, "frame")}, the chain has ${pages.toLocaleString("en-US")}`;
  if (pages < end.frames) report.missing("ledger", chained);
  else if (pages > end.frames) report.damaged("ledger", chained);
  if (end.lost > 0) report.note(`${formatCount(end.lost, "frame")} lost while recording, as the first page says`);
  if (end.notStored > 0) {
    report.missing("completeness", `${formatCount(end.notStored, "frame")} that came could not be stored`);
  }
  noteUnfinished(report, end);
}

function readText({ reader }: Survey, entry: Parameters<Survey["reader"]["text"]>[0]): string {
  try {
    return reader.text(entry);
  } catch (error) {
    if (error instanceof FormatProblem) return "";
    throw error;
  }
}
