/**
 * The only place that takes a file away or gives one another name (test/architecture.test.ts holds that). What may go: files
 * that this run made, and files that it opened as its input. What a stream, a file or an argument merely names is neither.
 */
import {
  type BigIntStats,
  fstatSync,
  linkSync,
  lstatSync,
  readdirSync,
  renameSync,
  rmdirSync,
  unlinkSync,
} from "node:fs";
import { join } from "node:path";

/** One file, whatever its names: device and number on it. */
export interface FileIdentity {
  readonly device: bigint;
  readonly number: bigint;
}

export function identityOf({ dev, ino }: Pick<BigIntStats, "dev" | "ino">): FileIdentity {
  return { device: dev, number: ino };
}

/** Of an open file. */
export function openedIdentity(fd: number): FileIdentity {
  return identityOf(fstatSync(fd, { bigint: true }));
}

export function isSameFile(a: FileIdentity, b: FileIdentity): boolean {
  return a.device === b.device && a.number === b.number;
}

/** Removes a file that this run made under that name; one that is gone already is no error. Links are removed, never followed. */
export function removeOwnFile(path: string): void {
  try {
    unlinkSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  }
}

/** Removes a file that this run opened, if the name still means that very file; false, and nothing is removed, when it does not. */
export function removeOpenedFile(path: string, opened: FileIdentity): boolean {
  const there = lstatSync(path, { bigint: true, throwIfNoEntry: false });
  if (!there?.isFile() || !isSameFile(identityOf(there), opened)) return false;
  unlinkSync(path);
  return true;
}

/** Removes a socket that refused a connection, if the name still means that very one. */
export function removeDeadSocket(path: string, refused: FileIdentity): void {
  const there = lstatSync(path, { bigint: true, throwIfNoEntry: false });
  if (there?.isSocket() && isSameFile(identityOf(there), refused)) removeOwnFile(path);
}

/** Gives a file or folder that this run made its name; a file that has it goes. */
export function moveOwn(from: string, to: string): void {
  renameSync(from, to);
}

/** File systems without hard links say one of these. */
const noLinks = new Set(["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EMLINK", "EACCES"]);

/**
 * Gives a file that this run made its name, never in the place of another: an error with code EEXIST where something has it.
 * A rename would replace what came meanwhile; a hard link refuses. Where there are none, the gap is microseconds.
 */
export function nameNew(from: string, to: string): void {
  try {
    linkSync(from, to);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "EEXIST" || lstatSync(to, { throwIfNoEntry: false })) {
      throw Object.assign(new Error(`EEXIST: ${to} exists already`, { cause: error }), { code: "EEXIST" });
    }
    if (!noLinks.has(code ?? "")) throw error;
    renameSync(from, to);
    return;
  }
  try {
    unlinkSync(from);
  } catch {
    // The file has its name, that is what counts; the next run that writes it takes the second name away.
  }
}

/** Removes a folder if nothing is in it. Says whether it did. */
export function removeEmptyFolder(path: string): boolean {
  try {
    rmdirSync(path);
    return true;
  } catch {
    return false;
  }
}

/** Removes those files of a folder, at any depth, that `isOurs` knows by their path in it, and the folders that are empty then. */
export function clearFolder(path: string, isOurs: (relative: string) => boolean, within = ""): void {
  const entries = readdirSync(join(path, within), { withFileTypes: true });
  // Folders first: what says which files are ours stands beside them, and goes last.
  for (const entry of entries.sort((a, b) => Number(b.isDirectory()) - Number(a.isDirectory()))) {
    const relative = within === "" ? entry.name : `${within}/${entry.name}`;
    if (entry.isDirectory()) clearFolder(path, isOurs, relative);
    else if (isOurs(relative)) unlinkSync(join(path, relative));
  }
  removeEmptyFolder(join(path, within));
}
