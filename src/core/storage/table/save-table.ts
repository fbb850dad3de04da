/** Writes a table whole or not at all: temporary name, fsync, rename. */
import { closeSync, fsyncSync, openSync, renameSync, unlinkSync, writeSync } from "node:fs";
import { failure, MoteError, type Problem, reason, refusal } from "../../errors.js";
import { newFileProblem } from "../files.js";

const textEndings = /\.(csv|tsv|txt)$/i;

/** What is wrong with writing a table of text there, if anything. */
export function tableOutProblem(where: string, path: string, isForced: boolean): Problem | undefined {
  if (!textEndings.test(path)) {
    const hint = /\.(parquet|pq)$/i.test(path)
      ? "Parquet is read only; pandas turns a CSV into it: pandas.read_csv(...).to_parquet(...)."
      : "Name a .csv, .tsv or .txt file, or leave --out away and redirect stdout.";
    return { where, what: "tables are written as .csv, .tsv or .txt", hint };
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
