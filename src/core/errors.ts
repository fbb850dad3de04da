/** What a user is told when Mote stops: where it happened, what was expected and what came, and what to do next. */
import { OverBudget } from "./budget.js";
import { damagedHint, FormatProblem } from "./format-problem.js";
import { isOutOfMemory } from "./out-of-memory.js";

/** 1 failed while running · 2 refused before anything was opened · 3 completed with loss · 130 on the second interrupt. */
export type ExitCode = 0 | 1 | 2 | 3 | 130;

export interface Problem {
  /** Stage, option, file and byte offset, device or frame: `archive, --out run.h5`. */
  readonly where: string;
  /** What was expected and what came, in one clause, without a full stop. */
  readonly what: string;
  /** What to do next, a sentence with a full stop. */
  readonly hint?: string;
}

/** The one error class of the library: one or more problems, the exit code they deserve, and their cause. */
export class MoteError extends Error {
  readonly problems: readonly Problem[];
  readonly exitCode: ExitCode;
  /** It is Mote's own fault: its stack is of use to somebody. */
  readonly isDefect: boolean;

  constructor(
    problems: Problem | readonly Problem[],
    options: { exitCode?: ExitCode; cause?: unknown; isDefect?: boolean } = {},
  ) {
    const list = Array.isArray(problems) ? (problems as readonly Problem[]) : [problems as Problem];
    super(list.map((problem) => `${problem.where}: ${problem.what}`).join("\n"), { cause: options.cause });
    this.name = "MoteError";
    this.problems = list;
    this.exitCode = options.exitCode ?? 1;
    this.isDefect = options.isDefect ?? false;
  }
}

/** A request that cannot be carried out as asked; nothing has been opened yet (exit code 2). */
export function refusal(where: string, what: string, hint?: string, cause?: unknown): MoteError {
  return new MoteError(hint === undefined ? { where, what } : { where, what, hint }, { exitCode: 2, cause });
}

/** Something that went wrong while running (exit code 1). */
export function failure(where: string, what: string, hint?: string, cause?: unknown): MoteError {
  return new MoteError(hint === undefined ? { where, what } : { where, what, hint }, { exitCode: 1, cause });
}

/** What cannot be and is: a defect of Mote (exit code 1). `evidence`: what a report of it needs. */
export function defect(where: string, what: string, evidence: "the lines below" | "the command you ran"): MoteError {
  const hint = `This is a defect of Mote; please report it with ${evidence}.`;
  return new MoteError({ where, what, hint }, { exitCode: 1, isDefect: true });
}

/** What a library finds wrong with one of its parameters; the command line names the option that it came from. */
export interface ParameterFault<Field extends string = string> {
  readonly field: Field;
  /** Its value as it was given, where that says more than the field alone. */
  readonly given?: string;
  /** What was expected and what came, in one clause. */
  readonly what: string;
  /** What to do, a sentence in the words of the parameters. */
  readonly hint?: string;
}

/** Parameters that nobody checked beforehand, all at once; `where` names what was to use them. */
export function parameterRefusal(where: string, faults: readonly ParameterFault[]): MoteError {
  const problems = faults.map(({ field, given, ...rest }) => ({
    where: `${where}, ${[field, given].filter((part) => part !== undefined).join(" ")}`,
    ...rest,
  }));
  return new MoteError(problems, { exitCode: 2 });
}

/** What the user can do about the refusals of a system that have one remedy wherever they happen. */
const remedies: ReadonlyMap<string, string> = new Map([
  ["ENOENT", "Check the path: something on it is not there."],
  ["ENOTDIR", "Check the path: something on it is a file and not a folder."],
  ["EISDIR", "Name a file: this is a folder."],
  ["EEXIST", "Choose another name: this one is taken."],
  ["ENAMETOOLONG", "Choose a shorter name."],
  ["ELOOP", "Check the symbolic links on the path: they lead in a circle."],
  ["EACCES", "Check who owns it and who may read or write it."],
  ["EPERM", "Check who owns it and who may read or write it."],
  ["EROFS", "Choose another disk: this one is read-only."],
  ["ENOSPC", "Make room or choose another disk."],
  ["EDQUOT", "Make room or choose another disk: your share of this one is used up."],
  ["EFBIG", "Choose another disk, or raise the limit on the size of files."],
  ["EMFILE", "Raise the limit on open files (ulimit -n)."],
  ["ENFILE", "Close other programs: the system has no more open files to give."],
  ["ENOMEM", "Close other programs: the system has no memory left."],
  ["EIO", "Check the disk or the device: it failed."],
]);

/** Memory, or the address space for it, that could not be had (exit code 1); `what`: who asked for how much, or the engine's words. */
export function outOfMemory(where: string, what: string, cause?: unknown): MoteError {
  const hint =
    "Lift the limit on address space if there is one (ulimit -v unlimited): much more is reserved than used. Else close other programs, or give fewer workers.";
  return failure(where, `not enough memory (${what})`, hint, cause);
}

/** An error of the operating system as Node gives it: a code, the call and mostly the path. */
interface SystemError extends Error {
  readonly code: string;
  readonly syscall: string;
  readonly path?: unknown;
}

export function isSystemError(error: unknown): error is SystemError {
  const { code, syscall } = (error ?? {}) as { code?: unknown; syscall?: unknown };
  return error instanceof Error && typeof code === "string" && typeof syscall === "string";
}

/**
 * Whatever was thrown, as a MoteError: one stays what it is, what a parser says of a file somebody else made, memory that is
 * not there and a refusal of the operating system become a failure with what can be done about it. Undefined for anything else, which is a defect of Mote. `where` names
 * the verb or stage.
 */
export function asMoteError(where: string, error: unknown): MoteError | undefined {
  if (error instanceof MoteError) return error;
  if (isOutOfMemory(error)) return outOfMemory(where, reason(error), error);
  const problem = problemOfFile(where, error);
  if (problem) return new MoteError(problem, { exitCode: 1, cause: error });
  if (!isSystemError(error)) return undefined;
  const at = typeof error.path === "string" ? `${where}, ${error.path}` : where;
  const words = reason(error).replace(typeof error.path === "string" ? ` '${error.path}'` : "", "");
  return failure(at, words, remedies.get(error.code) ?? "The operating system refused it.", error);
}

/** What a parser found wrong with a file, or the budget that it broke; undefined for everything else. */
export function problemOfFile(where: string, error: unknown): Problem | undefined {
  if (error instanceof FormatProblem) {
    const at = error.byte === undefined ? where : `${where}: byte ${error.byte}`;
    return { where: at, what: error.message, hint: error.hint };
  }
  if (error instanceof OverBudget) return { where, what: error.message, hint: damagedHint };
  return undefined;
}

/** The words of a system error without its stack: "ENOENT: no such file or directory". */
export function reason(error: unknown): string {
  if (error instanceof Error) return error.message.split("\n")[0] ?? error.name;
  return String(error);
}
