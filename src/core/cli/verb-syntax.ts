/** What a verb's command line is made of: options under their headings. */
import type { OptionSpecs } from "../option/option.js";
import type { Command } from "../pipeline/command.js";
import type { Example } from "../pipeline/stage.js";
import { everyCommand, everyRun } from "./every-option.js";

/** What a verb's command line is made of. */
export interface VerbSyntax {
  readonly name: string;
  readonly summary: string;
  readonly description?: string | undefined;
  readonly usage?: string | undefined;
  readonly positional?: string | undefined;
  readonly examples: readonly Example[];
  /** Option groups with their headings, in order. */
  readonly groups: readonly { readonly heading: string; readonly options: OptionSpecs }[];
}

export function optionsOfSyntax({ groups }: VerbSyntax): OptionSpecs {
  return Object.assign({}, ...groups.map(({ options }) => options));
}

export const everyHeading = "Options of every command:";

/** The options under their headings, in the order in which these are first named. */
export function grouped(options: OptionSpecs): { heading: string; options: OptionSpecs }[] {
  const groups = new Map<string, Record<string, OptionSpecs[string]>>();
  for (const [name, spec] of Object.entries(options)) {
    const heading = spec.group ?? "Options:";
    groups.set(heading, { ...groups.get(heading), [name]: spec });
  }
  return [...groups].map(([heading, own]) => ({ heading, options: own }));
}

export function commandSyntax(command: Command): VerbSyntax {
  return {
    name: command.name,
    summary: command.summary,
    description: command.description,
    usage: command.usage,
    positional: command.positional,
    examples: command.examples,
    groups: [
      ...grouped(command.options),
      { heading: everyHeading, options: command.compose ? everyRun : everyCommand },
    ],
  };
}
