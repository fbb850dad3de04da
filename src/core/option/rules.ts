/** The rules between options, as each declares them with `only`: judged for a command's decoded values, and put into words. */
import type { Problem } from "../errors.js";
import { kebab } from "./names.js";
import { absent, type Condition, given, type OptionSpec, type OptionSpecs } from "./option.js";

type Values = { readonly [name: string]: unknown };

/** A problem for each option that has a value and means nothing beside the others. */
export function ruleProblems(where: string, specs: OptionSpecs, values: Values): Problem[] {
  const problems: Problem[] = [];
  for (const [name, spec] of Object.entries(specs)) {
    if (spec.only.length === 0 || !isGiven(spec, values[name])) continue;
    const unmet = spec.only.map((condition) => unmetPart(condition, specs, values));
    if (unmet.some((part) => Object.keys(part).length === 0)) continue;
    problems.push({
      code: "option-conflict",
      where: `${where}, --${kebab(name)}`,
      what: `means nothing ${unmet.map((part) => conditionText(part, specs)).join(" or ")}`,
      hint: spec.instead ?? hintFor(name, unmet),
    });
  }
  return problems;
}

function hintFor(name: string, unmet: readonly Condition[]): string {
  const isInTheWay = unmet.every((condition) => Object.values(condition).includes(absent));
  return isInTheWay ? `Leave --${kebab(name)} out.` : `Add it, or leave --${kebab(name)} out.`;
}

/** "without --locator ring", "with --camera": what would have to be otherwise. */
function conditionText(condition: Condition, specs: OptionSpecs): string {
  const parts = Object.entries(condition).map(([name, needed]) =>
    needed === absent ? `with ${nounOf(name, specs)}` : `without ${neededText(name, needed, specs)}`,
  );
  return parts.join(" and ");
}

/** "only with --locator ring": the rule of an option, for help; empty without one, and where it holds unless told otherwise. */
export function ruleText(spec: OptionSpec<unknown>, specs: OptionSpecs): string {
  if (spec.only.length === 0) return "";
  const untold = Object.fromEntries(Object.entries(specs).map(([name, { default: own }]) => [name, own]));
  if (spec.only.some((condition) => Object.keys(unmetPart(condition, specs, untold)).length === 0)) return "";
  const texts = spec.only.map((condition) =>
    Object.entries(condition)
      .map(([name, needed]) =>
        needed === absent ? `without ${nounOf(name, specs)}` : `with ${neededText(name, needed, specs)}`,
      )
      .join(" and "),
  );
  return `only ${texts.join(" or ")}`;
}

function nounOf(name: string, specs: OptionSpecs): string {
  return specs[name]?.noun ?? `--${kebab(name)}`;
}

function neededText(name: string, needed: Condition[string], specs: OptionSpecs): string {
  const noun = nounOf(name, specs);
  if (needed === given) return noun;
  const values = Array.isArray(needed) ? needed : [needed];
  return values[0] === true ? noun : `${noun} ${values.join(" or ")}`;
}

function unmetPart(condition: Condition, specs: OptionSpecs, values: Values): Condition {
  const unmet = Object.entries(condition).filter(([name, needed]) => !holds(needed, specs[name], values[name]));
  return Object.fromEntries(unmet);
}

function holds(needed: Condition[string], spec: OptionSpec<unknown> | undefined, value: unknown): boolean {
  if (needed === given) return isGiven(spec, value);
  if (needed === absent) return !isGiven(spec, value);
  return Array.isArray(needed) ? needed.includes(value as never) : value === needed;
}

/** Has a value that the command would not have by itself, or from a preset. */
export function isGiven(
  spec: OptionSpec<unknown> | undefined,
  value: unknown,
  otherwise: unknown = spec?.default,
): boolean {
  if (value === undefined || (Array.isArray(value) && value.length === 0)) return false;
  if (spec === undefined || otherwise === undefined) return true;
  const own = spec.decode(otherwise);
  return !("value" in own) || JSON.stringify(own.value) !== JSON.stringify(value);
}
