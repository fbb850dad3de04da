/** JSON that people write: run files and option files. Every key counts, so none may be there twice, in whichever spelling. */
import { OverBudget } from "../budget.js";
import { reason, refusal } from "../errors.js";
import { type JsonObject, type JsonValue, parseJson } from "../model/json.js";
import type { RawOptions } from "./decode-options.js";
import { camel } from "./names.js";

/** The value; refuses what is no JSON and a key that an object has twice. */
export function parseOptionFile(where: string, text: string): JsonValue {
  let value: JsonValue;
  try {
    value = parseJson(text);
  } catch (error) {
    throw refusal(
      "bad-option-file",
      where,
      error instanceof OverBudget ? error.message : `expected JSON: ${reason(error)}`,
      undefined,
      error,
    );
  }
  const twice = repeatedKey(text);
  if (twice !== undefined)
    throw refusal("bad-option-file", where, `has the key ${JSON.stringify(twice)} twice`, "Keep one of the two.");
  return value;
}

/** Options by the names that declarations have; refuses one that is given in both spellings. */
export function optionsIn(where: string, object: JsonObject): RawOptions {
  const spelled = new Map<string, string>();
  for (const name of Object.keys(object)) {
    const other = spelled.get(camel(name));
    if (other !== undefined)
      throw refusal("bad-option-file", where, `has the same option as ${other} and as ${name}`, "Keep one of the two.");
    spelled.set(camel(name), name);
  }
  return Object.fromEntries(Object.entries(object).map(([name, value]) => [camel(name), value]));
}

/** The first key that an object of this JSON, which is known to be sound, has twice. */
function repeatedKey(text: string): string | undefined {
  /** Keys of the objects that are open, innermost last; null stands for a list. */
  const open: (Set<string> | null)[] = [];
  const tokens = /"(?:[^"\\]|\\.)*"|[{}[\]]/g;
  for (const { 0: token, index } of text.matchAll(tokens)) {
    if (token === "{") open.push(new Set());
    else if (token === "[") open.push(null);
    else if (token === "}" || token === "]") open.pop();
    else {
      const keys = open.at(-1);
      if (!keys || !isKey(text, index + token.length)) continue;
      const key = parseJson(token) as string;
      if (keys.has(key)) return key;
      keys.add(key);
    }
  }
  return undefined;
}

/** A text that a colon follows. */
function isKey(text: string, end: number): boolean {
  let at = end;
  while (" \t\n\r".includes(text.charAt(at)) && at < text.length) at++;
  return text.charAt(at) === ":";
}
