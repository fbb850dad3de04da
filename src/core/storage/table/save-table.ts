/** Writes a table whole or not at all: temporary name, fsync, rename. */
import { closeSync, fsyncSync, openSync, renameSync, unlinkSync, writeSync } from "node:fs";
import { failure, MoteError, type Problem, reason, refusal } from "../../errors.js";
import { newFileProblem } from "../files.js";

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
  const problem = newFileProblem(where, path, isForced);
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
  const temporary = `${path}.${process.pid}.part`;
  let fd = -1;
  try {
    fd = openSync(temporary, "wx");
    for await (const piece of pieces) {
      for (let at = 0; at < piece.length; ) at += writeSync(fd, piece, at);
    }
    fsyncSync(fd);
    closeSync(fd);
    fd = -2;
    // Another run may have written the file since it was looked for.
    const problem = newFileProblem(where, path, isForced);
    if (problem) throw refusal(problem.where, problem.what, problem.hint);
    renameSync(temporary, path);
  } catch (error) {
    if (fd >= 0) closeSync(fd);
    if (fd !== -1) unlinkSync(temporary);
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
  const between = `${path}.${process.pid}.csv`;
  const { parquetOfText } = await import("../parquet/parquet-of-text.js");
  await saveTable(where, between, false, text);
  try {
    await saveTable(where, path, isForced, parquetOfText(where, between));
  } finally {
    unlinkSync(between);
  }
}
