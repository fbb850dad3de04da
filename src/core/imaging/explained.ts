import { isSystemError, MoteError, problemOfFile, reason } from "../errors.js";

/** Turns what went wrong with a file into words: the byte where it is known, the budget that it broke, the system's
 * reason otherwise. */
export function explained(
  where: string,
  error: unknown,
  as: (where: string, what: string, hint?: string, cause?: unknown) => MoteError,
): unknown {
  if (error instanceof MoteError) return error;
  const problem = problemOfFile(where, error);
  if (problem) return as(problem.where, problem.what, problem.hint, error);
  if (isSystemError(error)) {
    return as(where, `cannot be read (${reason(error)})`, "Check that the file is there and may be read.", error);
  }
  return error;
}
