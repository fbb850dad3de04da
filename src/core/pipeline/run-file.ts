/**
 * A composed run, from a run file or from the words of `mote run`. A run file is JSON: `{ "version": 1, "stages": [{ "stage":
 * "acquire", ...options }, ...] }`; option names in camelCase or as on the command line. A stage takes the frames of the one
 * before it, or of the one that `"from"` names by its tag or name.
 */
import { MoteError, type Problem, refusal } from "../errors.js";
import { linkPolicies } from "../memory/link-shape.js";
import type { JsonObject } from "../model/json.js";
import { isWholeNumber } from "../model/range.js";
import type { RawOptions } from "../option/decode-options.js";
import { nearestName } from "../option/names.js";
import { optionsIn, parseOptionFile } from "../option/option-file.js";
import { type FailurePolicy, failurePolicies, type LinkRequest } from "./negotiate.js";

export interface StageCall {
  readonly stage: string;
  readonly label: string;
  /** From a run file: values; undefined when `words` holds a command line. */
  readonly raw?: RawOptions;
  /** Their names as the run file has them. */
  readonly written?: readonly string[];
  readonly words?: readonly string[];
  /** Tag or name of the stage that feeds it; left out: the one before it. */
  readonly from?: string;
  readonly link?: LinkRequest;
  /** The user gave it its label. */
  readonly isTagged?: boolean;
  /** Where it stands in the run file. */
  readonly at?: string;
}

export interface RunRequest {
  readonly calls: readonly StageCall[];
  readonly onFailure?: FailurePolicy;
}

/** The text of a run file; `where` is its name. All mistakes of its frame at once; options are judged later, with the rest. */
export function parseRunFile(where: string, text: string, stageNames: readonly string[]): RunRequest {
  const file = parseOptionFile(where, text) as { version?: unknown; stages?: unknown; onFailure?: unknown } | null;
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
    if (!fileKeys.includes(key)) problems.push(unknownKey(where, key, fileKeys));
  }
  const onFailure = failurePolicies.find((policy) => policy === file.onFailure);
  if (file.onFailure !== undefined && !onFailure)
    problems.push({
      code: "bad-option-file",
      where: `${where}, onFailure`,
      what: `expected ${failurePolicies.join(" or ")}, got ${JSON.stringify(file.onFailure)}`,
    });
  const calls = file.stages.map((entry: unknown, i): StageCall => {
    const at = `${where}, stages[${i}]`;
    const { stage, tag, from, link, ...rest } = (entry ?? {}) as Record<string, unknown>;
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
    if (from !== undefined && typeof from !== "string")
      problems.push({
        code: "bad-option-file",
        where: `${at}, from`,
        what: `expected a stage's tag or name, got ${JSON.stringify(from)}`,
      });
    return {
      stage: String(stage),
      label: typeof tag === "string" ? tag : String(stage),
      isTagged: typeof tag === "string",
      at,
      raw: optionsIn(at, rest as JsonObject),
      written: Object.keys(rest),
      ...(typeof from === "string" ? { from } : {}),
      ...(link === undefined ? {} : { link: linkIn(`${at}, link`, link, problems) }),
    };
  });
  if (calls.length === 0)
    problems.push({
      code: "bad-option-file",
      where: `${where}, stages`,
      what: "expected at least two stages, got none",
    });
  if (problems.length > 0) throw new MoteError(problems, { exitCode: 2 });
  return { calls, ...(onFailure ? { onFailure } : {}) };
}

const fileKeys = ["version", "stages", "onFailure", "$schema", "description"];

function unknownKey(where: string, key: string, known: readonly string[]): Problem {
  const nearest = nearestName(key, known);
  const hint = nearest ? `Did you mean ${nearest}?` : `The keys are ${known.join(", ")}.`;
  return { code: "bad-option-file", where: `${where}, ${key}`, what: "there is no such key", hint };
}

/** What a stage says of the link that leads to it: `{ "policy": "drop-oldest", "every": 10 }`. */
function linkIn(where: string, link: unknown, problems: Problem[]): LinkRequest {
  if (typeof link !== "object" || link === null || Array.isArray(link)) {
    problems.push({
      code: "bad-option-file",
      where,
      what: `expected { "policy": ..., "every": ... }, got ${JSON.stringify(link)}`,
    });
    return {};
  }
  const { policy, every, ...others } = link as Record<string, unknown>;
  for (const key of Object.keys(others)) problems.push(unknownKey(where, key, ["policy", "every"]));
  const known = linkPolicies.find((name) => name === policy);
  if (policy !== undefined && !known)
    problems.push({
      code: "bad-option-file",
      where: `${where}, policy`,
      what: `expected one of ${linkPolicies.join(", ")}, got ${JSON.stringify(policy)}`,
    });
  const isCount = isWholeNumber(every, 1, Number.MAX_SAFE_INTEGER);
  if (every !== undefined && !isCount)
    problems.push({
      code: "bad-option-file",
      where: `${where}, every`,
      what: `expected a whole number of 1 to ${Number.MAX_SAFE_INTEGER}, got ${JSON.stringify(every)}`,
    });
  return { ...(known ? { policy: known } : {}), ...(isCount ? { every } : {}) };
}

/** `acquire ... then track ... then archive ...`; `from NAME then ...` begins a branch at an earlier stage. */
export function splitAtThen(words: readonly string[], stageNames: readonly string[]): RunRequest {
  const isStage = (word: string | undefined) => word !== undefined && stageNames.includes(word);
  const parts: { readonly words: string[]; readonly from?: string }[] = [{ words: [] }];
  for (let i = 0; i < words.length; i++) {
    const word = words[i]!;
    // A file may be called "from" as well: without a name and `then` behind it, the word is one like any other.
    const isBranch = word === "from" && words[i + 1] !== "then" && words[i + 2] === "then";
    if (word === "from" && isStage(words[i + 1]) && isStage(words[i + 2])) {
      const [at, name] = [words[i + 1]!, words[i + 2]!];
      throw refusal(
        "bad-option",
        "run",
        `expected then behind from ${at}, got ${name}`,
        `As in: from ${at} then ${name} ...`,
      );
    }
    if (isBranch) {
      parts.push({ words: [], from: words[i + 1]! });
      i += 2;
    } else if (word === "then") parts.push({ words: [] });
    else parts.at(-1)!.words.push(word);
  }
  const used = new Map<string, number>();
  const calls = parts.map(({ words: part, from }, i): StageCall => {
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
    const label = times === 1 ? name : `${name}-${times}`;
    return { stage: name, label, words: rest, ...(from === undefined ? {} : { from }) };
  });
  return { calls };
}
