/** The options that every verb has: how it speaks, and the file that holds its options. */
import { MoteError, refusal } from "../errors.js";
import type { JsonObject } from "../model/json.js";
import { ownEntries } from "../model/own.js";
import type { UsedFile } from "../model/used-files.js";
import { decodeOptions, type RawOptions } from "../option/decode-options.js";
import { camel } from "../option/names.js";
import { type OptionSpecs, option } from "../option/option.js";
import { optionsIn } from "../option/option-file.js";
import { type Spell, spelling } from "./option-files.js";
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
): Promise<{ raw: RawOptions; voice: Voice; reads: readonly UsedFile[]; spell: Spell }> {
  const own = ownEntries(given, (name) => Object.hasOwn(shared, name));
  const rest = ownEntries(given, (name) => !Object.hasOwn(own, name));
  const { options, problems } = decodeOptions<OptionSpecs>(where, shared, own);
  if (problems.length > 0) throw new MoteError(problems, { exitCode: 2 });
  const { config } = options as { config?: string };
  const values = config === undefined ? {} : await readConfig(where, config);
  const written = Object.keys(values).filter((name) => !Object.hasOwn(rest, camel(name)));
  return {
    raw: { ...(config === undefined ? {} : optionsIn(`${where}, --config ${config}`, values)), ...rest },
    spell(label, option) {
      const name = spelling(option, written);
      return written.includes(name) ? `${label}, --config ${config}, ${name}` : undefined;
    },
    reads: config === undefined ? [] : [{ where: `${where}, --config ${config}`, file: config }],
    voice: { json: options.json === true, quiet: options.quiet === true, latency: options.latency === true },
  };
}

async function readConfig(where: string, path: string): Promise<JsonObject> {
  const [{ parseOptionFile }, { readTextFile }] = await Promise.all([
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
  return values as JsonObject;
}
