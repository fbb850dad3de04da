/** The command line of a stage: its own options, those of its place in a pipeline, and everybody's. */
import { streamIn } from "../../commands/stream-in.js";
import { streamOut } from "../../commands/stream-out.js";
import { linkOptions } from "../pipeline/negotiate.js";
import type { StageDeclaration } from "../pipeline/stage.js";
import { tapOptions } from "../pipeline/tap-option.js";
import { everyRun } from "./every-option.js";
import { everyHeading, grouped, type VerbSyntax } from "./verb-syntax.js";

/** `isAlone` in a shell pipeline, where the stream's ends belong to the command; false inside `run`. */
export function stageSyntax(stage: StageDeclaration, isAlone: boolean): VerbSyntax {
  const groups = grouped(stage.options);
  if (isAlone && stage.role !== "source") groups.push({ heading: "Stream in:", options: streamIn.options });
  if (isAlone && stage.role !== "sink")
    groups.push({ heading: "Stream out:", options: { ...streamOut.options, ...linkOptions } });
  if (!isAlone && stage.role !== "sink") groups.push({ heading: "Stream out:", options: linkOptions });
  groups.push({ heading: "Observers:", options: tapOptions });
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
