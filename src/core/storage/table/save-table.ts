/** Writes a table whole or not at all. */
import { closeSync, openSync } from "node:fs";
import { failure, MoteError, type Problem, reason } from "../../errors.js";
import { besideName } from "../claim/beside.js";
import { claimProblem } from "../claim/claim.js";
import { removeOwnFile } from "../claim/removal.js";
import { openWholeOutput } from "../claim/whole-output.js";
import { writeAll } from "../write-all.js";

const endings = /\.(csv|tsv|txt|parquet)$/i;

/** Whether the name asks for Parquet. */
export function isParquetName(path: string): boolean {
  return /\.parquet$/i.test(path);
}

/** What is wrong with writing a table there, if anything. */
export function tableOutProblem(where: string, path: string, isForced: boolean): Problem | undefined {
  if (!endings.test(path)) {
    const hint = "Name a .csv, .tsv, .txt or .parquet file, or leave --out away and redirect stdout.";
    return { where, what: "tables are written as .csv, .tsv, .txt or .parquet", hint };
  }
  const problem = claimProblem({ where, path, isForced });
  return problem?.what === "is not a regular file"
    ? { ...problem, hint: "Leave --out away and redirect stdout." }
    : problem;
}

/** Writes the pieces to `path`; what was there before stays until the last byte is on the disk. */
export async function saveTable(
  where: string,
  path: string,
  isForced: boolean,
  pieces: AsyncIterable<Uint8Array>,
): Promise<void> {
  const output = openWholeOutput({ where, path, isForced }, "link");
  try {
    for await (const piece of pieces) output.write(piece);
    output.finish();
  } catch (error) {
    output.giveUp();
    if (error instanceof MoteError) throw error;
    throw failure(where, `cannot be written: ${reason(error)}`, "Nothing was changed; make room and run again.", error);
  }
}

/** The same as Parquet: the text goes to a file beside it first, since its types are known only when it ends. */
export async function saveParquetTable(
  where: string,
  path: string,
  isForced: boolean,
  text: AsyncIterable<Uint8Array>,
): Promise<void> {
  const { parquetOfText } = await import("../formats/parquet/parquet-of-text.js");
  const between = besideName(path, "text");
  async function* pieces() {
    // The name is claimed by now: a file of that name was left by a run that is gone.
    removeOwnFile(between);
    try {
      await writeText(between, text);
      yield* parquetOfText(where, between);
    } finally {
      removeOwnFile(between);
    }
  }
  await saveTable(where, path, isForced, pieces());
}

async function writeText(path: string, text: AsyncIterable<Uint8Array>): Promise<void> {
  const fd = openSync(path, "wx");
  try {
    for await (const piece of text) writeAll(fd, piece);
  } finally {
    closeSync(fd);
  }
}
