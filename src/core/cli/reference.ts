/** The command reference of the README, from the declarations. */
import { loadVerb, verbNames } from "../../commands/index.js";
import { kebab } from "../option/names.js";
import type { OptionSpecs } from "../option/option.js";
import { expectation } from "./command-line.js";
import { stageSyntax } from "./stage-syntax.js";
import { commandSyntax, optionsOfSyntax, type VerbSyntax } from "./verb-syntax.js";

const shared = ["Stream in:", "Stream out:", "Options of every command:"];

export async function referenceText(): Promise<string> {
  const parts: string[] = [];
  const seen = new Map<string, VerbSyntax["groups"][number]>();
  for (const name of verbNames) {
    const verb = (await loadVerb(name))!;
    const syntax = verb.kind === "stage" ? stageSyntax(verb.stage, true) : commandSyntax(verb.command);
    for (const group of syntax.groups) if (shared.includes(group.heading)) seen.set(group.heading, group);
    parts.push(verbText(syntax));
  }
  for (const heading of shared) {
    const group = seen.get(heading);
    if (group) parts.push(`### ${heading.replace(":", "")}\n\n${table(group.options, undefined, group.options)}`);
  }
  return parts.join("\n\n");
}

function verbText(syntax: VerbSyntax): string {
  const argument = syntax.usage ?? (syntax.positional ? `[${syntax.positional}...]` : "");
  const own = syntax.groups.filter((group) => !shared.includes(group.heading));
  const borrowed = syntax.groups.filter(
    (group) => shared.includes(group.heading) && group.heading.startsWith("Stream"),
  );
  const all = optionsOfSyntax(syntax);
  const lines = [
    `### mote ${syntax.name}`,
    "",
    `\`mote ${[syntax.name, argument, "[options]"].filter(Boolean).join(" ")}\``,
    "",
    syntax.summary,
  ];
  if (syntax.description) lines.push("", syntax.description);
  for (const group of own) {
    if (Object.keys(group.options).length === 0) continue;
    if (own.length > 1) lines.push("", `**${group.heading.replace(":", "")}**`);
    lines.push("", table(group.options, syntax.positional, all));
  }
  if (borrowed.length > 0)
    lines.push(
      "",
      `Also the options of ${borrowed.map((group) => `*${group.heading.replace(":", "").toLowerCase()}*`).join(" and ")} below.`,
    );
  for (const { cmd, shows } of syntax.examples) lines.push("", `    mote ${cmd}`, "", shows);
  return lines.join("\n");
}

function table(options: OptionSpecs, positional: string | undefined, all: OptionSpecs): string {
  const rows = Object.entries(options).map(([name, spec]) => {
    const flag =
      name === positional
        ? `\`${name}...\``
        : spec.isFlag
          ? `\`--${kebab(name)}\``
          : `\`--${kebab(name)} <${spec.metavar}>\``;
    return `| ${flag} | ${`${spec.doc} ${expectation(spec, all)}`.trim().replaceAll("|", "\\|")} |`;
  });
  return ["| option | |", "|---|---|", ...rows].join("\n");
}
