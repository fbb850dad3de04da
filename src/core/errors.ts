/** What a user is told when Mote stops: where it happened, what was expected and what came, and what to do next. */

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

  constructor(problems: Problem | readonly Problem[], options: { exitCode?: ExitCode; cause?: unknown } = {}) {
    const list = Array.isArray(problems) ? (problems as readonly Problem[]) : [problems as Problem];
    super(list.map((problem) => `${problem.where}: ${problem.what}`).join("\n"), { cause: options.cause });
    this.name = "MoteError";
    this.problems = list;
    this.exitCode = options.exitCode ?? 1;
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

/** What a library finds wrong with one of its parameters; the command line names the option that it came from. */
export interface ParameterFault<Field extends string = string> {
  readonly field: Field;
  /** What was expected and what came, in one clause. */
  readonly what: string;
  /** What to do, a sentence in the words of the parameters. */
  readonly hint?: string;
}

/** Parameters that nobody checked beforehand, all at once; `where` names what was to use them. */
export function parameterRefusal(where: string, faults: readonly ParameterFault[]): MoteError {
  const problems = faults.map(({ field, ...rest }) => ({ where: `${where}, ${field}`, ...rest }));
  return new MoteError(problems, { exitCode: 2 });
}

/** The words of a system error without its stack: "ENOENT: no such file or directory". */
export function reason(error: unknown): string {
  if (error instanceof Error) return error.message.split("\n")[0] ?? error.name;
  return String(error);
}
