/** Whole pages out of a damaged or cut TIFF: those of the chain, and those that a broken chain no longer leads to. */
import { FormatProblem } from "../../../format-problem.js";
import type { ByteSource } from "../../../imaging/byte-source.js";
import { wholeOf } from "../../../imaging/region.js";
import { PageDecoder } from "../../../imaging/tiff/decode-page.js";
import { parseOme } from "../../../imaging/tiff/ome.js";
import type { TiffPage } from "../../../imaging/tiff/page.js";
import type { PageRecord } from "../../../imaging/tiff/page-json.js";
import { tag } from "../../../imaging/tiff/tags.js";
import { openTiff } from "../../../imaging/tiff/tiff-stack.js";
import type { Frame } from "../../../memory/frame.js";
import { hasItsPixels } from "../../../memory/pixel-checksum.js";
import type { StreamDescriptor } from "../../../model/descriptor.js";
import type { StreamEvent } from "../../../model/event.js";
import { bytesPerPixel } from "../../../model/pixel-format.js";
import type { EndOfStream } from "../../../model/run-report.js";
import { decodeDescriptor } from "../../../stream/check-descriptor.js";
import { formatCount } from "../../../units.js";
import { closeOnFailure } from "../../read/close-on-failure.js";
import { openFileSource } from "../../read/file-source.js";
import { damagedReason, nothingWhole, recoverFrames, type Salvage } from "../../recover/recover-frames.js";
import type { Recover, RecoverContext, Recovery } from "../../recover/recovery.js";
import { readPageNotes, readStreamNotes } from "./page-notes.js";
import {
  faultOf,
  type Survey,
  type SurveyedPage,
  searchDirectories,
  surveyChain,
  surveyPage,
  withHeader,
} from "./page-survey.js";

export const recoverTiff: Recover = async (recovery, context) => {
  const source = openFileSource(recovery.path);
  const salvage = await closeOnFailure(source, () => openSalvage(source, recovery, context, () => source.close()));
  await recoverFrames(salvage, recovery, context);
};

async function openSalvage(
  source: ByteSource,
  recovery: Recovery,
  { where }: RecoverContext,
  close: () => void,
): Promise<Salvage> {
  let readable: ByteSource = source;
  let survey: Survey;
  try {
    survey = surveyChain(source);
  } catch (error) {
    if (!(error instanceof FormatProblem)) throw error;
    const other = withHeader(source);
    if (!other) throw nothingWhole(where);
    recovery.note(`its header leads to no page (${error.message}); pages were found without it`);
    readable = other;
    survey = surveyChain(other);
  }
  const pages = [...survey.pages];
  if (survey.chainFault || pages.some(({ fault }) => fault)) pages.push(...strayPages(readable, survey));
  const first = pages.find(({ page, fault }) => page && !fault)?.page;
  if (!first) throw nothingWhole(where);
  const ordinal = pages.filter(({ page }) => !page || isAlike(page, first));
  if (ordinal.length < pages.length) {
    recovery.note(`${pages.length - ordinal.length} pages of another shape or type were left out`);
  }
  const descriptor = await describe(readable, survey, pages, first, recovery);
  return new TiffSalvage(survey, ordinal, descriptor, recovery, close);
}

/** What a file says of the recording that its first page is of. */
export async function describeTiff(path: string, recovery: Recovery): Promise<StreamDescriptor> {
  const source = openFileSource(path);
  try {
    const survey = surveyChain(source);
    const first = survey.pages[0]?.page;
    if (!first) throw nothingWhole(`recover, ${path}`);
    return await describe(source, survey, survey.pages, first, recovery);
  } finally {
    source.close();
  }
}

/** Pages that search finds and the chain does not. */
function strayPages(source: ByteSource, { reader, pages }: Survey): SurveyedPage[] {
  const known = new Set(pages.map(({ offset }) => offset));
  const stray: SurveyedPage[] = [];
  for (const directory of searchDirectories(source, reader)) {
    if (known.has(directory.offset)) continue;
    known.add(directory.offset);
    const surveyed = surveyPage(reader, directory);
    // What only looks like a directory is no loss.
    if (surveyed?.page && !surveyed.fault) stray.push(surveyed);
  }
  return stray;
}

function isAlike(a: TiffPage, b: TiffPage): boolean {
  return a.width === b.width && a.height === b.height && a.pixelFormat === b.pixelFormat;
}

function textOf({ reader }: Survey, page: TiffPage | undefined, number: number): string {
  try {
    return reader.text(page?.directory.entries.get(number));
  } catch (error) {
    if (error instanceof FormatProblem) return "";
    throw error;
  }
}

