import { OverBudget } from "../budget.js";
import { MoteError, reason } from "../errors.js";
import { FormatProblem } from "./byte-source.js";

/** Turns what went wrong with a file into words: the byte where it is known, the budget that it broke, the system's
 * reason otherwise. */
export function explained(
  where: string,
  error: unknown,
  as: (where: string, what: string, hint?: string, cause?: unknown) => MoteError,
): unknown {
  if (error instanceof MoteError) return error;
  if (error instanceof FormatProblem) {
    return as(error.byte === undefined ? where : `${where}: byte ${error.byte}`, error.message, error.hint, error);
  }
  if (error instanceof OverBudget) {
    return as(where, error.message, "The file is damaged, or not what its name says.", error);
  }
  if ((error as NodeJS.ErrnoException).code !== undefined) {
    return as(where, `cannot be read (${reason(error)})`, "Check that the file is there and may be read.", error);
  }
  return error;
}
