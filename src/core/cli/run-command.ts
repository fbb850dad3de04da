/** Carries out a verb that is a command, and prints what it has to say. */
import { type ExitCode, MoteError } from "../errors.js";
import { decodeOptions, type RawOptions } from "../option/decode-options.js";
import type { Command } from "../pipeline/command.js";
import { oneLine } from "../printable.js";
import { fileConflicts } from "../storage/claim/own-inputs.js";
import { runCommand } from "./confined-command.js";
import { everyCommand, takeEvery } from "./every-option.js";
import { rethrowSpelled } from "./option-files.js";
import { printData, printMessage, printResult } from "./terminal.js";
import { createWorkProgress } from "./work-progress.js";

export async function runCommandVerb(command: Command, given: RawOptions, version: string): Promise<ExitCode> {
  const { raw, voice, reads, spell } = await takeEvery(command.name, given, everyCommand);
  const { options, problems, broken } = decodeOptions(command.name, command.options, raw, command.positional);
  const refused = [...problems, ...broken];
  if (refused.length > 0) rethrowSpelled(new MoteError(refused, { exitCode: 2 }), spell);
  const files = command.takesWords ? [] : options[command.positional ?? ""];
  const paths = Array.isArray(files) ? (files as string[]) : [];
  const inputs = paths.map((path) => ({ where: `${command.name}, ${path}`, file: path === "-" ? 0 : path }));
  // Appended to (>>), an input would be read with what is written to it.
  const conflicts = fileConflicts({ reads: inputs, writes: [{ where: `${command.name}, stdout`, file: 1 }] });
  if (conflicts.length > 0) throw new MoteError(conflicts, { exitCode: 2 });
  const work = createWorkProgress(voice);
  const result = await runCommand(command, options, { version, reads, progress: work.show })
    .catch((error: unknown) => rethrowSpelled(error, spell))
    .finally(work.stop);
  const said = voice.json ? JSON.stringify(result.json) : result.text;
  if (result.data) {
    await printData(command.name, result.data);
    if (voice.json || !voice.quiet) printMessage(said);
  } else printResult(command.name, said);
  for (const warning of result.warnings ?? []) printMessage(`warning: ${oneLine(warning)}`);
  return result.exitCode ?? 0;
}
