/** Errors as people and programs read them, and the exit code they mean. */
import { type ExitCode, MoteError, reason } from "../errors.js";
import { oneLine } from "../printable.js";
import { printMessage } from "./terminal.js";

export function printError(error: unknown, asJson: boolean): ExitCode {
  const known = error instanceof MoteError ? error : undefined;
  const problems = known?.problems ?? [
    { where: "mote", what: reason(error), hint: "This is a defect of Mote; please report it with the lines below." },
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
