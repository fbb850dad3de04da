/** Files that are in the way, folders that are not there, and disks without room: looked at before anything is opened. */
import {
  accessSync,
  constants,
  existsSync,
  readdirSync,
  realpathSync,
  type StatsFs,
  statfsSync,
  statSync,
} from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { codeOf, failure, type MoteError, type Problem, reason, refusal } from "../errors.js";

/** Why a file could not be created, as the error it deserves. */
export function fileInTheWay(where: string, error: unknown): MoteError {
  const code = (error as { code?: string }).code;
  if (code === "EEXIST")
    return refusal("exists-already", where, "exists already", "Choose another name, or --force to replace it.", error);
  return failure(codeOf(error), where, `cannot be created: ${reason(error)}`, undefined, error);
}

/** The path with its folder's links resolved, so that two spellings of one file are one; as given when there is no folder. */
export function realPath(path: string): string {
  const full = resolve(path);
  try {
    return join(realpathSync(dirname(full)), basename(full));
  } catch {
    return full;
  }
}

/** What is wrong with the folder that something shall be made in. */
export function problemOfFolder(where: string, path: string): Problem | undefined {
  const folder = dirname(resolve(path));
  const folderStat = statSync(folder, { throwIfNoEntry: false });
  if (!folderStat)
    return {
      code: "no-such-file",
      where,
      what: `there is no folder ${dirname(path)}`,
      hint: `Make it first: mkdir -p ${dirname(path)}`,
    };
  if (!folderStat.isDirectory()) return { code: "wrong-kind-of-file", where, what: `${dirname(path)} is not a folder` };
  try {
    accessSync(folder, constants.W_OK);
  } catch {
    return {
      code: "no-permission",
      where,
      what: `the folder ${dirname(path)} cannot be written to`,
      hint: "Choose another folder.",
    };
  }
  return undefined;
}

/** Bytes of a file, or of all files in a folder; 0 when it is not there. Links in it to other folders are not followed. */
export function fileBytes(path: string): number {
  const stats = statSync(path, { throwIfNoEntry: false });
  return stats?.isDirectory() ? bytesIn(path) : (stats?.size ?? 0);
}

function bytesIn(folder: string): number {
  return readdirSync(folder, { withFileTypes: true }).reduce((sum, entry) => {
    const path = join(folder, entry.name);
    return sum + (entry.isDirectory() ? bytesIn(path) : bytesBehind(path));
  }, 0);
}

/** Of a file, or of the file that a link leads to; 0 for a link that leads nowhere, in a circle or to a folder. */
function bytesBehind(path: string): number {
  try {
    const stats = statSync(path);
    return stats.isFile() ? stats.size : 0;
  } catch {
    return 0;
  }
}

/** The path itself or the nearest above it that is there. */
export function nearestFolder(path: string): string {
  let folder = resolve(path);
  while (!existsSync(folder)) folder = dirname(folder);
  return folder;
}

/** Bytes an unprivileged process may still write to the disk that holds `path`'s folder, or will when it is made. */
export function freeBytes(path: string): number {
  const stats: StatsFs = statfsSync(nearestFolder(dirname(resolve(path))));
  return stats.bavail * stats.bsize;
}

/** When a file was last changed, ns since the Unix epoch, UTC. */
export function modifiedAtNs(path: string): bigint {
  return statSync(path, { bigint: true }).mtimeNs;
}
