/** Writes a table whole or not at all. */
import { closeSync, openSync } from "node:fs";
import { codeOf, failure, MoteError, type Problem, reason } from "../../errors.js";
import { besideName } from "../claim/beside.js";
import { claimProblem } from "../claim/claim.js";
import { removeOwnFile } from "../claim/removal.js";
import { singleFileOr } from "../claim/single-file.js";
import { openWholeOutput } from "../claim/whole-output.js";
import { extensionOf } from "../extension.js";
import { formats } from "../formats/registry.js";
import { writeAll } from "../write-all.js";

const ofText = formats.flatMap(({ tables }) => (tables?.ofText ? [{ ...tables, ofText: tables.ofText }] : []));
const endings = [".csv", ".tsv", ".txt", ...ofText.flatMap(({ extensions }) => extensions)];
const listed = `${endings.slice(0, -1).join(", ")} or ${endings.at(-1)}`;

/** What is wrong with writing a table there, if anything. */
export function tableOutProblem(where: string, path: string, isForced: boolean): Problem | undefined {
  if (!endings.includes(extensionOf(path))) {
    const hint = `Name a ${listed} file, or leave --out away and redirect stdout.`;
    return { code: "bad-name", where, what: `tables are written as ${listed}`, hint };
  }
  return claimProblem({ where, path, isForced, kind: singleFileOr("Leave --out away and redirect stdout.") });
}

/** Writes a table of text as what the name of `path` asks for; what was there before stays until the last byte is on the disk. */
export async function saveTable(
  where: string,
  path: string,
  isForced: boolean,
  text: AsyncIterable<Uint8Array>,
): Promise<void> {
  const extension = extensionOf(path);
  const tables = ofText.find(({ extensions }) => extensions.includes(extension));
  if (tables) await saveOfText(where, path, isForced, text, await tables.ofText(extension));
  else await savePieces(where, path, isForced, text);
}

async function savePieces(
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
    throw failure(
      codeOf(error),
      where,
      `cannot be written: ${reason(error)}`,
      "Nothing was changed; make room and run again.",
      error,
    );
  }
}

/** The text goes to a file beside it first, since the types of its columns are known only when it ends. */
async function saveOfText(
  where: string,
  path: string,
  isForced: boolean,
  text: AsyncIterable<Uint8Array>,
  bytesOf: (where: string, path: string) => AsyncIterable<Uint8Array>,
): Promise<void> {
  const between = besideName(path, "text");
  async function* pieces() {
    // The name is claimed by now: a file of that name was left by a run that is gone.
    removeOwnFile(between);
    try {
      await writeText(between, text);
      yield* bytesOf(where, between);
    } finally {
      removeOwnFile(between);
    }
  }
  await savePieces(where, path, isForced, pieces());
}

async function writeText(path: string, text: AsyncIterable<Uint8Array>): Promise<void> {
  const fd = openSync(path, "wx");
  try {
    for await (const piece of text) writeAll(fd, piece);
  } finally {
    closeSync(fd);
  }
}
