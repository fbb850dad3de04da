/** Turns declarations into commander commands and words into raw options. Commander sees strings only; `decodeOptions` judges. */
import { Command as Commander, CommanderError, Option } from "commander";
import { MoteError, type Problem, refusal } from "../errors.js";
import { own } from "../model/own.js";
import type { RawOptions } from "../option/decode-options.js";
import { camel, kebab } from "../option/names.js";
import type { OptionSpec, OptionSpecs } from "../option/option.js";
import { ruleText } from "../option/rules.js";
import { paragraph } from "./paragraph.js";
import { optionsOfSyntax, type VerbSyntax } from "./verb-syntax.js";

export interface ParsedWords {
  readonly raw: RawOptions;
  readonly wantsHelp: boolean;
}

/** "(a whole number, at least 1; only with --png; default: 3)" */
export function expectation(spec: OptionSpec<unknown>, specs: OptionSpecs): string {
  const parts: string[] = [];
  if (!spec.isFlag) parts.push(spec.expected);
  if (spec.isRepeatable) parts.push("may be given several times");
  const rule = ruleText(spec, specs);
  if (rule) parts.push(rule);
  const hasDefault = spec.default !== undefined && !(Array.isArray(spec.default) && spec.default.length === 0);
  if (spec.isRequired) parts.push("required");
  else if (hasDefault && !(spec.isFlag && spec.default === false))
    parts.push(`default: ${spec.isFlag ? "on" : String(spec.default)}`);
  return parts.length > 0 ? `(${parts.join("; ")})` : "";
}

/** `width`: columns that the help may take. */
export function buildCommander(syntax: VerbSyntax, width = 80): Commander {
  const command = new Commander(`mote ${syntax.name}`)
    .description([syntax.summary, syntax.description].filter(Boolean).join("\n\n"))
    .helpOption(false)
    .allowUnknownOption()
    .allowExcessArguments()
    .exitOverride()
    .configureOutput({ writeErr: () => {}, writeOut: () => {} })
    .configureHelp({ helpWidth: width, minWidthToWrap: 20 });
  const argument = syntax.usage ?? (syntax.positional ? `[${syntax.positional}...]` : "");
  command.usage(`${argument} [options]`.trim());
  const all = optionsOfSyntax(syntax);
  const files = syntax.positional === undefined ? undefined : own(all, syntax.positional);
  if (files) command.argument(`[${files.metavar}...]`, files.doc);
  for (const group of syntax.groups) {
    for (const [name, spec] of Object.entries(group.options)) {
      if (name === syntax.positional) continue;
      const flags = spec.isFlag ? `--${kebab(name)}` : `--${kebab(name)} <${spec.metavar}>`;
      command.addOption(new Option(flags, `${spec.doc} ${expectation(spec, all)}`.trim()).helpGroup(group.heading));
      if (spec.isFlag) command.addOption(new Option(`--no-${kebab(name)}`).hideHelp());
    }
  }
  command.addOption(new Option("-h, --help", "Print this help.").helpGroup("Options of every command:"));
  if (syntax.examples.length > 0) {
    // A command is one line, so that it can be copied.
    const lines = syntax.examples.map(({ cmd, shows }) => `  mote ${cmd}\n${paragraph(`      ${shows}`, width, 6)}`);
    command.addHelpText("after", `\nExamples:\n${lines.join("\n")}`);
  }
  return command;
}

/** Reads words into raw options: text as typed, true and false for flags, lists for what may be repeated. */
export function parseWords(syntax: VerbSyntax, words: readonly string[]): ParsedWords {
  const command = buildCommander(syntax);
  // Without a prototype: "__proto__" is a name as any other.
  const raw: Record<string, unknown> = Object.create(null);
  const problems: Problem[] = [];
  /** An option of which one value counts: the second one says something else than the first. */
  function set(name: string, value: unknown): void {
    if (Object.hasOwn(raw, name) && raw[name] !== value) {
      const what = `is given twice: ${[raw[name], value].map(String).join(" and ")}`;
      problems.push({
        code: "option-conflict",
        where: `${syntax.name}, --${kebab(name)}`,
        what,
        hint: "Keep one of the two.",
      });
    }
    raw[name] = value;
  }
  for (const { options } of syntax.groups) {
    for (const [name, spec] of Object.entries(options)) {
      if (name === syntax.positional) continue;
      command.on(`option:${kebab(name)}`, (value: string | undefined) => {
        if (spec.isFlag) set(name, true);
        else if (spec.isRepeatable) raw[name] = [...((raw[name] as unknown[] | undefined) ?? []), value ?? ""];
        else set(name, value ?? "");
      });
      if (spec.isFlag) {
        command.on(`option:no-${kebab(name)}`, () => {
          set(name, false);
        });
      }
    }
  }
  let wantsHelp = false;
  command.on("option:help", () => {
    wantsHelp = true;
  });
  try {
    const { operands, unknown } = command.parseOptions([...words]);
    takeRest(syntax, operands, unknown, raw, problems);
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    throw refusal(
      "bad-option",
      syntax.name,
      error.message.replace(/^error: /, ""),
      `See mote ${syntax.name} --help.`,
      error,
    );
  }
  if (problems.length > 0 && !wantsHelp) throw new MoteError(problems, { exitCode: 2 });
  return { raw, wantsHelp };
}

/** Plain arguments go to the positional option; options nobody declared go on by name, so that all mistakes are told at once. */
function takeRest(
  syntax: VerbSyntax,
  operands: readonly string[],
  unknown: readonly string[],
  raw: Record<string, unknown>,
  problems: Problem[],
): void {
  const all = optionsOfSyntax(syntax);
  const plain = [...operands];
  for (const [i, word] of unknown.entries()) {
    if (word === "--") continue;
    const isValueOfUnknown = i > 0 && unknown[i - 1]!.startsWith("-") && unknown[i - 1] !== "--";
    if (word.startsWith("-") && word.length > 1) {
      const name = camel(word.replace(/^-+/, "").split("=")[0]!);
      if (name === syntax.positional)
        problems.push({
          code: "bad-option",
          where: `${syntax.name}, --${kebab(name)}`,
          what: "there is no such option",
          hint: "Give the name alone.",
        });
      else if (!own(all, name)?.isFlag) raw[name] = true;
      else
        problems.push({
          code: "bad-option",
          where: `${syntax.name}, --${kebab(name)}`,
          what: "takes no value",
          hint: `Or --no-${kebab(name)}.`,
        });
    } else if (!isValueOfUnknown) plain.push(word);
  }
  if (plain.length === 0) return;
  if (!syntax.positional)
    throw refusal(
      "bad-option",
      syntax.name,
      `expected options only, got ${plain.join(" ")}`,
      own(all, "input")
        ? `Files are read by acquire, or as a frame stream with --input: mote acquire FILE | mote ${syntax.name} ...`
        : `See mote ${syntax.name} --help.`,
    );
  raw[syntax.positional] = plain;
}
