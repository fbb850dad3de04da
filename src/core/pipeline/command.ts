/** A verb that is no stage: it looks at something or composes stages, and returns what it has to say. */

import type { ExitCode } from "../errors.js";
import type { JsonValue } from "../model/json.js";
import type { UsedFile } from "../model/used-files.js";
import type { OptionSpecs, OptionsOf } from "../option/option.js";
import type { RunRequest } from "./run-file.js";
import type { Example } from "./stage.js";

export interface CommandResult {
  /** When the result is data, such as a table: its bytes for stdout, piece by piece. Text and JSON go to stderr then. */
  readonly data?: AsyncIterable<Uint8Array>;
  /** For people, on stdout; ends without a line feed. */
  readonly text: string;
  /** For programs, on stdout with --json. */
  readonly json: JsonValue;
  readonly exitCode?: ExitCode;
  /** Sentences for stderr. */
  readonly warnings?: readonly string[];
}

/** What a command may ask of whoever runs it. */
export interface CommandContext {
  /** Mote's own. */
  readonly version: string;
  /** Files that its options were read from. */
  readonly reads: readonly UsedFile[];
  /** Shows how far a long piece of work is, on a terminal: `done` of `total` in any unit. May be called often. */
  progress(label: string, done: number, total: number): void;
}

export interface Command<Specs extends OptionSpecs = OptionSpecs, Facts = unknown> {
  readonly name: string;
  readonly summary: string;
  readonly description?: string;
  /** How its plain arguments are written in the usage line: "FILE | STAGE ... then STAGE ...". */
  readonly usage?: string;
  readonly options: Specs;
  readonly positional?: keyof Specs & string;
  /** Its plain arguments are words and name no files. */
  readonly takesWords?: boolean;
  readonly examples: readonly Example[];
  /** A first look at what the options name, made once; everything in it can be cloned. */
  look?(options: OptionsOf<Specs>): Promise<Facts>;
  /** Whether its work is done in a thread of its own, as it may not come back from what it reads. Its result has no `data` then. */
  isConfined?(facts: Facts): boolean;
  /** Does the work; or, for `run`, says which stages to compose. */
  run?(options: OptionsOf<Specs>, context: CommandContext, facts: Facts): Promise<CommandResult>;
  /** Takes the words of the command line as they are instead of options. */
  compose?(words: readonly string[]): Promise<RunRequest>;
}

export function defineCommand<Specs extends OptionSpecs, Facts = undefined>(command: Command<Specs, Facts>): Command {
  return command as unknown as Command;
}
