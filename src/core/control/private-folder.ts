/** The folder of the sockets at which runs listen: nobody but its owner gets in, so that the sockets need no guard of their own. */
import { lstatSync, mkdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { isAbsolute, join } from "node:path";
import { reason } from "../errors.js";

/** Where it may be, the best first: the session's own folder, which the system clears, then the one for temporary files. */
export function folderCandidates(): readonly string[] {
  const { XDG_RUNTIME_DIR: session } = process.env;
  const own = join(tmpdir(), `mote-${process.getuid?.() ?? "user"}`);
  return session !== undefined && isAbsolute(session) ? [join(session, "mote"), own] : [own];
}

/** What keeps a folder from being private, as a clause behind its name; undefined when it is there and is. */
export function folderFault(folder: string): string | undefined {
  try {
    const there = lstatSync(folder);
    if (!there.isDirectory()) return "is no folder";
    if (process.getuid !== undefined && there.uid !== process.getuid()) return "belongs to another user";
    // A chmod would come too late: others may have been in it.
    if ((there.mode & 0o077) !== 0) return "is open to others";
    return undefined;
  } catch (error) {
    return `cannot be looked at: ${reason(error)}`;
  }
}

/** The private folder, made where there is none; or why none can be had, in words. */
export function privateFolder(): { readonly folder: string } | { readonly faults: string } {
  const faults: string[] = [];
  for (const folder of folderCandidates()) {
    const fault = makeFault(folder) ?? folderFault(folder);
    if (fault === undefined) return { folder };
    faults.push(`${folder} ${fault}`);
  }
  return { faults: faults.join(", ") };
}

function makeFault(folder: string): string | undefined {
  try {
    mkdirSync(folder, { mode: 0o700 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") return `cannot be made: ${reason(error)}`;
  }
  return undefined;
}
