/** The journal beside a single TIFF, which speaks of the run that the file is of. */
import { existsSync, readdirSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { FormatProblem } from "../../../format-problem.js";
import type { JournalOfFrames } from "../../read/journal-losses.js";
import { naturalOrder } from "../../read/natural-order.js";
import { surveyTiffRun, type TiffEntry, type TiffRun } from "./folder-journal.js";
import { isTiffJournal, singleTiffs } from "./journal-names.js";

export interface TiffOfRun {
  readonly entry: TiffEntry;
  readonly run: JournalOfFrames;
}

interface KnownRun extends TiffOfRun {
  readonly journal: string;
  /** Of the journal as it was read. */
  readonly stamp: string;
}

/** The folder read last: its files come one after the other, and its journals have a line for each. */
let lastFolder: { readonly key: string; readonly byFile: ReadonlyMap<string, KnownRun> } | undefined;

/** The name that comes last among the single TIFFs of a folder, for files of which no journal speaks. */
let lastName: { readonly key: string; readonly name: string | undefined } | undefined;

/** Whether the file is the last one of its folder, by name. */
export function isLastTiff(path: string): boolean {
  const folder = dirname(path);
  const key = `${stampOf(folder)} ${folder}`;
  if (lastName?.key !== key) lastName = { key, name: [...singleTiffs(folder)].sort(naturalOrder).at(-1) };
  return lastName.name === basename(path);
}

/** Undefined where no journal has a line of the file; a FormatProblem when one of them cannot be believed. */
export function tiffRunOf(path: string): TiffOfRun | undefined {
  const folder = dirname(path);
  const key = `${stampOf(folder)} ${folder}`;
  let known = lastFolder?.key === key ? lastFolder.byFile.get(basename(path)) : undefined;
  if (lastFolder?.key !== key || (known && stampOf(known.journal) !== known.stamp)) {
    lastFolder = { key, byFile: runsIn(folder) };
    known = lastFolder.byFile.get(basename(path));
  }
  return known;
}

function stampOf(path: string): string {
  const stats = statSync(path, { bigint: true, throwIfNoEntry: false });
  return stats ? `${stats.size} ${stats.mtimeNs} ${stats.ino}` : "";
}

function runsIn(folder: string): Map<string, KnownRun> {
  const byFile = new Map<string, KnownRun>();
  for (const name of readdirSync(folder).filter(isTiffJournal)) {
    const journal = join(folder, name);
    const stamp = stampOf(journal);
    const found = surveyTiffRun(journal);
    const run = framesOf(found);
    for (const entry of found.entries) byFile.set(entry.file, { journal, stamp, entry, run });
  }
  return byFile;
}

function framesOf({ folder, name, entries, events, end, damaged }: TiffRun): JournalOfFrames {
  if (damaged[0]) {
    const hint = "mote verify looks at the folder; move the journal away to do without what it says of losses.";
    throw new FormatProblem(
      "file-damaged",
      `${name} beside it, at byte ${damaged[0].byte}: ${damaged[0].what}`,
      undefined,
      hint,
    );
  }
  const fileOf = new Map(entries.map(({ frame, file }) => [frame, file]));
  const numbers = [...fileOf.keys()].sort((a, b) => a - b);
  return { stage: "archive", numbers, isThere: (frame) => existsSync(join(folder, fileOf.get(frame)!)), events, end };
}
