/** Which files of a folder are journals, by their names. */
import { existsSync, readdirSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { runOf, runText } from "../../root/run-names.js";

export const journalName = "journal.ndjson";

/** The journal of a run in a folder that runs share: every run has its own. */
export function runJournalName(run: number): string {
  return `run_${runText(run)}_${journalName}`;
}

/** The journals of a folder, by name: its own, and those of runs that share it. */
export function journalNames(folder: string): string[] {
  return readdirSync(folder).filter(isJournalName).sort();
}

/** A journal that was named itself speaks for its run alone, a folder for all runs whose journals are in it. */
export function journalsAt(path: string): { readonly folder: string; readonly names: readonly string[] } {
  if (!statSync(path).isDirectory()) {
    return { folder: dirname(path), names: isJournalName(basename(path)) ? [basename(path)] : [] };
  }
  return { folder: path, names: journalNames(path) };
}

export function isJournalName(name: string): boolean {
  return name === journalName || (name.endsWith(`_${journalName}`) && runOf(name) !== undefined);
}

/** The journal that speaks of a file of `folder`: that of its run where there is one, else the folder's. */
export function journalNameFor(folder: string, file: string): string {
  const run = runOf(file);
  const own = run === undefined ? journalName : runJournalName(run);
  return existsSync(join(folder, own)) ? own : journalName;
}
