/** A folder of compressed frames: every file decoded and its pixels held against the checksum that the journal has of them. */
import { readdirSync } from "node:fs";
import { formatCount } from "../../units.js";
import { journalName } from "../compress/journal.js";
import { FileReader, frameFiles, surveyJournal } from "../compress/survey-folder.js";
import { sampled, sampleStep, type Verify } from "./verification.js";

export const verifyFrameFolder: Verify = async (folder, report, options) => {
  const journal = surveyJournal(folder);
  const { entries, damaged, cutBytes, end } = journal;
  for (const { byte, what } of damaged) report.damaged("structure", what, { byte, file: journalName });
  if (cutBytes > 0) {
    const what = `the last line of the journal has no end (${formatCount(cutBytes, "byte")})`;
    report.missing("completeness", what, { byte: journal.bytes - cutBytes, file: journalName });
  }
  if (!journal.descriptor && damaged.length === 0) {
    report.missing("structure", "the journal has no line of a run that started", { file: journalName });
  }
  const files = new FileReader(folder, journal);
  const step = sampleStep(entries.length, options);
  let bytes = journal.bytes;
  let good = 0;
  let read = 0;
  for (const [index, entry] of entries.entries()) {
    await report.progress(index, entries.length);
    if (index % step > 0) continue;
    read++;
    const decoded = await files.read(entry.file, entry);
    bytes += decoded.bytes;
    const place = { frame: entry.frame, file: entry.file };
    const what = `frame ${entry.frame.toLocaleString("en-US")} ${decoded.fault?.what}`;
    if (!decoded.fault) good++;
    else if (decoded.fault.kind === "missing") report.missing("decoding", what, place);
    else report.damaged("checksums", what, place);
  }
  report.bytes = bytes;
  report.frames = step === 1 ? good : entries.length;
  report.framesExpected = entries.length + journal.quarantined;
  report.checked("structure", `${formatCount(entries.length, "frame")} in the journal`);
  const ofAll = step > 1 ? ` of ${entries.length.toLocaleString("en-US")}` : "";
  if (read < entries.length) report.notChecked("frames", sampled(entries.length - read, entries.length));
  report.checked("checksums", `${read.toLocaleString("en-US")}${ofAll} decoded and compared, pixels and metadata`);
  if (journal.quarantined > 0) {
    report.missing(
      "ledger",
      `${formatCount(journal.quarantined, "frame")} could not be stored, and are in quarantine/`,
    );
  }
  const known = new Set(entries.map(({ file }) => file));
  const strangers = frameFiles(folder).filter((name) => !known.has(name));
  if (strangers.length > 0) {
    const more = strangers.length > 1 ? ` and ${strangers.length - 1} more` : "";
    report.missing("ledger", `the journal has no line of ${strangers[0]}${more}`);
  }
  const unfinished = readdirSync(folder).filter((name) => /^\..*\.part$/s.test(name)).length;
  if (unfinished > 0)
    report.note(`${formatCount(unfinished, "file")} that a run began and did not finish; --resume takes them away`);
  report.checked("ledger", `${formatCount(known.size, "file")}, each with its line`);
  report.checked("completeness", "the line that ends a run");
  report.isEnded = end !== undefined;
  if (end === undefined && cutBytes === 0) {
    const last = entries.at(-1)?.frame;
    const where = last === undefined ? "before the first frame" : `after frame ${last.toLocaleString("en-US")}`;
    report.missing("completeness", `cut ${where}: the run did not end in order; compress --resume goes on`);
  } else if (Number(end?.lost) > 0) {
    report.note(`${formatCount(Number(end?.lost), "frame")} were lost while recording, as the journal says`);
  }
};
