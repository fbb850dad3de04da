/**
 * An HDF5 file: opened by the library, every frame decoded through its filter, columns, ledger and tracks against each other.
 * Pixels without a checksum are told as not checked: what a filter does not notice is not found.
 */
import { MoteError } from "../../../errors.js";
import { isOutOfMemory } from "../../../out-of-memory.js";
import { formatBytes, formatCount } from "../../../units.js";
import { type FileSource, openFileSource } from "../../read/file-source.js";
import { detectionsOf } from "../../recover/counted-detections.js";
import { countFates, noLedger, noteLost, noteUnfinished } from "../../verify/lost-frames.js";
import { sampled, sampleStep, type Verification, type Verify, type VerifyOptions } from "../../verify/verification.js";
import {
  type ArchiveState,
  frameFaults,
  ledgerRows,
  openStoredPixels,
  readArchiveState,
  spans,
} from "./archive-state.js";
import { readChunkMap } from "./chunk-map.js";
import { ColumnWindow } from "./column-window.js";
import { complaintIn, type H5Reader, openH5Reader } from "./h5-reader.js";
import { recordedLossIn } from "./read-metadata.js";
import { rowPlaceOf } from "./row-place.js";
import { readSuperblock, superblockBytes } from "./superblock.js";
import { faultClause, valueFaults } from "./value-checksums.js";

export const verifyH5: Verify = async (path, report, options) => {
  const source = openFileSource(path);
  try {
    report.bytes = source.sizeBytes;
    const isOpenable = checkSuperblock(source, report);
    let file: H5Reader;
    try {
      file = await openH5Reader(path);
    } catch (error) {
      if (!(error instanceof MoteError)) throw error;
      if (isOpenable) report.damaged("structure", complaintIn(error));
      return;
    }
    try {
      await checkArchive(file, source, report, options);
    } finally {
      file.close();
    }
  } finally {
    source.close();
  }
};

/** Says what is wrong with the file's first bytes and its length; false when that is enough for no reader to open it. */
function checkSuperblock(source: FileSource, report: Verification): boolean {
  const head = new Uint8Array(Math.min(superblockBytes, source.sizeBytes));
  source.readInto(head, 0);
  const superblock = readSuperblock(head);
  if (!superblock) {
    if (source.sizeBytes < 48) report.missing("completeness", `cut: the file ends after ${source.sizeBytes} bytes`);
    else report.damaged("structure", "does not begin as an HDF5 file", { byte: 0 });
    return false;
  }
  if (!superblock.isChecksumGood) {
    report.damaged("checksums", "the superblock does not match its checksum", { byte: 0 });
    return false;
  }
  if (superblock.endOfFile > source.sizeBytes) {
    const what = `cut: the file ends at byte ${source.sizeBytes.toLocaleString("en-US")}, its superblock says ${superblock.endOfFile.toLocaleString("en-US")}`;
    report.missing("completeness", what, { byte: source.sizeBytes });
    const chunks = readChunkMap(source);
    if (chunks) {
      report.framesExpected = chunks.size;
      report.frames = [...chunks.values()].filter(({ at, bytes }) => at + bytes <= source.sizeBytes).length;
    }
    return false;
  }
  report.checked("checksums", "the superblock");
  return true;
}

async function checkArchive(
  file: H5Reader,
  source: FileSource,
  report: Verification,
  options: VerifyOptions,
): Promise<void> {
  let state: ArchiveState;
  try {
    state = readArchiveState(file, source);
  } catch (error) {
    if (isOutOfMemory(error)) throw error;
    report.damaged("structure", error instanceof MoteError ? complaintIn(error) : String(error));
    return;
  }
  report.checked("structure", `${formatCount(file.paths.length, "object")}`);
  // What readers ask for and no check below needs: texts lie in a heap of their own.
  guarded(report, "the attributes", () => {
    for (const path of file.paths) file.attributes(path);
  });
  checkTail(source, state, report);
  if (state.isClosed === null) report.notChecked("end", "Mote did not write this file: it has no is_complete");
  const whole = await checkFrames(file, source, state, report, options);
  guarded(report, "the ledger", () => checkLedger(file, state, report, whole));
  guarded(report, "the tracks", () => {
    if (state.tables.size > 0) checkTables(file, state, report);
    else checkTracks(file, state, report);
  });
  if (state.isClosed === true) guarded(report, "the ledger", () => checkDetections(file, state, report));
  guarded(report, "what stands beside the frames", () => checkValues(file, state, report));
  if (state.isClosed === false) {
    const last = whole - 1;
    const where = state.frames
      ? `cut ${last < 0 ? "before the first frame" : `after frame ${last.toLocaleString("en-US")}`}: `
      : "";
    report.missing("completeness", `${where}the file was not closed (is_complete is 0)`);
  }
  if (state.isClosed === true) await checkRow(file, report);
  report.isEnded = state.isClosed === true;
  if (state.isClosed !== null) report.checked("completeness", "the mark that it was closed (is_complete)");
  const loss = state.isClosed ? recordedLossIn(file) : undefined;
  if (loss) noteUnfinished(report, loss);
}

