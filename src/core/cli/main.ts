/** The command line's entry: finds the verb, reads its words, runs it, and is the one place that exits. */
import { createRequire } from "node:module";
import { loadVerb, verbNames } from "../../commands/index.js";
import { summaries } from "../../commands/summaries.js";
import { type ExitCode, refusal } from "../errors.js";
import { nearestName } from "../option/names.js";
import { paragraph } from "./paragraph.js";
import { printError } from "./print-error.js";
import { helpColumns, printMessage, printResult, speakForEverybody } from "./terminal.js";
import type { VerbSyntax } from "./verb-syntax.js";

export const version: string = (createRequire(import.meta.url)("../../../package.json") as { version: string }).version;

export async function main(words: readonly string[]): Promise<void> {
  speakForEverybody();
  // What nobody waits for any more when it goes wrong.
  process.on("uncaughtException", (error) => process.exit(tell(error, words)));
  process.exit(await runCommandLine(words));
}

/** Runs one command line to its end, errors told, and returns its exit code. */
export async function runCommandLine(words: readonly string[]): Promise<ExitCode> {
  try {
    return await dispatch(words);
  } catch (error) {
    return tell(error, words);
  }
}

/** Tells an error in the name of the verb, and returns its exit code. */
function tell(error: unknown, words: readonly string[]): ExitCode {
  return printError(verbNames.find((name) => name === words[0]) ?? "mote", error, words.includes("--json"));
}

async function dispatch(words: readonly string[]): Promise<ExitCode> {
  const [name, ...rest] = words;
  if (name === undefined) {
    printMessage(overview());
    return 2;
  }
  if (name === "--help" || name === "-h" || name === "help") {
    if (rest[0] !== undefined && !rest[0].startsWith("-")) return dispatch([rest[0], "--help", ...rest.slice(1)]);
    refuseSurplus(name, rest);
    printResult("help", overview());
    return 0;
  }
  if (name === "--version" || name === "-V" || name === "version") {
    refuseSurplus(name, rest);
    printResult("version", version);
    return 0;
  }
  const verb = await loadVerb(name);
  if (!verb) {
    const nearest = nearestName(name, verbNames);
    throw refusal(
      "bad-option",
      `mote ${name}`,
      "there is no such command",
      nearest ? `Did you mean mote ${nearest}?` : "mote --help lists them.",
    );
  }
  const [{ parseWords }, syntaxes] = await Promise.all([import("./command-line.js"), import("./verb-syntax.js")]);
  if (verb.kind === "command") {
    const syntax = syntaxes.commandSyntax(verb.command);
    if (verb.command.compose) {
      if (rest.includes("--help") && !rest.includes("then")) return help(syntax);
      return (await import("./run-stages.js")).runComposed(verb.command, rest, version);
    }
    const { wantsHelp, raw } = parseWords(syntax, rest);
    if (wantsHelp) return help(syntax);
    return (await import("./run-command.js")).runCommandVerb(verb.command, raw, version);
  }
  const syntax = (await import("./stage-syntax.js")).stageSyntax(verb.stage, true);
  const { wantsHelp, raw } = parseWords(syntax, rest);
  if (wantsHelp) return help(syntax);
  return (await import("./run-stages.js")).runStageVerb(verb.stage, raw, version);
}

function refuseSurplus(name: string, rest: readonly string[]): void {
  if (rest.length > 0) throw refusal("bad-option", `mote ${name}`, `expected nothing behind it, got ${rest.join(" ")}`);
}

async function help(syntax: VerbSyntax): Promise<ExitCode> {
  const { buildCommander } = await import("./command-line.js");
  let text = "";
  buildCommander(syntax, helpColumns())
    .configureOutput({
      writeOut: (part) => {
        text += part;
      },
    })
    .outputHelp();
  printResult(`${syntax.name} --help`, text.trimEnd());
  return 0;
}

function overview(): string {
  const columns = helpColumns();
  const lines = Object.entries(summaries).map(([name, summary]) =>
    paragraph(`  ${name.padEnd(10)} ${summary}`, columns, 13),
  );
  return [
    `mote ${version}: live microscopy from the command line`,
    "",
    "  mote acquire --camera sim --frames 500 | mote track --preset tweezer | mote archive --out run.h5",
    "",
    "Commands:",
    ...lines,
    "",
    paragraph(
      "mote COMMAND --help explains one. Exit codes: 0 done · 1 failed · 2 refused before anything was opened · 3 completed with loss · 130 interrupted twice.",
      columns,
    ),
  ].join("\n");
}
