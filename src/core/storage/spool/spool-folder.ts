/** Where spools are kept: the folder for temporary files, on a disk rather than in memory. */
import { accessSync, constants, statfsSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { codeOf, type Problem, reason } from "../../errors.js";

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

/** What is wrong with keeping a stage's spool there, if anything; null: in the folder for temporary files. */
export function spoolFolderProblem(stage: string, folder: string | null): Problem | undefined {
  const place = folder ?? defaultSpoolFolder();
  const fault = faultOf(place);
  if (!fault) return undefined;
  const { code, what } = fault;
  if (folder !== null) {
    const hint = "Name a folder on a disk with room, or make it first with mkdir -p.";
    return { code, where: `${stage}, --spill-dir ${folder}`, what, hint };
  }
  const hint =
    "Make it, set TMPDIR, or name a folder on a disk with room: --spill-dir. Or choose another --backpressure.";
  return {
    code,
    where: `${stage}, folder for temporary files ${place}`,
    what: `frames may have to wait there, and ${what}`,
    hint,
  };
}

function faultOf(folder: string): Pick<Problem, "code" | "what"> | undefined {
  try {
    const stat = statSync(folder, { throwIfNoEntry: false });
    if (!stat) return { code: "no-such-file", what: "there is no such folder" };
    if (!stat.isDirectory()) return { code: "wrong-kind-of-file", what: "it is not a folder" };
    accessSync(folder, constants.W_OK | constants.X_OK);
    return undefined;
  } catch (error) {
    return { code: codeOf(error), what: `the folder cannot be written to: ${reason(error)}` };
  }
}

function isInMemory(folder: string): boolean {
  try {
    return memoryFileSystems.includes(statfsSync(folder).type);
  } catch {
    return false;
  }
}
