/** The options that every verb has: how it speaks, and the file that holds its options. */
import { MoteError, refusal } from "../errors.js";
import type { JsonObject } from "../model/json.js";
import { ownEntries } from "../model/own.js";
import type { UsedFile } from "../model/used-files.js";
import { decodeOptions, type RawOptions } from "../option/decode-options.js";
import { type OptionSpecs, option } from "../option/option.js";
import type { Voice } from "./voice.js";

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

/** Splits off the options of every command and lays the --config file's values underneath the rest. */
export async function takeEvery(
  where: string,
  given: RawOptions,
  shared: typeof everyRun | typeof everyCommand,
): Promise<{ raw: RawOptions; voice: Voice; reads: readonly UsedFile[] }> {
  const own = ownEntries(given, (name) => Object.hasOwn(shared, name));
  const rest = ownEntries(given, (name) => !Object.hasOwn(own, name));
  const { options, problems } = decodeOptions<OptionSpecs>(where, shared, own);
  if (problems.length > 0) throw new MoteError(problems, { exitCode: 2 });
  const raw = options.config === undefined ? rest : { ...(await readConfig(where, options.config as string)), ...rest };
  const { config } = options as { config?: string };
  return {
    raw,
    reads: config === undefined ? [] : [{ where: `${where}, --config ${config}`, file: config }],
    voice: { json: options.json === true, quiet: options.quiet === true, latency: options.latency === true },
  };
}

async function readConfig(where: string, path: string): Promise<RawOptions> {
  const [{ optionsIn, parseOptionFile }, { readTextFile }] = await Promise.all([
    import("../option/option-file.js"),
    import("../storage/text-file.js"),
  ]);
  const values = parseOptionFile(`${where}, --config ${path}`, readTextFile(`${where}, --config`, path));
  if (typeof values !== "object" || values === null || Array.isArray(values)) {
    throw refusal(
      "bad-option-file",
      `${where}, --config ${path}`,
      'expected an object of option values, as in { "diameter": 11 }',
    );
  }
  return optionsIn(`${where}, --config ${path}`, values as JsonObject);
}
