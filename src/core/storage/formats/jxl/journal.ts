/** The journal of a folder of compressed frames: read whole, appended to line by line, each line on the disk before the next. */
import { closeSync, fdatasyncSync, fstatSync, ftruncateSync, openSync } from "node:fs";
import { join } from "node:path";
import { mostJournalBytes } from "../../../budget.js";
import { FormatProblem } from "../../../format-problem.js";
import type { StreamDescriptor } from "../../../model/descriptor.js";
import type { FateEvent, StreamEvent } from "../../../model/event.js";
import { eventFault, isFateEvent } from "../../../model/event-check.js";
import { decodeDescriptor } from "../../../stream/check-descriptor.js";
import { readBounded } from "../../bounded-file.js";
import { type FileIdentity, openedIdentity } from "../../claim/removal.js";
import { fileInTheWay } from "../../files.js";
import { decodeLine, encodeLine } from "../../image-folder/journal-line.js";
import { writeAll } from "../../write-all.js";
import { isEntry, type JournalEntry } from "./journal-entry.js";
import { journalName } from "./journal-names.js";

export interface JournalContent {
  /** Of the first run that wrote here; null when its line never reached the disk. */
  readonly descriptor: StreamDescriptor | null;
  /** The last word on each frame. */
  readonly byFrame: ReadonlyMap<number, JournalEntry>;
  readonly byFile: ReadonlyMap<string, JournalEntry>;
  /** What became of frames that have no file, in the order of the frames. */
  readonly events: readonly FateEvent[];
  /** How the last run that wrote here ended; undefined when it was not closed in order. */
  readonly end: { readonly isComplete: boolean; readonly isCut: boolean; readonly lost: number } | undefined;
  /** Length of the part that ends with a whole line: behind it a line was cut. */
  readonly wholeBytes: number;
  /** Where the chain of its lines stands, for the line that comes next. */
  readonly chain: number;
}

/** Reads a journal of `folder`; undefined when there is none. A last line that was cut is left out, any other damage is a FormatProblem. */
export function readJournal(folder: string, name = journalName): JournalContent | undefined {
  let bytes: Buffer;
  try {
    bytes = readBounded(join(folder, name), mostJournalBytes);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
  const wholeBytes = bytes.lastIndexOf(10) + 1;
  let descriptor: StreamDescriptor | null = null;
  const byFrame = new Map<number, JournalEntry>();
  const byFile = new Map<string, JournalEntry>();
  const events = new Map<string, FateEvent>();
  const quarantined = new Map<number, FateEvent>();
  let end: JournalContent["end"];
  const lines = bytes.subarray(0, wholeBytes).toString("utf8").split("\n");
  lines.pop();
  let chain = 0;
  lines.forEach((text, at) => {
    const decoded = decodeLine(text, chain);
    if (!decoded) throw damaged(name, at, "is no JSON object");
    chain = decoded.chain;
    const { line } = decoded;
    if (line.journal !== undefined) {
      if (line.journal !== 1) throw damaged(name, at, `is of version ${JSON.stringify(line.journal)}, expected 1`);
      const decoded = decodeDescriptor(line.descriptor);
      if (typeof decoded === "string") throw damaged(name, at, `has a descriptor that ${decoded}`);
      descriptor ??= decoded;
      end = undefined;
    } else if (line.event !== undefined) {
      const fault = eventFault(line);
      if (fault) throw damaged(name, at, fault);
      const event = line as unknown as StreamEvent;
      // A run that was resumed tells again what it told before.
      if (isFateEvent(event)) events.set(text, event);
    } else if (line.end !== undefined) end = readEnd(line.end);
    else if (typeof line.quarantined === "number") {
      const span = { firstFrame: line.quarantined, count: 1, reason: "quarantined" };
      quarantined.set(line.quarantined, { event: "drop", stage: "compress", ...span });
    } else if (line.frame !== undefined) {
      if (!isEntry(line)) throw damaged(name, at, "is no entry of a frame");
      const entry = line as unknown as JournalEntry;
      byFrame.set(entry.frame, entry);
      byFile.set(entry.file, entry);
    }
  });
  for (const [frame, event] of quarantined) if (!byFrame.has(frame)) events.set(`quarantined ${frame}`, event);
  const inOrder = [...events.values()].sort((a, b) => a.firstFrame - b.firstFrame);
  return { descriptor, byFrame, byFile, events: inOrder, end, wholeBytes, chain };
}

function readEnd(value: unknown): JournalContent["end"] {
  const { isComplete, isCut, lost } = (value ?? {}) as Readonly<Record<string, unknown>>;
  if (typeof isComplete !== "boolean" || !Number.isSafeInteger(lost) || (lost as number) < 0) return undefined;
  return { isComplete, isCut: isCut === true, lost: lost as number };
}

function damaged(name: string, at: number, what: string): FormatProblem {
  return new FormatProblem(
    "file-damaged",
    `line ${at + 1} of ${name} beside it ${what}`,
    undefined,
    "Take that line out, or move the journal away to do without frame numbers and times.",
  );
}

export interface JournalWriter {
  /** Writes a line and waits until the disk has it; after an error the journal is as before. */
  append(line: object): void;
  readonly identity: FileIdentity;
  close(): void;
}

/** Starts a journal, which must not exist; with `resumed` goes on behind its last whole line. */
export function openJournal(
  where: string,
  folder: string,
  resumed: JournalContent | undefined,
  name = journalName,
): JournalWriter {
  let file: number;
  try {
    file = openSync(join(folder, name), resumed ? "a" : "ax");
  } catch (error) {
    throw fileInTheWay(`${where}, ${name}`, error);
  }
  if (resumed) ftruncateSync(file, resumed.wholeBytes);
  let isOpen = true;
  let chain = resumed?.chain ?? 0;
  return {
    identity: openedIdentity(file),
    append(line) {
      const { bytes, chain: next } = encodeLine(line, chain);
      const whole = fstatSync(file).size;
      try {
        writeAll(file, bytes);
        fdatasyncSync(file);
        chain = next;
      } catch (error) {
        takeBack(file, whole);
        throw error;
      }
    },
    close() {
      if (isOpen) closeSync(file);
      isOpen = false;
    },
  };
}

/** Half a line would be damage to whoever reads the journal while more is written. */
function takeBack(file: number, whole: number): void {
  try {
    ftruncateSync(file, whole);
  } catch {
    // A reader takes the last line, when it is cut, for what it is.
  }
}
