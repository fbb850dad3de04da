/** The lock of a file that is only read: of the file itself, where its name is a link. */
import { realpathSync } from "node:fs";
import { type LockHolder, lockOn } from "./lock.js";

const clauses = {
  alive: "is writing it",
  gone: "ended without closing it",
  elsewhere: "has not closed it, and from here nobody can tell whether it still writes",
} as const;

/** "mote archive (process 4711 on lab-pc, since ...) is writing it". */
export function holderClause({ state, who }: LockHolder): string {
  return `${who} ${clauses[state]}`;
}

/** Who writes this file, or wrote it and did not come to close it; undefined when nothing says so, or it cannot be looked at. */
function lockBeside(path: string): LockHolder | undefined {
  try {
    const holder = lockOn(realpathSync(path));
    // An old file, which is whole: the one that replaces it grows under another name, and has a lock of its own.
    return holder?.isOfAnother ? undefined : holder;
  } catch {
    return undefined;
  }
}

/** The same of several files, those that nobody has left out. */
export function locksBeside(paths: readonly string[]): readonly LockHolder[] {
  return paths.flatMap((path) => lockBeside(path) ?? []);
}
