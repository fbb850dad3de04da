/**
 * A composed run, from a run file or from the words of `mote run`. A run file is JSON: `{ "version": 1, "stages": [{ "stage":
 * "acquire", ...options }, ...] }`; option names in camelCase or as on the command line.
 */
import { MoteError, type Problem, refusal } from "../errors.js";
import type { JsonObject } from "../model/json.js";
import type { RawOptions } from "../option/decode-options.js";
import { nearestName } from "../option/names.js";
import { optionsIn, parseOptionFile } from "../option/option-file.js";

export interface StageCall {
  readonly stage: string;
  readonly label: string;
  /** From a run file: values; undefined when `words` holds a command line. */
  readonly raw?: RawOptions;
  /** Their names as the run file has them. */
  readonly written?: readonly string[];
  readonly words?: readonly string[];
}

export interface RunRequest {
  readonly calls: readonly StageCall[];
}

/** The text of a run file; `where` is its name. All mistakes of its frame at once; options are judged later, with the rest. */
export function parseRunFile(where: string, text: string, stageNames: readonly string[]): RunRequest {
  const file = parseOptionFile(where, text) as { version?: unknown; stages?: unknown } | null;
  if (typeof file !== "object" || file === null || !Array.isArray(file.stages)) {
    throw refusal(
      "bad-option-file",
      where,
      'expected { "version": 1, "stages": [...] }',
      "mote schema prints the schema for your editor.",
    );
  }
  const problems: Problem[] = [];
  if (file.version !== 1)
    problems.push({
      code: "bad-option-file",
      where: `${where}, version`,
      what: `expected 1, got ${JSON.stringify(file.version)}`,
    });
  for (const key of Object.keys(file)) {
    if (!["version", "stages", "$schema", "description"].includes(key))
      problems.push({ code: "bad-option-file", where: `${where}, ${key}`, what: "there is no such key" });
  }
  const labels = new Set<string>();
  const calls = file.stages.map((entry: unknown, i): StageCall => {
    const at = `${where}, stages[${i}]`;
    const { stage, tag, ...rest } = (entry ?? {}) as { stage?: unknown; tag?: unknown } & Record<string, unknown>;
    if (typeof stage !== "string" || !stageNames.includes(stage)) {
      const nearest = nearestName(String(stage), stageNames);
      problems.push({
        code: "bad-option-file",
        where: at,
        what: `there is no stage ${JSON.stringify(stage)}`,
        hint: nearest ? `Did you mean ${nearest}?` : `The stages are ${stageNames.join(", ")}.`,
      });
    }
    if (tag !== undefined && typeof tag !== "string")
      problems.push({ code: "bad-option-file", where: at, what: `expected a tag of text, got ${JSON.stringify(tag)}` });
    const label = typeof tag === "string" ? tag : String(stage);
    if (labels.has(label))
      problems.push({
        code: "bad-option-file",
        where: at,
        what: `the name ${label} is taken by an earlier stage`,
        hint: 'Give it a "tag" of its own.',
      });
    labels.add(label);
    return {
      stage: String(stage),
      label,
      raw: optionsIn(at, rest as JsonObject),
      written: Object.keys(rest),
    };
  });
  if (calls.length === 0)
    problems.push({
      code: "bad-option-file",
      where: `${where}, stages`,
      what: "expected at least two stages, got none",
    });
  if (problems.length > 0) throw new MoteError(problems, { exitCode: 2 });
  return { calls };
}

/** `acquire ... then track ... then archive ...` */
export function splitAtThen(words: readonly string[], stageNames: readonly string[]): RunRequest {
  const parts: string[][] = [[]];
  for (const word of words) {
    if (word === "then") parts.push([]);
    else parts.at(-1)!.push(word);
  }
  const used = new Map<string, number>();
  const calls = parts.map((part, i): StageCall => {
    const [name, ...rest] = part;
    if (name === undefined) {
      throw refusal(
        "bad-option",
        "run",
        i === 0 ? "expected a stage before the first then" : `expected a stage after then number ${i}`,
        "As in: mote run acquire --camera sim then track --diameter 21 then archive --out run.h5",
      );
    }
    if (!stageNames.includes(name)) {
      const nearest = nearestName(name, stageNames);
      throw refusal(
        "bad-option",
        "run",
        `there is no stage ${name}`,
        nearest ? `Did you mean ${nearest}?` : `The stages are ${stageNames.join(", ")}.`,
      );
    }
    const times = (used.get(name) ?? 0) + 1;
    used.set(name, times);
    return { stage: name, label: times === 1 ? name : `${name}-${times}`, words: rest };
  });
  return { calls };
}
