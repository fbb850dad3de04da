/** Where spools are kept: the folder for temporary files, on a disk rather than in memory. */
import { accessSync, constants, statfsSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import type { Problem } from "../../errors.js";

/** `f_type` of Linux' file systems that live in memory (statfs(2)): tmpfs, ramfs. */
const memoryFileSystems: readonly number[] = [0x01021994, 0x858458f6];
/** Kept across reboots, hence on a disk (Filesystem Hierarchy Standard 3.0, section 5.15). */
const diskBackedFolder = "/var/tmp";

/** TMPDIR when it is set; otherwise /tmp, or /var/tmp when /tmp is memory: spilling into memory would not bound it. */
export function defaultSpoolFolder(): string {
  const folder = tmpdir();
  if (process.env.TMPDIR || !isInMemory(folder) || faultOf(diskBackedFolder)) return folder;
  return diskBackedFolder;
}

/** What is wrong with keeping a spool there, if anything. */
export function spoolFolderProblem(where: string, folder: string): Problem | undefined {
  const what = faultOf(folder);
  return what ? { where, what, hint: "Name a folder on a disk with room, or make it first with mkdir -p." } : undefined;
}

function faultOf(folder: string): string | undefined {
  const stat = statSync(folder, { throwIfNoEntry: false });
  if (!stat) return "there is no such folder";
  if (!stat.isDirectory()) return "is not a folder";
  try {
    accessSync(folder, constants.W_OK | constants.X_OK);
    return undefined;
  } catch {
    return "the folder cannot be written to";
  }
}

function isInMemory(folder: string): boolean {
  try {
    return memoryFileSystems.includes(statfsSync(folder).type);
  } catch {
    return false;
  }
}