async function describe(
  source: ByteSource,
  survey: Survey,
  pages: readonly SurveyedPage[],
  first: TiffPage,
  recovery: Recovery,
): Promise<StreamDescriptor> {
  const description = textOf(survey, pages[0]?.page, tag.imageDescription);
  const ome = parseOme(description);
  const bits = first.pixelFormat === "float32" ? 32 : bytesPerPixel[first.pixelFormat] * 8;
  const plain: StreamDescriptor = {
    pixelFormat: first.pixelFormat,
    shape: { height: first.height, width: first.width },
    bitDepth: bits,
    hasFrames: true,
    detections: null,
    isLinked: false,
    pixelSizeUm: ome?.pixelSizeUm ?? null,
    rateHz: null,
    frameCount: null,
    isLive: false,
    source: {},
    calibration: null,
    producedBy: [],
  };
  const record = pages[0]?.page && readPageNotes(description, pages[0].page);
  if (record?.stream) {
    const { is_live: isLive, calibration, produced_by: producedBy } = readStreamNotes(description);
    const told = {
      ...plain,
      bitDepth: record.stream.bitDepth ?? bits,
      pixelSizeUm: record.stream.pixelSizeUm ?? null,
      rateHz: record.stream.rateHz ?? null,
      isLive: isLive === true,
      source: record.stream.source ?? {},
      calibration: calibration ?? null,
      producedBy: producedBy ?? [],
    };
    const decoded = decodeDescriptor(told);
    if (typeof decoded !== "string") return decoded;
  }
  try {
    const { facts } = await openTiff(source, () => {});
    return {
      ...plain,
      bitDepth: facts.bitDepth,
      pixelSizeUm: facts.pixelSizeUm,
      rateHz: facts.rateHz,
      source: facts.metadata,
    };
  } catch (error) {
    if (!(error instanceof FormatProblem)) throw error;
    recovery.note(
      "what the first page says of the recording is damaged or not Mote's: rate, camera and options are not known",
    );
    return plain;
  }
}

class TiffSalvage implements Salvage {
  readonly mostRows = 0;
  readonly descriptor: StreamDescriptor;
  end: EndOfStream | null = null;
  isCut = false;
  readonly close: () => void;
  readonly #survey: Survey;
  readonly #pages: readonly SurveyedPage[];
  readonly #recovery: Recovery;
  readonly #decoder: PageDecoder;
  /** Pages say of their frames what they are. */
  readonly #hasNotes: boolean;
  /** Frames handed out. */
  #whole = 0;
  #index = 0;
  /** Number of the frame to come, when its page does not say. */
  #next = 0;

  constructor(
    survey: Survey,
    pages: readonly SurveyedPage[],
    descriptor: StreamDescriptor,
    recovery: Recovery,
    close: () => void,
  ) {
    this.#survey = survey;
    this.#pages = this.#inOrder(survey, pages);
    this.#hasNotes = pages.some((page) => this.#notes(survey, page) !== undefined);
    this.descriptor = descriptor;
    this.#recovery = recovery;
    this.#decoder = new PageDecoder(survey.reader);
    this.close = close;
  }

  /** Pages found by search go where their numbers belong; without numbers, behind the chain. */
  #inOrder(survey: Survey, pages: readonly SurveyedPage[]): readonly SurveyedPage[] {
    if (pages.length === survey.pages.length) return pages;
    const numbered = pages.map((page, at) => ({ page, at, number: this.#notes(survey, page)?.header.frameNumber }));
    let last = -1;
    const placed = numbered.map(({ page, at, number }) => {
      last = number ?? last;
      return { page, at, number: last };
    });
    return placed.sort((a, b) => a.number - b.number || a.at - b.at).map(({ page }) => page);
  }

  #notes(survey: Survey, { page }: SurveyedPage): PageRecord | undefined {
    return this.#record(survey, page);
  }

  /** The header the frame had when it was stored, and the checksum of its pixels. */
  #record(survey: Survey, page: TiffPage | undefined): PageRecord | undefined {
    return page && readPageNotes(textOf(survey, page, tag.imageDescription), page);
  }

