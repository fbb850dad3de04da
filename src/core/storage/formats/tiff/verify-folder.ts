/**
 * A folder of single TIFFs: every file by itself, the journal of each run against its files and against its own end. Runs may
 * share a folder. A folder without a journal is of another program or an older Mote: nothing says which files there were.
 */
import { existsSync, readdirSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import { FormatProblem } from "../../../format-problem.js";
import type { PageRecord } from "../../../imaging/tiff/page-json.js";
import { tag } from "../../../imaging/tiff/tags.js";
import { formatCount } from "../../../units.js";
import { unfinishedTarget } from "../../image-folder/write-new-file.js";
import { openFileSource } from "../../read/file-source.js";
import { noteUnfinished } from "../../verify/lost-frames.js";
import { tellOthers } from "../../verify/other-files.js";
import { sampled, sampleStep, Verification, type Verify, type VerifyOptions } from "../../verify/verification.js";
import { verifyBounded } from "../../verify/verify-file.js";
import { filesWithoutLine, surveyTiffRun, type TiffEntry, type TiffRun } from "./folder-journal.js";
import { singleTiffs, tiffJournalsAt } from "./journal-names.js";
import { readPageNotes } from "./page-notes.js";
import { surveyChain } from "./page-survey.js";
import { verifyTiff } from "./verify.js";

export const verifyTiffFolder: Verify = async (path, report, options) => {
  const runs = tiffJournalsAt(path).map(surveyTiffRun);
  report.frames = 0;
  if (runs.length === 0) {
    const files = singleTiffs(path);
    await checkFiles(path, files, new Map(), report, options);
    report.checked("structure", formatCount(files.length, "file"));
    if (tellOrphans(path, files, report).length === 0)
      report.notChecked("end", "no journal says which files there were, and what was lost is not known");
    tellOthers(report, path, new Set(files));
    return;
  }
  const known = new Map<string, Set<string>>();
  for (const run of runs) {
    checkJournal(run, report);
    const byFile = new Map(run.entries.map((entry) => [entry.file, entry]));
    const untold = filesWithoutLine(run);
    await checkFiles(run.folder, [...byFile.keys(), ...untold], byFile, report, options);
    for (const file of untold) {
      report.missing("ledger", `the journal has no line of ${file}`, { file, code: "line-missing" });
    }
    report.bytes += run.bytes;
    known.set(run.folder, new Set([...(known.get(run.folder) ?? []), run.name, ...byFile.keys(), ...untold]));
  }
  if (statSync(path).isDirectory()) {
    for (const [folder, own] of known) {
      const others = singleTiffs(folder).filter((file) => !own.has(file));
      const orphans = tellOrphans(folder, others, report);
      tellOthers(report, folder, new Set([...own, ...orphans]));
    }
  }
  const counted = runs.map(({ end, entries }) => Math.max(end?.frames ?? 0, entries.length));
  report.framesExpected = runs.every(({ end }) => end) ? counted.reduce((sum, frames) => sum + frames, 0) : null;
  report.isEnded = runs.every(({ end }) => end !== undefined);
  report.checked("structure", runs.length === 1 ? "the journal of a run" : `the journals of ${runs.length} runs`);
  report.checked(
    "ledger",
    `${formatCount(counted.length === 0 ? 0 : runs.reduce((n, { entries }) => n + entries.length, 0), "file")}, each with its line`,
  );
  report.checked("completeness", "the line that ends a run");
  for (const folder of new Set(runs.map((run) => run.folder))) {
    const unfinished = readdirSync(folder).filter((name) =>
      runs.some((run) => run.names?.isOurs(unfinishedTarget(name) ?? "")),
    );
    if (unfinished.length > 0)
      report.note(`${formatCount(unfinished.length, "file")} that a run began and did not finish`);
  }
};

/** Files that name a journal that is not there: told by their journals, and returned. */
function tellOrphans(folder: string, files: readonly string[], report: Verification): readonly string[] {
  const counts = new Map<string, number>();
  const orphans = files.filter((file) => {
    const journal = notesIn(join(folder, file))?.journal;
    if (journal === undefined || existsSync(join(folder, basename(journal)))) return false;
    counts.set(journal, (counts.get(journal) ?? 0) + 1);
    return true;
  });
  for (const [journal, count] of counts) {
    const what = `the journal of ${formatCount(count, "file")} is not there: what was lost is not known`;
    report.missing("ledger", what, { file: basename(journal), code: "journal-missing" });
  }
  return orphans;
}

/** The journal by itself: its lines, their order, and how it ends. */
function checkJournal(
  { name: file, entries, end, damaged, breaks, cutAt, names }: TiffRun,
  report: Verification,
): void {
  for (const { byte, what } of damaged) report.damaged("structure", what, { byte, file });
  for (const byte of breaks) {
    const what =
      "this line does not follow the one before: it was changed, or lines are gone, twice or in another order";
    report.damaged("checksums", what, { byte, file, code: "journal-broken" });
  }
  if (!names && damaged.length === 0) {
    report.missing("structure", "the journal does not say how the files are called", { file });
  }
  if (!end) {
    const last = entries.at(-1)?.frame;
    const where = last === undefined ? "before the first frame" : `after frame ${last.toLocaleString("en-US")}`;
    const byte = cutAt === undefined ? {} : { byte: cutAt };
    report.missing("completeness", `cut ${where}: the run did not end in order`, { file, ...byte });
    return;
  }
  if (end.frames > entries.length) {
    const what = `its end counts ${formatCount(end.frames, "frame")}, it has lines of ${entries.length.toLocaleString("en-US")}`;
    report.missing("ledger", what, { file });
  }
  if (end.lost > 0) report.note(`${formatCount(end.lost, "frame")} lost while recording, as the journal says`);
  if (end.notStored > 0) {
    report.missing("completeness", `${formatCount(end.notStored, "frame")} that came could not be stored`, { file });
  }
  noteUnfinished(report, end);
}

async function checkFiles(
  folder: string,
  files: readonly string[],
  byFile: ReadonlyMap<string, TiffEntry>,
  report: Verification,
  options: VerifyOptions,
): Promise<void> {
  const step = sampleStep(files.length, options);
  let looked = 0;
  for (const [index, file] of files.entries()) {
    await report.progress(index, files.length);
    const entry = byFile.get(file);
    const path = join(folder, file);
    const frame = entry ? { frame: entry.frame } : {};
    if (!statSync(path, { throwIfNoEntry: false })?.isFile()) {
      report.missing("completeness", "the file is not there", { ...frame, file, code: "file-missing" });
      continue;
    }
    if (index % step > 0) continue;
    looked++;
    const own = await verifiedTiff(path, entry);
    for (const { kind, check, what, byte } of own.findings) {
      report[kind](check, what, { ...frame, file, ...(byte !== null && { byte }) });
    }
    for (const { aspect, why } of own.unchecked) report.notChecked(aspect, why);
    report.frames! += own.verdict === "whole" || own.verdict === "unchecked" ? (own.frames ?? 0) : 0;
    report.bytes += own.bytes;
  }
  const ofAll = looked < files.length ? ` of ${files.length.toLocaleString("en-US")}` : "";
  if (looked < files.length && step > 1) report.notChecked("frames", sampled(files.length - looked, files.length));
  report.checked("decoding", `${looked.toLocaleString("en-US")}${ofAll} ${files.length === 1 ? "file" : "files"}`);
  if (looked > 0) report.checked("checksums", `the pixels of ${formatCount(looked, "file")}`);
}

/** One file by itself and, where it has a line, against that. */
export async function verifiedTiff(path: string, entry: TiffEntry | undefined): Promise<Verification> {
  const own = new Verification(path);
  await verifyBounded(verifyTiff, path, own, { sample: null });
  if (!entry || own.findingCount > 0) return own;
  if (own.bytes !== entry.bytes) {
    own.damaged("ledger", `${basename(path)} has ${own.bytes} bytes, the journal says ${entry.bytes}`);
    return own;
  }
  const notes = notesIn(path);
  if (notes?.header.frameNumber !== entry.frame || notes.pixelsCrc32 !== entry.crc32) {
    own.damaged("ledger", `is not frame ${entry.frame.toLocaleString("en-US")} as the journal knows it`);
  }
  return own;
}

/** What the file says of its frame; undefined where it is not one of ours. */
export function notesIn(path: string): PageRecord | undefined {
  const source = openFileSource(path);
  try {
    const { reader, pages } = surveyChain(source);
    const page = pages[0]?.page;
    return page && readPageNotes(reader.text(page.directory.entries.get(tag.imageDescription)), page);
  } catch (error) {
    if (error instanceof FormatProblem) return undefined;
    throw error;
  } finally {
    source.close();
  }
}
