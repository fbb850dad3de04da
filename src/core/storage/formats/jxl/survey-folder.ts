/** A folder of compressed frames that may be damaged: its journal line by line, each file decoded and held against its line. */
import { readdirSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import { crc32 } from "node:zlib";
import { mostJournalBytes } from "../../../budget.js";
import type { FrameDecoder } from "../../../codecs/frame-codec.js";
import { readXml } from "../../../codecs/jxl/container.js";
import { bytesAsSource } from "../../../imaging/byte-source.js";
import type { FrameShape, StreamDescriptor } from "../../../model/descriptor.js";
import type { StreamEvent } from "../../../model/event.js";
import { eventFault } from "../../../model/event-check.js";
import { isOutOfMemory } from "../../../out-of-memory.js";
import { decodeDescriptor } from "../../../stream/check-descriptor.js";
import { readBounded } from "../../bounded-file.js";
import { hex } from "../../image-folder/hex.js";
import { decodeLine } from "../../image-folder/journal-line.js";
import { type FrameMetadata, frameXmp, readFrameXmp } from "./frame-xmp.js";
import { isEntry, type JournalEntry } from "./journal-entry.js";
import { journalName, journalNames } from "./journal-names.js";

/** A frame has a GiB at most, and compression takes it down. */
const mostFileBytes = 2 ** 30;

export interface SurveyedJournal {
  readonly descriptor: StreamDescriptor | undefined;
  /** The last word on each frame, by its number, ascending. */
  readonly entries: readonly JournalEntry[];
  readonly events: readonly StreamEvent[];
  readonly quarantined: number;
  /** Runs that wrote here, one after the other. */
  readonly runs: number;
  /** What the last run wrote when it ended; undefined when it was cut. */
  readonly end: Readonly<Record<string, unknown>> | undefined;
  /** Frames that the last run says are there, the end's count; undefined without one. */
  readonly counted: number | undefined;
  /** Where a line does not follow the one before: it was changed, or lines are gone, there twice or in another order. */
  readonly breaks: readonly number[];
  /** Lines of a Mote that kept no chain. */
  readonly unchained: number;
  /** Lines that are no line of a journal. */
  readonly damaged: readonly { readonly byte: number; readonly what: string }[];
  /** Bytes of a last line without an end. */
  readonly cutBytes: number;
  readonly bytes: number;
}

/** Reads a journal as far as its lines go; a folder without one has an empty one. `name`: the only one there is, when not given. */
export function surveyJournal(folder: string, name = onlyJournal(folder)): SurveyedJournal {
  let bytes: Buffer = Buffer.alloc(0);
  try {
    bytes = readBounded(join(folder, name), mostJournalBytes);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  }
  const byFrame = new Map<number, JournalEntry>();
  const events: StreamEvent[] = [];
  const damaged: { byte: number; what: string }[] = [];
  let descriptor: StreamDescriptor | undefined;
  let end: Readonly<Record<string, unknown>> | undefined;
  let quarantined = 0;
  let runs = 0;
  const breaks: number[] = [];
  let [at, chain, unchained] = [0, 0, 0];
  for (let to = bytes.indexOf(10); to >= 0; to = bytes.indexOf(10, at)) {
    const decoded = decodeLine(bytes.toString("utf8", at, to), chain);
    const line = decoded?.line;
    chain = decoded?.chain ?? 0;
    if (decoded?.isNext === false) breaks.push(at);
    else if (decoded?.isNext === undefined) unchained++;
    if (line === undefined) damaged.push({ byte: at, what: "a line of the journal is no JSON object" });
    else if (line.journal === 1) {
      runs++;
      end = undefined;
      const decoded = decodeDescriptor(line.descriptor);
      if (typeof decoded === "string") damaged.push({ byte: at, what: `the descriptor ${decoded}` });
      else descriptor ??= decoded;
    } else if (isOwnEntry(line)) {
      byFrame.set(line.frame as number, line as unknown as JournalEntry);
    } else if (line.quarantined !== undefined) quarantined++;
    else if (line.event !== undefined && !eventFault(line)) events.push(line as unknown as StreamEvent);
    else if (typeof line.end === "object" && line.end !== null) end = line.end as Record<string, unknown>;
    else damaged.push({ byte: at, what: "a line of the journal is none that Mote writes" });
    at = to + 1;
  }
  const entries = [...byFrame.values()].sort((a, b) => a.frame - b.frame);
  const cutBytes = bytes.length - at;
  const counted = end && countOf(end.stored) + countOf(end.resumed);
  const chained = { counted, breaks, unchained };
  return { descriptor, entries, events, quarantined, runs, end, ...chained, damaged, cutBytes, bytes: bytes.length };
}

/** An entry whose file is one of this folder. */
function isOwnEntry(line: Readonly<Record<string, unknown>>): boolean {
  return line.frame !== undefined && isEntry(line) && basename(line.file as string) === line.file;
}

/** The folder's own journal; that of a run where it is the only one. */
function onlyJournal(folder: string): string {
  const names = journalNames(folder);
  return names.length === 1 ? names[0]! : journalName;
}

function countOf(value: unknown): number {
  return Number.isSafeInteger(value) && (value as number) > 0 ? (value as number) : 0;
}

/** Compressed frames of a folder, by name; unfinished ones and the journal left out. */
export function frameFiles(folder: string): string[] {
  return readdirSync(folder)
    .filter((name) => !name.startsWith(".") && name.toLowerCase().endsWith(".jxl"))
    .sort();
}

export interface DecodedFile {
  /** Borrowed: valid until the next file. Undefined when it could not be decoded. */
  readonly samples: Uint8Array | undefined;
  readonly shape: FrameShape | undefined;
  readonly bytes: number;
  /** CRC-32 of the file; undefined when it is not there. */
  readonly fileCrc32: string | undefined;
  /** What the file says of its frame by itself. */
  readonly own: FrameMetadata | undefined;
  /** And of the recording it is of. */
  readonly stream: Pick<StreamDescriptor, "pixelSizeUm" | "rateHz"> | undefined;
  /** What is wrong with it, worst first. */
  readonly fault: { readonly kind: "missing" | "damaged"; readonly what: string } | undefined;
}

/** Reads files of a folder, with a decoder that is opened anew after it failed. */
export class FileReader {
  readonly #folder: string;
  readonly #stream: StreamDescriptor | undefined;
  #decoder: FrameDecoder | undefined;

  /** With the journal of the folder, whose descriptor is that of every file when one run wrote them all. */
  constructor(folder: string, journal: SurveyedJournal) {
    this.#folder = folder;
    this.#stream = journal.runs === 1 ? journal.descriptor : undefined;
  }

  /** Decodes `name` and compares it with what its line says, if there is one. */
  async read(name: string, entry: JournalEntry | undefined): Promise<DecodedFile> {
    const path = join(this.#folder, name);
    const nothing = {
      samples: undefined,
      shape: undefined,
      bytes: 0,
      own: undefined,
      stream: undefined,
      fileCrc32: undefined,
    };
    if (!statSync(path, { throwIfNoEntry: false })?.isFile()) {
      return { ...nothing, fault: { kind: "missing", what: "the file is not there" } };
    }
    const file = readBounded(path, mostFileBytes);
    const bytes = file.length;
    const fileCrc32 = hex(crc32(file));
    if (entry && bytes < entry.bytes) {
      const what = `the file ends after ${bytes} bytes, the journal says ${entry.bytes}`;
      return { ...nothing, bytes, fault: { kind: "missing", what } };
    }
    let own: ReturnType<typeof readFrameXmp>;
    let ownXml: string | undefined;
    try {
      ownXml = readXml(bytesAsSource(name, file));
      own = ownXml === undefined ? undefined : readFrameXmp(ownXml);
    } catch {
      // Boxes that do not fit each other do not decode either, or the metadata is missing: both are told below.
    }
    try {
      const { openJxlDecoder } = await import("../../../codecs/jxl/jxl-codec.js");
      const decoder = this.#decoder ?? (await openJxlDecoder());
      this.#decoder = decoder;
      const { samples, shape } = decoder.borrowDecoded(file);
      const fault =
        pixelFault(samples, entry ?? own?.frame) ??
        (entry && sizeFault(entry, bytes)) ??
        (entry && ownXml !== undefined ? this.#xmlFault(ownXml, own, entry) : undefined) ??
        (entry && checksumFault(entry, fileCrc32));
      const kept = { own: own?.frame, stream: own?.stream };
      return { samples, shape, bytes, fileCrc32, ...kept, fault: fault ? damaged(fault) : undefined };
    } catch (error) {
      // The codec's state after a failure is not known.
      this.#decoder = undefined;
      if (isOutOfMemory(error)) throw error;
      const what = `does not decode (${(error as Error).message})`;
      return { ...nothing, bytes, own: own?.frame, stream: own?.stream, fault: damaged(what) };
    }
  }

  /** What a file says of its frame has to be what the journal says, to the byte. */
  #xmlFault(xml: string, own: ReturnType<typeof readFrameXmp>, entry: JournalEntry): string | undefined {
    if (!own) return "what it says of its frame is damaged";
    const { file: _file, bytes: _bytes, fileCrc32: _crc, isVerified: _isVerified, ...metadata } = entry;
    // Runs that went on with a folder may have had another pixel size or rate than the first.
    const stream = this.#stream ?? own.stream;
    return xml === frameXmp(metadata, stream) ? undefined : "what it says of its frame is not what the journal says";
  }
}

function damaged(what: string) {
  return { kind: "damaged", what } as const;
}

function pixelFault(samples: Uint8Array, kept: FrameMetadata | undefined): string | undefined {
  if (!kept || hex(crc32(samples)) === kept.crc32) return undefined;
  return "its pixels do not match their checksum";
}

function sizeFault(entry: JournalEntry, bytes: number): string | undefined {
  return bytes === entry.bytes ? undefined : `has ${bytes} bytes, the journal says ${entry.bytes}`;
}

/** Some bits of a codestream make no difference to its pixels. */
function checksumFault({ fileCrc32: known }: JournalEntry, came: string): string | undefined {
  if (known === undefined || known === came) return undefined;
  return "has whole pixels and is not the file that was written: it does not match its checksum in the journal";
}
