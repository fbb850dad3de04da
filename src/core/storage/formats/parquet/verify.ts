/**
 * A Parquet table: footer, every page against its checksum where it has one, every row group decoded, row counts, and what
 * Mote's metadata say of the run's end. The format has no checksum over its footer.
 */

import { MoteError } from "../../../errors.js";
import { parseJsonObject } from "../../../model/json.js";
import { formatCount } from "../../../units.js";
import { type BytePieces, openBytePieces, readRange } from "../../table/byte-pieces.js";
import { noteLost, noteUnfinished } from "../../verify/lost-frames.js";
import { sampleStep, type Verification, type Verify, type VerifyOptions } from "../../verify/verification.js";
import { checkPages } from "./parquet-pages.js";
import { recordedLossNote } from "./parquet-store.js";
import { openParquetSource, type ParquetSource, ParquetUnreadable } from "./parquet-table.js";

/** The magic in front, the same behind, and the footer's length. */
const leastBytes = 12;

export const verifyParquet: Verify = async (path, report, options) => {
  const where = `verify, ${path}`;
  const pieces = openBytePieces(where, path);
  try {
    report.bytes = pieces.byteLength;
    if (!hasEnds(where, pieces, report)) return;
    const source = await openedSource(where, pieces, report);
    if (source) await checkGroups(source, pieces, report, options);
  } finally {
    pieces.close();
  }
};

function hasEnds(where: string, pieces: BytePieces, report: Verification): boolean {
  const { byteLength } = pieces;
  if (byteLength === 0) {
    report.missing("completeness", "the file is empty");
    return false;
  }
  const isMagic = (at: number) => Buffer.from(readRange(where, pieces, at, at + 4)).toString("latin1") === "PAR1";
  if (!isMagic(0)) {
    report.damaged("structure", "does not begin as a Parquet file", { byte: 0 });
    return false;
  }
  if (byteLength >= leastBytes && isMagic(byteLength - 4)) return true;
  const what = "the footer is missing, without which no row can be found: the file was cut";
  report.damaged("structure", what, { byte: byteLength });
  return false;
}

async function openedSource(
  where: string,
  pieces: BytePieces,
  report: Verification,
): Promise<ParquetSource | undefined> {
  try {
    return await openParquetSource(where, pieces);
  } catch (error) {
    if (!(error instanceof MoteError) || error.exitCode !== 2) throw error;
    report.damaged("structure", `the footer cannot be read: ${whatOf(error)}`, { byte: pieces.byteLength - 8 });
    return undefined;
  }
}

async function checkGroups(source: ParquetSource, pieces: BytePieces, report: Verification, options: VerifyOptions) {
  const { groupRows, columns } = source;
  const step = sampleStep(groupRows.length, options);
  let [pages, checksums, rows, decoded] = [0, 0, 0, 0];
  let [start, left] = [0, 0];
  let lastFrame: number | null = null;
  for (const [group, count] of groupRows.entries()) {
    const chunks = source.groupChunks[group]!;
    await report.progress(chunks[0]?.at ?? 0, pieces.byteLength);
    const state = await checkPages(source, pieces, group);
    pages += state.pages;
    checksums += state.checksums;
    for (const { check, what, byte } of state.faults) report.damaged(check, what, { byte });
    if (group % step > 0 && group < groupRows.length - 1) left += count;
    let isWhole = state.faults.length === 0;
    if (isWhole && (group % step === 0 || group === groupRows.length - 1)) {
      const fault = await decodingFault(source, start, count);
      if (fault) report.damaged("decoding", `row group ${group + 1}: ${fault}`, { byte: chunks[0]?.at ?? 0 });
      else decoded += count;
      isWhole = fault === undefined;
    }
    if (isWhole) {
      rows += count;
      if (count > 0 && columns.includes("frame")) lastFrame = await frameOf(source, start + count - 1);
    }
    start += count;
  }
  report.rows = rows;
  if (left > 0) report.notChecked("frames", `${formatCount(left, "row")} were not decoded, as --sample asks`);
  report.checked(
    "structure",
    `${formatCount(groupRows.length, "row group")} of ${formatCount(columns.length, "column")}`,
  );
  report.checked("checksums", `${checksums.toLocaleString("en-US")} of ${formatCount(pages, "page")}`);
  report.checked("decoding", `${decoded.toLocaleString("en-US")} of ${formatCount(start, "row")}`);
  report.checked("ledger", "rows in the footer against row groups and pages");
  if (checksums < pages) {
    const without = (pages - checksums).toLocaleString("en-US");
    report.notChecked(
      "values",
      `${without} of ${formatCount(pages, "page")} have no checksum: only what does not decode is found`,
    );
  }
  const { statedRows } = source;
  if (statedRows !== start) {
    const stated = statedRows.toLocaleString("en-US");
    report.damaged("ledger", `the footer counts ${stated} rows, its row groups ${start.toLocaleString("en-US")}`);
  }
  checkEnd(source, report, rows, lastFrame);
}

/** What Mote's own metadata say; a table of another program says nothing of the run it came from. */
function checkEnd({ notes }: ParquetSource, report: Verification, rows: number, lastFrame: number | null): void {
  const isComplete = notes.get("mote.is_complete");
  if (isComplete === undefined) {
    report.notChecked("end", "Mote did not write this table: nothing says that it was finished");
    return;
  }
  report.checked("completeness", "the mark that it was closed (mote.is_complete)");
  report.isEnded = isComplete === "true";
  noteRecordedLoss(notes.get(recordedLossNote), report);
  if (report.isEnded) return;
  const frame = lastFrame === null ? "" : `, of frame ${lastFrame.toLocaleString("en-US")}`;
  const reach = report.findingCount === 0 ? `; intact up to row ${rows.toLocaleString("en-US")}${frame}` : "";
  report.missing("completeness", `was not closed in order with every frame that came${reach}`);
}

/** A table of an older Mote, or one that was not closed, says nothing. */
function noteRecordedLoss(text: string | undefined, report: Verification): void {
  if (!text) return;
  const loss = parseJsonObject(text);
  if (!loss) {
    report.damaged("structure", `${recordedLossNote} in the footer is no JSON`);
    return;
  }
  noteUnfinished(report, { isCut: loss.isCut === true, isComplete: loss.isComplete === true });
  if (typeof loss.lost === "number") noteLost(report, loss.lost);
}

async function decodingFault(source: ParquetSource, start: number, rows: number): Promise<string | undefined> {
  try {
    await source.read(source.columns, start, rows);
    return undefined;
  } catch (error) {
    if (!(error instanceof MoteError) || error.exitCode !== 2) throw error;
    return whatOf(error);
  }
}

async function frameOf(source: ParquetSource, row: number): Promise<number> {
  const group = await source.read(["frame"], row, 1);
  return Number(group.get("frame")![0]);
}

function whatOf(error: MoteError): string {
  return error instanceof ParquetUnreadable ? error.complaint : (error.problems[0]?.what ?? error.message);
}