/** A file that Mote closed ends where its superblock says; others may have room behind it. */
function checkTail(source: FileSource, { isClosed }: ArchiveState, report: Verification): void {
  const head = new Uint8Array(superblockBytes);
  source.readInto(head, 0);
  const { endOfFile = source.sizeBytes } = readSuperblock(head) ?? {};
  const rest = source.sizeBytes - endOfFile;
  if (rest <= 0 || isClosed === false) return;
  const what = `${formatBytes(rest)} behind its end are not of the file`;
  if (isClosed) report.damaged("structure", what, { byte: endOfFile, code: "bytes-behind-end" });
  else report.note(what);
}

/** A part of a row says which parts stand before and behind it; one that follows is there before this one is closed. */
async function checkRow(file: H5Reader, report: Verification): Promise<void> {
  const place = await rowPlaceOf(file, report.path);
  for (const [name, side] of [
    [place?.missingBefore, "before"],
    [place?.missingBehind, "behind"],
  ]) {
    if (name) report.missing("completeness", `${name}, the part ${side} it, is not there`, { code: "part-missing" });
  }
}

/** Decodes the frames; returns how many are whole from the start of a file that was cut, or all. */
async function checkFrames(
  file: H5Reader,
  source: FileSource,
  state: ArchiveState,
  report: Verification,
  options: VerifyOptions,
): Promise<number> {
  const { frames, chunks } = state;
  if (!frames) return 0;
  const step = sampleStep(frames.count, options);
  const beside = frameFaults(file, state, source.sizeBytes);
  const stored = openStoredPixels(file, frames);
  let summed = 0;
  const faults: { index: number; what: string }[] = [];
  let decoded = 0;
  for (let index = 0; index < frames.count; index++) {
    let fault = attempt(() => beside(index));
    if (fault === undefined && (index % step === 0 || index >= frames.count - 2)) {
      decoded++;
      fault = attempt(() => {
        stored.read(index);
        if (stored.checksum(index) !== undefined) summed++;
        return undefined;
      });
    }
    if (fault !== undefined) faults.push({ index, what: fault });
    await report.progress(index + 1, frames.count);
  }
  let whole = frames.count;
  // Frames that were being stored when the writer was killed are last, and were never told to be stored.
  while (state.isClosed === false && faults.at(-1)?.index === whole - 1) {
    faults.pop();
    whole--;
  }
  for (const { index, what } of faults) {
    const at = chunks?.get(index)?.at;
    report.damaged("decoding", `frame ${index.toLocaleString("en-US")} ${what}`, {
      frame: index,
      ...(at === undefined ? {} : { byte: at }),
    });
  }
  if (whole < frames.count) {
    report.note(
      `${formatCount(frames.count - whole, "frame")} behind it had not been stored whole when the writer ended`,
    );
  }
  if (summed > 0) report.checked("checksums", `the superblock, and the pixels of ${formatCount(summed, "frame")}`);
  if (summed + faults.length < Math.min(decoded, whole))
    report.notChecked("pixels", "there is no checksum of them: only what does not decode is found");
  if (decoded < whole) report.notChecked("frames", sampled(whole - decoded, whole));
  const ofAll = step > 1 ? ` of ${frames.count.toLocaleString("en-US")}` : "";
  report.checked("decoding", `${decoded.toLocaleString("en-US")}${ofAll} ${decoded === 1 ? "frame" : "frames"}`);
  report.frames = whole - faults.length;
  report.framesExpected = state.isClosed === false ? null : frames.count;
  return whole;
}

function attempt(look: () => string | undefined): string | undefined {
  try {
    return look();
  } catch (error) {
    if (!(error instanceof MoteError)) throw error;
    return `cannot be decoded (${complaintIn(error)})`;
  }
}