  async next(frame: Frame, onEvent: (event: StreamEvent) => void): Promise<boolean> {
    while (this.#index < this.#pages.length) {
      const surveyed = this.#pages[this.#index++]!;
      await this.#recovery.progress(this.#index, this.#pages.length);
      const notes = this.#notes(this.#survey, surveyed);
      const number = notes?.header.frameNumber ?? this.#next;
      const fault =
        (await this.#read(surveyed, frame)) ?? changedFault(frame, notes) ?? this.#unknownFault(notes, number);
      const hasGap = notes !== undefined && number > this.#next && this.#isBroken;
      if (hasGap) this.#lose(this.#next, number - this.#next, "no page of it is whole", onEvent);
      this.#next = Math.max(this.#next, number + 1);
      if (fault !== undefined) {
        this.#lose(number, 1, fault, onEvent);
        continue;
      }
      if (notes) frame.header.copyFrom(notes.header);
      frame.header.frameNumber = number;
      this.#whole++;
      return true;
    }
    this.#finish(onEvent);
    return false;
  }

  /** Numbers may be missing for other reasons; they are a loss where the file is damaged. */
  get #isBroken(): boolean {
    return this.#survey.chainFault !== undefined || this.#survey.pages.some(({ fault }) => fault);
  }

  async #read({ page, fault }: SurveyedPage, frame: Frame): Promise<string | undefined> {
    if (fault || !page) return fault?.what ?? "its directory is damaged";
    try {
      await this.#decoder.prepare(page.compression);
      this.#decoder.decode(page, frame.pixels, wholeOf(page));
      const { shape, pixelFormat, bitDepth } = this.descriptor;
      frame.header.reset(pixelFormat, shape.height, shape.width, shape.width * bytesPerPixel[pixelFormat], bitDepth);
      return undefined;
    } catch (error) {
      return faultOf(error, this.#survey.reader.source.sizeBytes).what;
    }
  }

  /** A page that says nothing of its frame where all do: torn in a file that was not closed, else changed later, and worth keeping. */
  #unknownFault(notes: PageRecord | undefined, number: number): string | undefined {
    if (notes || !this.#hasNotes) return undefined;
    const first = this.#record(this.#survey, this.#pages[0]?.page);
    if (first?.end === null) return "what its page says of it is damaged";
    this.#recovery.note(
      `what the page of frame ${number} says is damaged: its pixels were not checked, its number is that of its place`,
    );
    return undefined;
  }

  #lose(first: number, count: number, why: string, onEvent: (event: StreamEvent) => void): void {
    this.#recovery.lostRange(first, count, why);
    onEvent({ event: "drop", stage: "recover", firstFrame: first, count, reason: damagedReason });
  }

  /** What the OME-XML counts and the chain lost; a chain that was cut in a file that does not say how many pages it had. */
  #finish(onEvent: (event: StreamEvent) => void): void {
    const ome = parseOme(textOf(this.#survey, this.#pages[0]?.page, tag.imageDescription));
    const promised = ome ? ome.sizeC * ome.sizeZ * ome.sizeT : 0;
    const after = `the frames after ${this.#next - 1}`;
    // The last page written points nowhere, wherever the chain to it breaks.
    const hasLast = this.#pages.some(({ page }) => page?.directory.nextOffset === 0);
    const notes = this.#record(this.#survey, this.#pages[0]?.page);
    const { extentBytes, chainFault, reader } = this.#survey;
    const rest = reader.source.sizeBytes - extentBytes;
    const counted = notes?.end ? notes.end.frames - this.#whole - this.#recovery.lostFrames : 0;
    if (promised > this.#next) this.#lose(this.#next, promised - this.#next, "the file was cut before it", onEvent);
    else if (counted > 0) this.#recovery.lost(`${formatCount(counted, "frame")} that the first page counts`, counted);
    else if (!hasLast) this.#recovery.lost(`${after}: the chain of pages breaks, nothing says how long it was`, null);
    else if (rest < 0) this.#recovery.lost(`${after}: the file ends before what its last page speaks of`, null);
    else if (notes && !chainFault && rest > 1) {
      this.#recovery.lost(`${after}: the file ends in a page that was not finished`, null);
    }
    if (notes?.end) this.#recovery.finished();
    else if (notes?.end === null && this.#recovery.lossCount > 0) this.#recovery.unfinished();
    else if (notes?.end === null) this.#recovery.unfinishedBehind("the file was not closed", this.#next);
    const { isComplete = true, lost = 0, notStored = 0 } = notes?.end ?? {};
    this.isCut = notes?.end?.isCut === true;
    const isEnded = !this.#isBroken && notes?.end !== null;
    this.end = isEnded ? { isComplete, lost, stages: [], ...(notStored > 0 && { notStored }) } : null;
  }
}

/** Gives the frame the checksum that its page has, and says when it is not that of its pixels. */
function changedFault(frame: Frame, notes: PageRecord | undefined): string | undefined {
  frame.pixelsCrc32 = notes?.pixelsCrc32 ?? -1;
  return hasItsPixels(frame) ? undefined : "its pixels do not match their checksum";
}
