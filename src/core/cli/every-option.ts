/** The options that every verb has: how it speaks, and the file that holds its options. */

import { isRunName, runNameExpected } from "../control/run-name.js";
import { MoteError, refusal } from "../errors.js";
import { mailboxEntries } from "../memory/mailbox.js";
import type { JsonObject } from "../model/json.js";
import { mostNoteLength } from "../model/note.js";
import { ownEntries } from "../model/own.js";
import type { UsedFile } from "../model/used-files.js";
import { decodeOptions, type RawOptions } from "../option/decode-options.js";
import { camel } from "../option/names.js";
import { type OptionSpecs, type OptionsOf, option } from "../option/option.js";
import { optionsIn } from "../option/option-file.js";
import { type Spell, spelling } from "./option-files.js";
import type { ControlPlace, RunNote, Speech } from "./speech.js";
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
  name: option.custom(
    {
      doc: "What the run is called by those who speak to it with mote tell; a number is put behind it where another run has that name. Default: the name of its run file, else of its stage.",
      expected: runNameExpected,
      metavar: "name",
    },
    (raw) => (typeof raw === "string" && isRunName(raw) ? raw : undefined),
  ),
  control: option.custom(
    {
      doc: "Where the run listens for those who speak to it: a socket of that path, or none. Default: one of the run's name in a folder that is the user's alone.",
      expected: "unix:PATH or none",
      metavar: "address",
    },
    controlPlace,
  ),
  note: option.list<RunNote>(
    option.custom(
      {
        doc: "What to note down at the start, stored with the frames; may be given several times.",
        expected: `key=value, of up to ${mostNoteLength} characters`,
        metavar: "key=value",
      },
      runNote,
    ),
  ),
} satisfies OptionSpecs;

function controlPlace(raw: unknown): ControlPlace | undefined {
  if (raw === "none") return "none";
  return typeof raw === "string" && raw.startsWith("unix:") ? { path: raw.slice("unix:".length) } : undefined;
}

function runNote(raw: unknown): RunNote | undefined {
  if (typeof raw !== "string" || raw.length > mostNoteLength) return undefined;
  const [, key, value] = /^([^=\s][^=]*)=(.+)$/s.exec(raw) ?? [];
  return key === undefined || value === undefined ? undefined : { key, value };
}

/** Splits off the options of every command and lays the --config file's values underneath the rest. */
export async function takeEvery(
  where: string,
  given: RawOptions,
  shared: typeof everyRun | typeof everyCommand,
): Promise<{ raw: RawOptions; voice: Voice; speech: Speech; reads: readonly UsedFile[]; spell: Spell }> {
  const own = ownEntries(given, (name) => Object.hasOwn(shared, name));
  const rest = ownEntries(given, (name) => !Object.hasOwn(own, name));
  const { options, problems } = decodeOptions<OptionSpecs>(where, shared, own);
  if (problems.length > 0) throw new MoteError(problems, { exitCode: 2 });
  const { config, name, control, note = [] } = options as { config?: string } & Partial<OptionsOf<typeof everyRun>>;
  requireRoomForNotes(where, note);
  const values = config === undefined ? {} : await readConfig(where, config);
  const written = Object.keys(values).filter((name) => !Object.hasOwn(rest, camel(name)));
  return {
    raw: { ...(config === undefined ? {} : optionsIn(`${where}, --config ${config}`, values)), ...rest },
    spell(label, option) {
      const name = spelling(option, written);
      return written.includes(name) ? `${label}, --config ${config}, ${name}` : undefined;
    },
    reads: config === undefined ? [] : [{ where: `${where}, --config ${config}`, file: config }],
    speech: { name, control, notes: note },
    voice: { json: options.json === true, quiet: options.quiet === true, latency: options.latency === true },
  };
}

function requireRoomForNotes(where: string, notes: readonly RunNote[]): void {
  if (notes.length > mailboxEntries)
    throw refusal("bad-option", `${where}, --note`, `expected ${mailboxEntries} at most, got ${notes.length}`);
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
