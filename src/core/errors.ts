/** What a user is told when Mote stops: where it happened, what was expected and what came, and what to do next. */
import { OverBudget } from "./budget.js";
import type { ErrorCode } from "./error-codes.js";
import { damagedHint, FormatProblem } from "./format-problem.js";
import { isOutOfMemory } from "./out-of-memory.js";
import { isSystemError, systemRefusal } from "./system-error.js";

/** 1 failed while running · 2 refused before anything was opened · 3 completed with loss · 130 on the second interrupt. */
export type ExitCode = 0 | 1 | 2 | 3 | 130;

export interface Problem {
  /** What kind of problem it is: programs decide by this, never by the words. */
  readonly code: ErrorCode;
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
export function refusal(code: ErrorCode, where: string, what: string, hint?: string, cause?: unknown): MoteError {
  return new MoteError({ code, where, what, ...(hint !== undefined && { hint }) }, { exitCode: 2, cause });
}

/** Something that went wrong while running (exit code 1). */
export function failure(code: ErrorCode, where: string, what: string, hint?: string, cause?: unknown): MoteError {
  return new MoteError({ code, where, what, ...(hint !== undefined && { hint }) }, { exitCode: 1, cause });
}

/** What cannot be and is: a defect of Mote (exit code 1). `evidence`: what a report of it needs. */
export function defect(where: string, what: string, evidence: "the lines below" | "the command you ran"): MoteError {
  const hint = `This is a defect of Mote; please report it with ${evidence}.`;
  return new MoteError({ code: "defect", where, what, hint }, { exitCode: 1, isDefect: true });
}

/** What a library finds wrong with one of its parameters; the command line names the option that it came from. */
export interface ParameterFault<Field extends string = string> {
  readonly field: Field;
  /** Its value as it was given, where that says more than the field alone. */
  readonly given?: string;
  /** "bad-option" when absent. */
  readonly code?: ErrorCode;
  /** What was expected and what came, in one clause. */
  readonly what: string;
  /** What to do, a sentence in the words of the parameters. */
  readonly hint?: string;
}

/** Parameters that nobody checked beforehand, all at once; `where` names what was to use them. */
export function parameterRefusal(where: string, faults: readonly ParameterFault[]): MoteError {
  const problems = faults.map(({ field, given, ...rest }) => ({
    code: "bad-option" as ErrorCode,
    where: `${where}, ${[field, given].filter((part) => part !== undefined).join(" ")}`,
    ...rest,
  }));
  return new MoteError(problems, { exitCode: 2 });
}

/** Memory, or the address space for it, that could not be had (exit code 1); `what`: who asked for how much, or the engine's words. */
export function outOfMemory(where: string, what: string, cause?: unknown): MoteError {
  const hint =
    "Lift the limit on address space if there is one (ulimit -v unlimited): much more is reserved than used. Else close other programs, or give fewer workers.";
  return failure("not-enough-memory", where, `not enough memory (${what})`, hint, cause);
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
  const { code, remedy } = systemRefusal(error.code);
  return failure(code, at, words, remedy, error);
}

/** What a parser found wrong with a file, or the budget that it broke; undefined for everything else. */
export function problemOfFile(where: string, error: unknown): Problem | undefined {
  if (error instanceof FormatProblem) {
    const at = error.byte === undefined ? where : `${where}: byte ${error.byte}`;
    return { code: error.code, where: at, what: error.message, hint: error.hint };
  }
  if (error instanceof OverBudget) return { code: "too-large", where, what: error.message, hint: damagedHint };
  return undefined;
}

/**
 * The code of what was thrown or of what caused it, for those who say in words of their own what failed. What has none was not
 * refused by the system, and is called "io-failed" unless the caller knows better.
 */
export function codeOf(error: unknown, otherwise: ErrorCode = "io-failed"): ErrorCode {
  if (error instanceof MoteError) return error.problems[0]?.code ?? otherwise;
  if (error instanceof FormatProblem) return error.code;
  if (error instanceof OverBudget) return "too-large";
  if (isOutOfMemory(error)) return "not-enough-memory";
  if (isSystemError(error)) return systemRefusal(error.code).code;
  return error instanceof Error && error.cause !== undefined ? codeOf(error.cause, otherwise) : otherwise;
}

/** The words of a system error without its stack: "ENOENT: no such file or directory". */
export function reason(error: unknown): string {
  if (error instanceof Error) return error.message.split("\n")[0] ?? error.name;
  return String(error);
}
