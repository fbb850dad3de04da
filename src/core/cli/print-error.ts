/** Errors as people and programs read them, and the exit code they mean. */
import { asMoteError, defect, type ExitCode, reason } from "../errors.js";
import { oneLine } from "../printable.js";
import { inSourcePlaces } from "./source-places.js";
import { printMessage } from "./terminal.js";

/** `where`: the verb, for what names no place itself. */
export function printError(where: string, error: unknown, asJson: boolean): ExitCode {
  const { problems, exitCode, isDefect } = asMoteError(where, error) ?? defect(where, reason(error), "the lines below");
  if (asJson) {
    for (const { code, where, what, hint } of problems)
      printMessage(JSON.stringify({ kind: "error", code, where, what, hint, exitCode }));
    return exitCode;
  }
  for (const { where, what, hint } of problems) {
    printMessage(`error: ${oneLine(where)}: ${oneLine(what)}`);
    if (hint) printMessage(`       ${oneLine(hint)}`);
  }
  if (isDefect && error instanceof Error && error.stack) printMessage(inSourcePlaces(error.stack));
  return exitCode;
}
