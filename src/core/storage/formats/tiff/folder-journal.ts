/**
 * What stands beside the files of a folder of single TIFFs: `frame_N.tiffs.ndjson`, a line for each file, for frames that have
 * none and for the end of the run, so that a run that was killed, a file that is gone and a frame that was lost are told. Lines are chained as those of `compress` are.
 * Every run has its own, called after its template. The frames need none of it: each file has all that is known of its frame.
 */
import { readdirSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { endJson, readEnd, type TiffEnd } from "../../../imaging/tiff/end-mark.js";
import type { FateEvent, StreamEvent } from "../../../model/event.js";
import { eventFault, isFateEvent } from "../../../model/event-check.js";
import { AppendFile } from "../../append-file.js";
import type { FileIdentity } from "../../claim/removal.js";
import { decodeLine, encodeLine } from "../../image-folder/journal-line.js";
import { compileNames, type FrameNames, templateFault } from "../../image-folder/name-template.js";
import { textLines } from "../../table/text-lines.js";
import { ending, tiffExtensions } from "./journal-names.js";

/** A name has 255 bytes at most. */
const mostLineBytes = 1 << 14;

export interface TiffEntry {
  /** Name of the file, in the journal's folder. */
  readonly file: string;
  readonly frame: number;
  readonly bytes: number;
  /** CRC-32 of the pixels, as in the page's description. */
  readonly crc32: number;
}

export function tiffJournalName(names: FrameNames): string {
  return names.filled.replace(/\{[^{}]*\}/g, "N").replace(/\.[^.]*$/, "") + ending;
}

export interface TiffJournal {
  readonly identity: FileIdentity;
  /** Keeps what became of frames that have no file; it is written with what comes next. */
  tell(event: FateEvent): void;
  /** Throws the system's error; the journal is as it was then. */
  append(entry: TiffEntry): void;
  /** Waits until the disk has all that was appended; throws what it says. */
  sync(): void;
  end(end: TiffEnd): void;
  close(): void;
  /** Ends and removes it: the run has left no file. */
  remove(): void;
}

/** Begins the journal of a run; a refusal when it is there already. */
export function openTiffJournal(where: string, folder: string, names: FrameNames): TiffJournal {
  const first = encodeLine({ tiffs: 1, names: names.filled }, 0);
  const name = tiffJournalName(names);
  const file = new AppendFile(`${where}, ${name}`, join(folder, name), first.bytes);
  let { chain } = first;
  let untold: FateEvent[] = [];

  /** All that was told and this line, or nothing. */
  function append(json: object): void {
    let next = chain;
    const lines = [...untold, json].map((one) => {
      const line = encodeLine(one, next);
      next = line.chain;
      return line.bytes;
    });
    file.append(Buffer.concat(lines));
    chain = next;
    untold = [];
  }

  return {
    identity: file.identity,
    tell: (event) => {
      untold.push(event);
    },
    append,
    sync: () => file.sync(),
    end(end) {
      append({ end: endJson(end) });
      file.sync();
    },
    close: () => file.close(),
    remove: () => file.remove(),
  };
}

/** The journal of a run as it was found. */
export interface TiffRun {
  readonly folder: string;
  /** Name of the journal. */
  readonly name: string;
  /** What names of its files look like; undefined when it does not say. */
  readonly names: FrameNames | undefined;
  /** In the order they were written. */
  readonly entries: readonly TiffEntry[];
  /** What became of frames that have no file, ascending by their first one. */
  readonly events: readonly FateEvent[];
  /** Undefined: the run did not come to its end. */
  readonly end: TiffEnd | undefined;
  readonly damaged: readonly { readonly byte: number; readonly what: string }[];
  /** Where a line does not follow the one before: it was changed, or lines are gone, there twice or in another order. */
  readonly breaks: readonly number[];
  /** Offset of a last line that was cut; undefined where none was. */
  readonly cutAt: number | undefined;
  readonly bytes: number;
}

export function surveyTiffRun(path: string): TiffRun {
  const entries = new Map<string, TiffEntry>();
  const damaged: { byte: number; what: string }[] = [];
  const events: FateEvent[] = [];
  const breaks: number[] = [];
  let names: FrameNames | undefined;
  let end: TiffEnd | undefined;
  let cutAt: number | undefined;
  let chain = 0;
  for (const { at, bytes: text, hasEnd, isTooLong } of textLines(path, mostLineBytes)) {
    if (isTooLong) damaged.push({ byte: at, what: "a line of the journal is none that Mote writes" });
    if (isTooLong) continue;
    if (!hasEnd) {
      cutAt = at;
      continue;
    }
    const decoded = decodeLine(Buffer.from(text).toString("utf8"), chain);
    chain = decoded?.chain ?? 0;
    if (decoded && !decoded.isNext) breaks.push(at);
    const { line } = decoded ?? {};
    const told = line?.end === undefined ? undefined : readEnd(line);
    if (line && isEntry(line)) entries.set(line.file, line);
    else if (line && isFate(line)) events.push(line);
    else if (told) end = told;
    else if (line?.tiffs === 1 && at === 0) names = namesOf(line.names);
    else damaged.push({ byte: at, what: "a line of the journal is none that Mote writes" });
  }
  events.sort((a, b) => a.firstFrame - b.firstFrame);
  const found = {
    names,
    entries: [...entries.values()],
    events,
    end,
    damaged,
    breaks,
    cutAt,
    bytes: statSync(path).size,
  };
  return { folder: dirname(path), name: basename(path), ...found };
}

function namesOf(template: unknown): FrameNames | undefined {
  if (typeof template !== "string" || templateFault(template, tiffExtensions) !== undefined) return undefined;
  return compileNames(template, { run: 0, date: "" });
}

function isEntry(line: Readonly<Record<string, unknown>>): line is Readonly<Record<string, unknown>> & TiffEntry {
  const { file, frame, bytes, crc32 } = line;
  return typeof file === "string" && basename(file) === file && [frame, bytes, crc32].every(isCount);
}

function isFate(line: Readonly<Record<string, unknown>>): line is Readonly<Record<string, unknown>> & FateEvent {
  return eventFault(line) === undefined && isFateEvent(line as unknown as StreamEvent);
}

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

/** Files that have a name of this run and no line in its journal. */
export function filesWithoutLine({ folder, names, entries }: TiffRun): readonly string[] {
  const known = new Set(entries.map(({ file }) => file));
  return readdirSync(folder)
    .filter((name) => names?.isOurs(name) && !known.has(name))
    .sort();
}
