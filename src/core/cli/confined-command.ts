/** Commands and looks that read what somebody else made, each in a thread of its own. */
import type { Command, CommandContext, CommandResult } from "../pipeline/command.js";
import type { LookAtFiles } from "../pipeline/stage.js";
import type { FileFacts } from "../storage/read/look-at-files.js";

/** Everything in it can be cloned. */
export interface CommandCall {
  readonly name: string;
  /** What its failures name that know no place. */
  readonly where: string;
  readonly options: Record<string, unknown>;
  /** What its look found. */
  readonly facts: unknown;
  readonly version: string;
  readonly reads: CommandContext["reads"];
}

export interface LookCall {
  readonly look: Parameters<LookAtFiles>;
}

export interface WorkNews {
  readonly label: string;
  readonly done: number;
  readonly total: number;
}

const commandEntry = new URL("./command-entry.js", import.meta.url);
const lookEntry = new URL("./look-entry.js", import.meta.url);

export async function runCommand(
  command: Command,
  options: Record<string, unknown>,
  context: CommandContext,
): Promise<CommandResult> {
  const found = await command.look?.(options);
  if (!command.isConfined?.(found)) return command.run!(options, context, found);
  const files = options[command.positional ?? ""];
  const where = Array.isArray(files) ? `${command.name}, ${files.slice(0, 3).join(", ")}` : command.name;
  const call: CommandCall = {
    name: command.name,
    where,
    options,
    facts: found,
    version: context.version,
    reads: context.reads,
  };
  const { callConfined } = await import("../workers/confined-call.js");
  return callConfined<CommandResult>(commandEntry, where, call, (news) => {
    const { label, done, total } = news as WorkNews;
    context.progress(label, done, total);
  });
}

/** Looks at the headers of image files. */
export const lookAtFilesConfined: LookAtFiles = async (...look) => {
  const { callConfined } = await import("../workers/confined-call.js");
  return callConfined<FileFacts>(lookEntry, look[0], { look } satisfies LookCall);
};
