/** What each verb's command line is made of: its own options, those of its place in a pipeline, and everybody's. */
import { streamIn } from "../../commands/stream-in.js";
import { streamOut } from "../../commands/stream-out.js";
import { type OptionSpecs, option } from "../option/option.js";
import type { Command } from "../pipeline/command.js";
import { linkOptions } from "../pipeline/negotiate.js";
import type { StageDeclaration } from "../pipeline/stage.js";
import type { VerbSyntax } from "./command-line.js";

/** Options of every command. */
export const everyCommand = {
  json: option.flag({
    doc: "Speak JSON: a command's result on stdout, a stage's progress and report as lines on stderr.",
    default: false,
  }),
  quiet: option.flag({ doc: "Say nothing but errors and losses.", default: false }),
  config: option.path({ doc: "A JSON file of option values; options given beside it win." }),
} satisfies OptionSpecs;

/** Options of everything that runs stages. */
export const everyRun = {
  ...everyCommand,
  latency: option.flag({
    doc: "Say at the end how long frames took from their arrival to leaving each stage, median and 99 %.",
    default: false,
  }),
} satisfies OptionSpecs;

const everyHeading = "Options of every command:";

/** The options under their headings, in the order in which these are first named. */
function grouped(options: OptionSpecs): { heading: string; options: OptionSpecs }[] {
  const groups = new Map<string, Record<string, OptionSpecs[string]>>();
  for (const [name, spec] of Object.entries(options)) {
    const heading = spec.group ?? "Options:";
    groups.set(heading, { ...groups.get(heading), [name]: spec });
  }
  return [...groups].map(([heading, own]) => ({ heading, options: own }));
}

/** `isAlone` in a shell pipeline, where the stream's ends belong to the command; false inside `run`. */
export function stageSyntax(stage: StageDeclaration, isAlone: boolean): VerbSyntax {
  const groups = grouped(stage.options);
  if (isAlone && stage.role !== "source") groups.push({ heading: "Stream in:", options: streamIn.options });
  if (isAlone && stage.role !== "sink")
    groups.push({ heading: "Stream out:", options: { ...streamOut.options, ...linkOptions } });
  if (!isAlone && stage.role !== "sink") groups.push({ heading: "Stream out:", options: linkOptions });
  if (isAlone) groups.push({ heading: everyHeading, options: everyRun });
  return {
    name: stage.name,
    summary: stage.summary,
    description: stage.description,
    positional: stage.positional,
    examples: stage.examples,
    groups,
  };
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
