/** The one decoder of options, for the shell and for run files; reports every mistake at once. */
import type { Problem } from "../errors.js";
import type { JsonObject, JsonValue } from "../model/json.js";
import { kebab, nearestName } from "./names.js";
import type { OptionSpecs, OptionsOf } from "./option.js";
import { ruleProblems } from "./rules.js";

export type RawOptions = { readonly [name: string]: unknown };

export interface Decoded<Specs extends OptionSpecs> {
  /** Complete only when `problems` is empty. */
  readonly options: OptionsOf<Specs>;
  readonly problems: readonly Problem[];
  /** Options that could be read but mean nothing beside the others: the rules that they declare. */
  readonly broken: readonly Problem[];
}

/** Decodes `raw` (camelCase names) against `specs`; `where` names the stage in complaints, `positional` the option that is typed without its name. */
export function decodeOptions<Specs extends OptionSpecs>(
  where: string,
  specs: Specs,
  raw: RawOptions,
  positional?: string,
): Decoded<Specs> {
  const placeOf = (name: string, { metavar }: OptionSpecs[string]) =>
    `${where}, ${name === positional ? metavar.toUpperCase() : `--${kebab(name)}`}`;
  const problems: Problem[] = [];
  const options: Record<string, unknown> = {};
  for (const name of Object.keys(raw)) {
    if (Object.hasOwn(specs, name)) continue;
    const nearest = nearestName(name, Object.keys(specs));
    problems.push({
      code: "bad-option",
      where: `${where}, --${kebab(name)}`,
      what: "there is no such option",
      hint: nearest ? `Did you mean --${kebab(nearest)}?` : `See mote ${where} --help.`,
    });
  }
  for (const [name, spec] of Object.entries(specs)) {
    const given = raw[name] ?? spec.default;
    if (given === undefined || given === null) {
      if (spec.isRequired) {
        problems.push({
          code: "bad-option",
          where: placeOf(name, spec),
          what: `is required: ${spec.expected}`,
          hint: spec.doc,
        });
      }
      options[name] = undefined;
      continue;
    }
    if (Array.isArray(given) && spec.isRepeatable && given.length === 0) {
      if (spec.isRequired) {
        problems.push({
          code: "bad-option",
          where: placeOf(name, spec),
          what: `is required: ${spec.expected}`,
          hint: spec.doc,
        });
      }
      options[name] = [];
      continue;
    }
    const decoded = spec.decode(given);
    if ("value" in decoded) options[name] = decoded.value;
    else {
      problems.push({
        code: "bad-option",
        where: placeOf(name, spec),
        what: `expected ${spec.expected}, ${decoded.got}`,
        hint: spec.doc,
      });
    }
  }
  // Of options that could not be read nothing can be said.
  const broken = problems.length === 0 ? ruleProblems(where, specs, options) : [];
  return { options: options as OptionsOf<Specs>, problems, broken };
}

/** What a stage ran with, as given or by default, for descriptors and files: plain JSON, nothing undefined. */
export function optionsAsJson(specs: OptionSpecs, raw: RawOptions): JsonObject {
  const json: Record<string, JsonValue> = {};
  for (const [name, spec] of Object.entries(specs)) {
    const given = raw[name] ?? spec.default;
    if (given === undefined || given === null) continue;
    const decoded = spec.decode(given);
    json[name] = (("value" in decoded ? decoded.value : given) ?? null) as JsonValue;
  }
  return json;
}
