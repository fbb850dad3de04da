/**
 * The lab's folders: one a day, in it the files of run 1, 2, 3 ... A run's number is taken by creating a hidden file that
 * only one process can create, and stays taken by the files of the run, whatever their kind.
 */
import { closeSync, openSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { codeOf, failure, reason } from "../../errors.js";
import type { EpochNs } from "../../time.js";
import { removeOwnFile } from "../claim/removal.js";
import { makeFolders } from "../folders.js";
import { runOf, runText } from "./run-names.js";

export interface ClaimedRun {
  /** Folder of the day the run began. */
  readonly folder: string;
  readonly run: number;
  /** Ends the claim, once the run's files are there, or when there will be none. Never throws. */
  release(): void;
}

/** The day of a moment where the computer is, as 2026-11-20: a lab's day ends at its own midnight. */
export function localDay(ns: EpochNs): string {
  const date = new Date(Number(ns / 1_000_000n));
  const two = (value: number) => String(value).padStart(2, "0");
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}

/** Takes the number after the highest of that day; `where` is for complaints. */
export function claimRun(where: string, root: string, day: string): ClaimedRun {
  const folder = join(root, day);
  try {
    makeFolders(folder);
    for (;;) {
      const run = Math.max(0, ...takenIn(folder)) + 1;
      const claim = claimName(run);
      if (!create(join(folder, claim))) continue;
      const release = () => removeOwnFile(join(folder, claim));
      // Another run may have had this number and given its claim back since the folder was read: then its files are there.
      if (!takenIn(folder, claim).includes(run)) return { folder, run, release };
      release();
    }
  } catch (error) {
    throw failure(
      codeOf(error),
      `${where}, --root ${root}`,
      `no run can be begun in ${folder}: ${reason(error)}`,
      undefined,
      error,
    );
  }
}

function claimName(run: number): string {
  return `.run_${runText(run)}.claim`;
}

function takenIn(folder: string, except = ""): number[] {
  return readdirSync(folder).flatMap((name) => (name === except ? [] : (runOf(name) ?? [])));
}

/** False when it was there. */
function create(path: string): boolean {
  try {
    closeSync(openSync(path, "wx"));
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}