function checkLedger(file: H5Reader, state: ArchiveState, report: Verification, whole: number): void {
  if (state.ledgerRows === null) {
    if (state.isClosed !== null) report.missing("ledger", noLedger);
    return;
  }
  const { stored, lost } = countFates(spans(file, state.ledgerRows, (what) => report.damaged("ledger", what)));
  report.checked("ledger", `${formatCount(state.ledgerRows, "row")}, ${stored.toLocaleString("en-US")} of them stored`);
  noteLost(report, lost);
  if (!state.frames || state.isClosed === false) return;
  if (stored !== state.frames.count) {
    report.damaged(
      "ledger",
      `the ledger has ${formatCount(stored, "stored frame")}, the file ${whole.toLocaleString("en-US")}`,
    );
  }
  for (const [name, length] of state.columns) {
    if (length !== state.frames.count) {
      report.damaged(
        "ledger",
        `/images/${name} has ${formatCount(length, "value")} for ${formatCount(state.frames.count, "frame")}`,
      );
    }
  }
}

/** As many detections as the ledger counts. */
function checkDetections(file: H5Reader, { ledgerRows: rows }: ArchiveState, report: Verification): void {
  let counted = 0;
  for (const row of ledgerRows(file, rows ?? 0)) counted += detectionsOf(row);
  const found = report.rows ?? 0;
  if (found >= counted) return;
  const what = `the ledger counts ${formatCount(counted, "detection")}, /tracks has ${found.toLocaleString("en-US")}`;
  report.damaged("ledger", what);
}

/** Columns, ledger and texts against the checksums that were made when the file was closed. */
function checkValues(file: H5Reader, state: ArchiveState, report: Verification): void {
  const faults = valueFaults(file);
  for (const { path, kind } of faults ?? []) report.damaged("checksums", `${path} ${faultClause[kind]}`);
  if (!faults) report.notChecked("values", "there is no checksum of tables and metadata in this file");
  else if (state.tables.size > 0) report.notChecked("values", "the tables of single frames have no checksums");
}

/** Columns of one length, positions that are numbers, frames in order. */
function checkTracks(file: H5Reader, state: ArchiveState, report: Verification): void {
  const { tracks } = state;
  if (tracks.size === 0) return;
  const rows = Math.min(...tracks.values());
  report.rows = rows;
  if (state.isClosed !== false) {
    for (const [name, length] of tracks) {
      if (length !== rows)
        report.damaged(
          "ledger",
          `/tracks/${name} has ${formatCount(length, "row")}, others ${rows.toLocaleString("en-US")}`,
        );
    }
  }
  const column = (name: string) => (tracks.has(name) ? new ColumnWindow(file, `/tracks/${name}`) : undefined);
  const [frame, y, x] = [column("frame"), column("y"), column("x")];
  if (!frame || !y || !x) {
    report.damaged("structure", "/tracks has no column frame, y or x");
    return;
  }
  const others = [...tracks.keys()].filter((name) => !["frame", "x", "y"].includes(name)).map((name) => column(name)!);
  let before = Number.NEGATIVE_INFINITY;
  let faults = 0;
  for (let row = 0; row < rows; row++) {
    for (const other of others) other.value(row);
    const number = Number(frame.value(row));
    const isGood = number >= before && Number.isFinite(x.value(row)) && Number.isFinite(y.value(row));
    if (!isGood && faults++ < 5) {
      report.damaged("decoding", `row ${row.toLocaleString("en-US")} of /tracks has no position, or is out of order`, {
        frame: number,
      });
    }
    before = number;
  }
}

/** A table a frame: every row read, positions that are numbers. */
function checkTables(file: H5Reader, { tables }: ArchiveState, report: Verification): void {
  let total = 0;
  for (const [number, path] of tables) {
    const { shape: [rows = 0] = [], members = [] } = file.dataset(path) ?? {};
    const [x, y] = [members.indexOf("x"), members.indexOf("y")];
    total += rows;
    const values = rows > 0 ? (file.rows(path, 0, rows) as unknown[][]) : [];
    const isGood = values.every((row) => Number.isFinite(row[x]) && Number.isFinite(row[y]));
    if (!isGood) report.damaged("decoding", `a row of ${path} has no position`, { frame: number });
  }
  report.rows = total;
}

/** Damage that the library meets while it reads is a finding. */
function guarded(report: Verification, what: string, check: () => void): void {
  try {
    check();
  } catch (error) {
    if (!(error instanceof MoteError)) throw error;
    report.damaged("decoding", `${what} cannot be read: ${complaintIn(error)}`);
  }
}
