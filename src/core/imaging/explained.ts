import type { ErrorCode } from "../error-codes.js";
import { MoteError, problemOfFile, reason } from "../errors.js";
import { isSystemError, systemRefusal } from "../system-error.js";

/** Turns what went wrong with a file into words: the byte where it is known, the budget that it broke, the system's
 * reason otherwise. */
export function explained(
  where: string,
  error: unknown,
  as: (code: ErrorCode, where: string, what: string, hint?: string, cause?: unknown) => MoteError,
): unknown {
  if (error instanceof MoteError) return error;
  const problem = problemOfFile(where, error);
  if (problem) return as(problem.code, problem.where, problem.what, problem.hint, error);
  if (isSystemError(error)) {
    return as(
      systemRefusal(error.code).code,
      where,
      `cannot be read (${reason(error)})`,
      "Check that the file is there and may be read.",
      error,
    );
  }
  return error;
}
