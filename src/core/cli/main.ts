/** The command line's entry: finds the verb, reads its words, runs it, and is the one place that exits. */
import { createRequire } from "node:module";
import { loadVerb, verbNames } from "../../commands/index.js";
import { type ExitCode, refusal } from "../errors.js";
import { nearestName } from "../option/names.js";
import { buildCommander, parseWords } from "./command-line.js";
import { printError } from "./print-error.js";
import { printMessage, printResult, speakForEverybody } from "./terminal.js";
import { commandSyntax, stageSyntax } from "./verb-syntax.js";

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
    printMessage(await overview());
    return 2;
  }
  if (name === "--help" || name === "-h" || name === "help") {
    if (rest[0] !== undefined && !rest[0].startsWith("-")) return dispatch([rest[0], "--help", ...rest.slice(1)]);
    refuseSurplus(name, rest);
    printResult("help", await overview());
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
      `mote ${name}`,
      "there is no such command",
      nearest ? `Did you mean mote ${nearest}?` : "mote --help lists them.",
    );
  }
  const { runStageVerb, runCommandVerb, runComposed } = await import("./run-verb.js");
  if (verb.kind === "command" && verb.command.compose) {
    const syntax = commandSyntax(verb.command);
    if (rest.includes("--help") && !rest.includes("then")) return help(syntax);
    return runComposed(verb.command, rest, version);
  }
  const syntax = verb.kind === "stage" ? stageSyntax(verb.stage, true) : commandSyntax(verb.command);
  const parsed = parseWords(syntax, rest);
  if (parsed.wantsHelp) return help(syntax);
  return verb.kind === "stage"
    ? runStageVerb(verb.stage, parsed.raw, version)
    : runCommandVerb(verb.command, parsed.raw, version);
}

function refuseSurplus(name: string, rest: readonly string[]): void {
  if (rest.length > 0) throw refusal(`mote ${name}`, `expected nothing behind it, got ${rest.join(" ")}`);
}

function help(syntax: Parameters<typeof buildCommander>[0]): ExitCode {
  let text = "";
  buildCommander(syntax)
    .configureOutput({
      writeOut: (part) => {
        text += part;
      },
    })
    .outputHelp();
  printResult(`${syntax.name} --help`, text.trimEnd());
  return 0;
}

async function overview(): Promise<string> {
  const lines = await Promise.all(
    verbNames.map(async (name) => {
      const verb = (await loadVerb(name))!;
      const summary = verb.kind === "stage" ? verb.stage.summary : verb.command.summary;
      return `  ${name.padEnd(10)} ${summary}`;
    }),
  );
  return [
    `mote ${version}: live microscopy from the command line`,
    "",
    "  mote acquire --camera sim --frames 500 | mote track --preset tweezer | mote archive --out run.h5",
    "",
    "Commands:",
    ...lines,
    "",
    "mote COMMAND --help explains one. Exit codes: 0 done · 1 failed · 2 refused before anything was opened ·",
    "3 completed with loss · 130 interrupted twice.",
  ].join("\n");
}
