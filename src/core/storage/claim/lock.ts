/**
 * The lock beside a file that is written: `.NAME.lock`, a folder with one file in it, whose name says who writes. Nobody sees
 * it half made (it is renamed into place), and one that a dead process left is taken over by renaming that very file: of
 * any number of processes that found the same dead one, the first has it and the others find a name that is gone.
 */
import { lstatSync, mkdirSync, readdirSync, type Stats, statSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { basename, dirname, join } from "node:path";
import { codeOf, reason, refusal } from "../../errors.js";
import { parseJsonObject } from "../../model/json.js";
import { oneLine } from "../../printable.js";
import { epochNow, isoText } from "../../time.js";
import { readBounded } from "../bounded-file.js";
import { besideName } from "./beside.js";
import { moveOwn, removeEmptyFolder, removeOwnFile } from "./removal.js";
import type { Refused } from "./replaceable.js";
import { rowOf } from "./row-names.js";
import {
  isOfEarlierStart,
  stateOf,
  thisWriter,
  type Writer,
  type WriterState,
  writerName,
  writerOf,
} from "./writer.js";

/** Enough for any number of runs that start and end meanwhile. */
const mostTries = 1000;

/** Characters of what a lock says that are shown. */
const mostWordLength = 100;

/** What a lock says about the file beside it. */
export interface LockHolder {
  readonly state: WriterState;
  /** "mote archive, process 4711 on lab-pc, since 2026-11-20T10:00:00.000Z". */
  readonly who: string;
  /** The machine that it wrote on was started again since: it may have lost what was not on the disk then. */
  readonly isOfEarlierStart: boolean;
  /** The file is an old one, to be replaced by what that writer writes elsewhere: nothing is wrong with it. */
  readonly isOfAnother: boolean;
  /** What is written is a row: the names of all its parts are taken, also of those to come. */
  readonly isOfRow: boolean;
  /** The lock itself, for who has to remove it by hand. */
  readonly lock: string;
}

export interface Lock {
  /** Ends it: the file is closed in order, or there is none. Never throws. */
  release(): void;
  /**
   * Leaves it there as the mark of a file that was not closed in order: for readers it is from now on one of a dead writer.
   * Never throws.
   */
  leave(): void;
  /** False once somebody took it away, as with the folder that it stands in. */
  isThere(): boolean;
  /** Says what is written under other names: a new file, so that the one beside it is an old one, which is whole; or a row. */
  isOfAnother(what: "file" | "row"): void;
}

/** Name of the entry of a lock that its writer left on purpose. */
const leftName = "left";
/** Behind the name of an entry whose file is not the one that is written. */
const ofAnother = { file: "-new", row: "-row" } as const;

/**
 * Takes the lock of `path`, whose folder has to be there; passes over one that a dead process left. Refuses (exit code 2) when
 * somebody writes that file, or when nobody can say whether he still does. `what`: "archive", for those who are refused.
 */
export function takeLock(where: string, path: string, what: string): Lock {
  const lock = besideName(path, "lock");
  const mine = writerName(thisWriter());
  const words = Buffer.from(`${JSON.stringify(ownWords(what))}\n`);
  for (let tries = 0; tries < mostTries; tries++) {
    if (make(lock, mine, words)) return lockOf(lock, mine);
    const obstacle = obstacleAt(lock);
    if (obstacle) throw refusal(obstacle.code, where, obstacle.what, obstacle.hint);
    const entry = entryOf(lock);
    if (entry === undefined) {
      // Given back meanwhile; some file systems do not rename a folder onto an empty one.
      removeEmptyFolder(lock);
      continue;
    }
    if (entry === mine) return lockOf(lock, mine);
    const holder = holderOf(lock, entry);
    if (holder.state !== "gone") throw held(where, holder);
    if (takeOver(lock, entry, mine, words)) return lockOf(lock, mine);
  }
  throw refusal("in-use", where, `is taken and given back all the time: ${lock} could not be had`, "Try again.");
}

/** Who writes that file, or wrote it and died before it was closed; undefined when there is no lock. */
export function lockOn(path: string): LockHolder | undefined {
  const lock = besideName(path, "lock");
  const entry = entryOf(lock);
  return entry === undefined ? undefined : holderOf(lock, entry);
}

/** The writer that did not come to close this file: it died, or left it after a failure. Undefined: there was none. */
export function abandonedLock(path: string): LockHolder | undefined {
  const holder = lockOn(path);
  return holder?.state === "gone" && !holder.isOfAnother ? holder : undefined;
}

/** Why a file cannot be had that somebody writes, or whose lock cannot be made; undefined when nothing is in the way. */
export function lockProblem(path: string): Refused | undefined {
  const obstacle = obstacleAt(besideName(path, "lock"));
  if (obstacle) return obstacle;
  const holder = lockOn(path);
  return holder === undefined || holder.state === "gone" ? rowProblem(path) : inWords(holder);
}

/** Why a name is to be that of a part of a row that somebody writes; undefined when it is not. */
export function rowProblem(path: string): Refused | undefined {
  const row = rowOf(path);
  const holder = row === undefined ? undefined : lockOn(row);
  if (row === undefined || !holder?.isOfRow || holder.state === "gone") return undefined;
  const { hint } = inWords(holder);
  return { code: "in-use", what: `is a name of the row of files ${basename(row)}, and ${holder.who} writes it`, hint };
}

/** What has the name of a lock and is none, or a lock that cannot be looked into; undefined when there is a lock, or nothing. */
function obstacleAt(lock: string): Refused | undefined {
  const there = lstatSync(lock, { throwIfNoEntry: false });
  if (!there) return undefined;
  if (!there.isDirectory()) {
    const what = `needs the name ${lock} for its lock while it is written, and ${kindOf(there)} has it`;
    return {
      code: "exists-already",
      what,
      hint: `Mote makes folders only under such a name: move ${lock} away, or choose another name.`,
    };
  }
  try {
    readdirSync(lock);
    return undefined;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    const what = `has a lock that cannot be looked into, so that nobody can tell who writes it (${reason(error)})`;
    return { code: codeOf(error), what, hint: `Ask whoever ${lock} belongs to, or choose another name.` };
  }
}

function kindOf(there: Stats): string {
  if (there.isSymbolicLink()) return "a symbolic link";
  if (there.isFIFO()) return "a named pipe";
  return there.isFile() ? "a file" : "something that is no folder";
}

function inWords({ state, who, lock }: LockHolder): Refused {
  if (state === "alive") {
    return {
      code: "in-use",
      what: `exists already, ${who} is writing it`,
      hint: "Wait until it has ended, or choose another name.",
    };
  }
  return {
    code: "in-use",
    what: `exists already, ${who} writes or wrote it, and from here nobody can tell whether it still does`,
    hint: `When that run has ended, remove its lock: rm -r '${lock}'`,
  };
}

function held(where: string, holder: LockHolder) {
  const { code, what, hint } = inWords(holder);
  return refusal(code, where, what, hint);
}

function lockOf(lock: string, mine: string): Lock {
  let entry = mine;
  return {
    release() {
      quietly(() => removeOwnFile(join(lock, entry)));
      // Somebody may have it already.
      removeEmptyFolder(lock);
    },
    leave: () => quietly(() => moveOwn(join(lock, entry), join(lock, leftName))),
    isThere: () => isNamed(join(lock, entry)),
    isOfAnother(what) {
      moveOwn(join(lock, mine), join(lock, mine + ofAnother[what]));
      entry = mine + ofAnother[what];
    },
  };
}

/** Makes the lock with its entry, both at once; false when there is one. */
function make(lock: string, mine: string, words: Uint8Array): boolean {
  // The name of the entry is short and no other process has it, however long the name of the file is.
  const draft = join(dirname(lock), `.${mine}.lock`);
  mkdirSync(draft);
  try {
    writeFileSync(join(draft, mine), "", { flag: "wx" });
    quietly(() => writeFileSync(join(draft, mine), words));
    moveOwn(draft, lock);
    return true;
  } catch (error) {
    quietly(() => removeOwnFile(join(draft, mine)));
    removeEmptyFolder(draft);
    const code = (error as NodeJS.ErrnoException).code ?? "";
    if (["ENOTEMPTY", "EEXIST", "ENOTDIR"].includes(code)) return false;
    throw error;
  }
}

/** False when the dead one's entry is gone: somebody else was first. */
function takeOver(lock: string, entry: string, mine: string, words: Uint8Array): boolean {
  try {
    moveOwn(join(lock, entry), join(lock, mine));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return false;
    throw error;
  }
  // The name is what counts; who reads the words before they are written gets those of the dead one, and does not believe them.
  quietly(() => writeFileSync(join(lock, mine), words));
  return true;
}

/** The name of a lock's one entry; undefined when there is no lock, none that can be looked into, or one that was just given back. */
function entryOf(lock: string): string | undefined {
  try {
    // What a link leads to is no lock of this file.
    if (!lstatSync(lock, { throwIfNoEntry: false })?.isDirectory()) return undefined;
    const names = readdirSync(lock);
    return names.find((name) => name === leftName || writerOfEntry(name)) ?? names[0];
  } catch {
    return undefined;
  }
}

function writerOfEntry(name: string): Writer | undefined {
  const mark = Object.values(ofAnother).find((mark) => name.endsWith(mark)) ?? "";
  return writerOf(name.slice(0, name.length - mark.length));
}

interface LockWords {
  readonly what: string;
  readonly host: string;
  readonly pid: number;
  readonly since: string;
}

function ownWords(what: string): LockWords {
  return { what, host: hostname(), pid: process.pid, since: isoText(epochNow()) };
}

function holderOf(lock: string, entry: string): LockHolder {
  const words = wordsOf(join(lock, entry));
  const isOfRow = entry.endsWith(ofAnother.row);
  const isOfAnother = isOfRow || entry.endsWith(ofAnother.file);
  const writer = entry === leftName ? undefined : writerOfEntry(entry);
  const facts = { isOfAnother, isOfRow, lock, isOfEarlierStart: writer !== undefined && isOfEarlierStart(writer) };
  if (entry === leftName) return { state: "gone", who: words ? told(words) : "a run that failed", ...facts };
  if (!writer) return { state: "elsewhere", who: `something that left ${lock}`, ...facts };
  const who = words?.pid === writer.pid ? told(words) : `process ${writer.pid}`;
  return { state: stateOf(writer), who, ...facts };
}

function told({ what, host, pid, since }: LockWords): string {
  return `mote ${what} (process ${pid} on ${host}, since ${since})`;
}

/** The words in a lock are one line. */
const mostLockBytes = 10_000;

function wordsOf(path: string): LockWords | undefined {
  try {
    const { what, host, pid, since } = parseJsonObject(readBounded(path, mostLockBytes).toString("utf8")) ?? {};
    if (![what, host, since].every((text) => typeof text === "string") || typeof pid !== "number") return undefined;
    const told = (text: unknown) => oneLine(String(text), mostWordLength);
    return { what: told(what), host: told(host), pid, since: told(since) };
  } catch {
    return undefined;
  }
}

/** Only what the system says is not there is not: a network file system may not answer. */
function isNamed(path: string): boolean {
  try {
    return statSync(path, { throwIfNoEntry: false }) !== undefined;
  } catch {
    return true;
  }
}

function quietly(work: () => void): void {
  try {
    work();
  } catch {
    // What is left of it is passed over by the next one.
  }
}
