/** The whole lines of a table or of a run's documents, into a new file; lines that are cut or damaged are left out and counted. */
import { codeOf, failure, reason, refusal } from "../../errors.js";
import { openWholeOutput } from "../claim/whole-output.js";
import { extensionOf } from "../extension.js";
import { fileBytes } from "../files.js";
import { nothingWhole } from "../recover/recover-frames.js";
import type { Recover } from "../recover/recovery.js";
import { judgedLines } from "./survey-text.js";

const flushBytes = 1 << 20;

export const recoverTable: Recover = async (recovery, { where }) => {
  const { path, out } = recovery;
  const outWhere = `recover, --out ${out}`;
  const extension = extensionOf(path);
  if (extensionOf(out) !== extension) {
    throw refusal(
      "bad-name",
      outWhere,
      `expected a name ending in ${extension}`,
      "The lines of a text are copied as they are.",
    );
  }
  const { check, lines: judged } = judgedLines(path);
  const output = openWholeOutput({ where: outWhere, path: out, isForced: false }, "recover");
  let pending: Uint8Array[] = [];
  let pendingBytes = 0;
  const flush = () => {
    output.write(Buffer.concat(pending));
    pending = [];
    pendingBytes = 0;
  };
  let lines = 0;
  try {
    const total = fileBytes(path);
    for (const line of judged) {
      await recovery.progress(line.at, total);
      const isCut = !line.hasEnd && !line.isTooLong;
      const fault = isCut ? "was cut" : line.fault?.what;
      // An event after one that is lost is whole; only its number says that another is missing.
      if (fault && (isCut || !line.fault?.isLineWhole)) {
        const where = `line ${line.number.toLocaleString("en-US")}, byte ${line.at.toLocaleString("en-US")}`;
        // Other lines may be of its frame, and nobody knows what a cut file had behind it.
        recovery.lost(`${where}: ${fault}`, null);
        if (isCut) recovery.unfinished();
        if (line.number === 1) break;
        continue;
      }
      pending.push(Buffer.from(line.bytes), Buffer.of(10));
      pendingBytes += line.bytes.length + 1;
      lines++;
      if (pendingBytes > flushBytes) flush();
    }
    if (lines === 0) throw nothingWhole(where);
    flush();
    output.finish();
  } catch (error) {
    output.giveUp();
    if ((error as NodeJS.ErrnoException).code === undefined) throw error;
    throw failure(codeOf(error), outWhere, `cannot be written: ${reason(error)}`, "Make room and run again.", error);
  }
  recovery.rows = lines - 1;
  if (!check.isEnded) {
    recovery.unfinished();
    recovery.lost("the end of the run: its documents were cut", null);
  } else if (check.failure !== undefined) {
    recovery.unfinished();
    recovery.lost(`what the run did not come to: ${check.failure}`, null);
  } else if (check.hasEndMark) recovery.finished();
};
