/**
 * A folder of compressed frames: every file decoded and its pixels held against the checksum that the journal has of them, the
 * lines of the journal against each other and against the line that ends a run. Runs may share a folder, each with its journal.
 */
import { readdirSync } from "node:fs";
import { formatCount } from "../../../units.js";
import { unfinishedTarget } from "../../image-folder/write-new-file.js";
import { noteUnfinished } from "../../verify/lost-frames.js";
import { tellOthers } from "../../verify/other-files.js";
import { sampled, sampleStep, type Verification, type Verify, type VerifyOptions } from "../../verify/verification.js";
import { journalName, journalNameFor, journalNames, journalsAt } from "./journal-names.js";
import { FileReader, frameFiles, type SurveyedJournal, surveyJournal } from "./survey-folder.js";

export const verifyFrameFolder: Verify = async (path, report, options) => {
  const { folder, names } = journalsAt(path);
  const journals = (names.length > 0 ? names : [journalName]).map((name) => ({
    name,
    journal: surveyJournal(folder, name),
  }));
  const counts = { bytes: 0, good: 0, read: 0, entries: 0, expected: 0 };
  const known = new Set<string>();
  for (const { name, journal } of journals) {
    checkLines(name, journal, report);
    await checkFiles(folder, journal, report, options, counts);
    for (const { file } of journal.entries) known.add(file);
  }
  const { bytes, good, read, entries, expected } = counts;
  report.bytes = bytes;
  report.frames = read === entries ? good : entries;
  report.framesExpected = expected;
  report.checked("structure", `${formatCount(entries, "frame")} in the journal`);
  const ofAll = read < entries ? ` of ${entries.toLocaleString("en-US")}` : "";
  if (read < entries) report.notChecked("frames", sampled(entries - read, entries));
  const looked = `${read.toLocaleString("en-US")}${ofAll} ${read === 1 ? "frame" : "frames"}`;
  report.checked("checksums", `the pixels and metadata of ${looked}`);
  const isOfThese = (file: string) => folder === path || names.includes(journalNameFor(folder, file));
  const strangers = frameFiles(folder).filter((name) => !known.has(name) && isOfThese(name));
  if (folder === path) tellOthers(report, folder, new Set([...journalNames(folder), ...known, ...strangers]));
  if (strangers.length > 0) {
    const more = strangers.length > 1 ? ` and ${strangers.length - 1} more` : "";
    report.missing("ledger", `the journal has no line of ${strangers[0]}${more}`);
  }
  const unfinished = readdirSync(folder).filter((name) => unfinishedTarget(name) !== undefined).length;
  if (unfinished > 0)
    report.note(`${formatCount(unfinished, "file")} that a run began and did not finish; --resume takes them away`);
  report.checked("ledger", `${formatCount(known.size, "file")}, each with its line`);
  report.checked("completeness", "the line that ends a run");
  report.isEnded = journals.every(({ journal }) => journal.end !== undefined);
};

/** The journal by itself: its lines, their order, and how it ends. */
function checkLines(name: string, journal: SurveyedJournal, report: Verification): void {
  const { entries, damaged, breaks, cutBytes, end } = journal;
  for (const { byte, what } of damaged) report.damaged("structure", what, { byte, file: name });
  for (const byte of breaks) {
    const what =
      "this line does not follow the one before: it was changed, or lines are gone, twice or in another order";
    report.damaged("checksums", what, { byte, file: name, code: "journal-broken" });
  }
  if (journal.unchained > 0 && damaged.length === 0) {
    report.notChecked(
      "metadata",
      `${formatCount(journal.unchained, "line")} of the journal without a sum, of an older Mote`,
    );
  }
  if (cutBytes > 0) {
    const what = `the last line of the journal has no end (${formatCount(cutBytes, "byte")})`;
    report.missing("completeness", what, { byte: journal.bytes - cutBytes, file: name });
  }
  if (!journal.descriptor && damaged.length === 0) {
    report.missing("structure", "the journal has no line of a run that started", { file: name });
  }
  if (journal.quarantined > 0) {
    const what = `${formatCount(journal.quarantined, "frame")} could not be stored, and are in quarantine/`;
    report.missing("ledger", what);
  }
  if ((journal.counted ?? 0) > entries.length) {
    const what = `its end counts ${formatCount(journal.counted!, "frame")}, it has lines of ${entries.length.toLocaleString("en-US")}`;
    report.missing("ledger", what, { file: name });
  }
  if (end === undefined && cutBytes === 0) {
    const last = entries.at(-1)?.frame;
    const where = last === undefined ? "before the first frame" : `after frame ${last.toLocaleString("en-US")}`;
    report.missing("completeness", `cut ${where}: the run did not end in order; compress --resume goes on`);
  } else if (end !== undefined) {
    noteUnfinished(report, { isCut: end.isCut === true, isComplete: end.isComplete !== false });
    if (Number(end.lost) > 0)
      report.note(`${formatCount(Number(end.lost), "frame")} lost while recording, as the journal says`);
  }
}

async function checkFiles(
  folder: string,
  journal: SurveyedJournal,
  report: Verification,
  options: VerifyOptions,
  counts: { bytes: number; good: number; read: number; entries: number; expected: number },
): Promise<void> {
  const { entries } = journal;
  const files = new FileReader(folder, journal);
  const step = sampleStep(entries.length, options);
  for (const [index, entry] of entries.entries()) {
    await report.progress(index, entries.length);
    if (index % step > 0) continue;
    counts.read++;
    const decoded = await files.read(entry.file, entry);
    counts.bytes += decoded.bytes;
    const place = { frame: entry.frame, file: entry.file };
    const what = `frame ${entry.frame.toLocaleString("en-US")} ${decoded.fault?.what}`;
    if (!decoded.fault) counts.good++;
    else if (decoded.fault.kind === "missing") report.missing("decoding", what, place);
    else report.damaged("checksums", what, place);
  }
  counts.bytes += journal.bytes;
  counts.entries += entries.length;
  counts.expected += Math.max(entries.length, journal.counted ?? 0) + journal.quarantined;
}
