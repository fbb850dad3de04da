/** Errors as people and programs read them, and the exit code they mean. */
import { asMoteError, type ExitCode, reason } from "../errors.js";
import { oneLine } from "../printable.js";
import { printMessage } from "./terminal.js";

/** `where`: the verb, for what names no place itself. */
export function printError(where: string, error: unknown, asJson: boolean): ExitCode {
  const known = asMoteError(where, error);
  const problems = known?.problems ?? [
    { where, what: reason(error), hint: "This is a defect of Mote; please report it with the lines below." },
  ];
  const exitCode = known?.exitCode ?? 1;
  if (asJson) {
    for (const problem of problems) printMessage(JSON.stringify({ kind: "error", ...problem, exitCode }));
    return exitCode;
  }
  for (const { where, what, hint } of problems) {
    printMessage(`error: ${oneLine(where)}: ${oneLine(what)}`);
    if (hint) printMessage(`       ${oneLine(hint)}`);
  }
  const isDefect = !known || problems.some((problem) => problem.hint?.startsWith("This is a defect"));
  if (isDefect && error instanceof Error && error.stack) printMessage(error.stack);
  return exitCode;
}
