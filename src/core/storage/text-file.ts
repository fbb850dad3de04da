/** Reads a small text file that a user named. */
import { mostTextBytes, OverBudget } from "../budget.js";
import { codeOf, reason, refusal } from "../errors.js";
import { readFileOrPipe } from "./bounded-file.js";

/** A run file or an option file has a few kilobytes; what has more, or has no end, is refused. A pipe is one, too: `<(...)`. */
export function readTextFile(where: string, path: string): string {
  try {
    return readFileOrPipe(path, mostTextBytes).toString("utf8");
  } catch (error) {
    if (error instanceof OverBudget)
      throw refusal(codeOf(error), `${where}, ${path}`, `expected a small JSON file, this one ${error.message}`);
    throw refusal(codeOf(error), `${where}, ${path}`, `cannot be read: ${reason(error)}`, undefined, error);
  }
}
