/**
 * One declaration of an option: its type, range, unit, default and prose. Help, validation, the run-file schema and the
 * reference page are computed from it. A decoder takes what the shell (text) or a run file (JSON) holds; it never names
 * the option in its complaint: `decode-options` puts the name in front, so all messages agree.
 */
import type { JsonObject, JsonValue } from "../model/json.js";
import type { PerAxis } from "../model/per-axis.js";
import { isInRange, type Range, rangeText } from "../model/range.js";
import { acceptedUnits, parseQuantity, type Unit } from "../units.js";

/** Any value but the default. */
export const given = Symbol("given");
/** No value, or the default. */
export const absent = Symbol("absent");
/** What other options of the same command have to be: given, absent, this value, or one of these. All of them have to hold. */
export type Condition = {
  readonly [option: string]: typeof given | typeof absent | JsonValue;
};

export interface OptionSpec<Value> {
  /** One or more sentences, ending in a full stop. */
  readonly doc: string;
  /** The heading it stands under in help; absent: the command's first. */
  readonly group?: string;
  /** When it means something: one of these has to hold; empty: always. */
  readonly only: readonly Condition[];
  /** What to do where it means nothing, a sentence; absent: add what is missing, or leave it out. */
  readonly instead?: string;
  /** What the rules of others call it; absent: as it is typed, with its dashes. */
  readonly noun?: string;
  /** Stands for the value in help: `--diameter <px>`; empty for a flag. */
  readonly metavar: string;
  /** What a value has to be, for help and complaints: "an odd whole number, at least 3". */
  readonly expected: string;
  /** As the user would type it; shown in help. Absent: no default. */
  readonly default?: JsonValue;
  readonly isRequired: boolean;
  /** May be given several times; the value is a list. */
  readonly isRepeatable: boolean;
  /** A flag takes no value; `--no-name` switches it off. */
  readonly isFlag: boolean;
  /** JSON Schema of the value in a run file. */
  readonly schema: JsonObject;
  /** The decoded value, or a complaint's second half: "got 4". */
  decode(raw: unknown): { readonly value: Value } | { readonly got: string };
}

export type OptionSpecs = { readonly [name: string]: OptionSpec<unknown> };
export type OptionsOf<Specs extends OptionSpecs> = {
  readonly [Name in keyof Specs]: Specs[Name] extends OptionSpec<infer Value> ? Value : never;
};

/** What every declaration says beside its type. */
export interface Prose {
  readonly doc: string;
  readonly metavar?: string;
  /** A rule about other options, declared here and nowhere else: `only: { locator: "ring" }`; of several one has to hold. */
  readonly only?: Condition | readonly Condition[];
  readonly instead?: string;
  readonly noun?: string;
}
type Presence<Value, Given> = Given extends { default: unknown } | { required: true } ? Value : Value | undefined;
interface Given {
  readonly default?: JsonValue;
  readonly required?: true;
}

/** The same options under a heading of their own in help. */
export function inGroup<Specs extends OptionSpecs>(heading: string, specs: Specs): Specs {
  return Object.fromEntries(Object.entries(specs).map(([name, spec]) => [name, { ...spec, group: heading }])) as Specs;
}

/** The same options, of one value of another: those of a variant, such as `{ camera: "sim" }`. An option's own rule holds too. */
export function onlyWith<Specs extends OptionSpecs>(condition: Condition, specs: Specs): Specs {
  const narrowed = (spec: OptionSpec<unknown>) =>
    spec.only.length === 0 ? [condition] : spec.only.map((own) => ({ ...condition, ...own }));
  return Object.fromEntries(
    Object.entries(specs).map(([name, spec]) => [name, { ...spec, only: narrowed(spec) }]),
  ) as unknown as Specs;
}

function got(raw: unknown): { got: string } {
  return { got: `got ${typeof raw === "string" ? (raw === "" ? "nothing" : raw) : JSON.stringify(raw)}` };
}

function spec<Value>(
  given: Prose & Given,
  own: Pick<OptionSpec<Value>, "expected" | "schema" | "decode"> & {
    metavar: string;
    isFlag?: boolean;
    isRepeatable?: boolean;
  },
): OptionSpec<Value> {
  return {
    doc: given.doc,
    only: given.only === undefined ? [] : ([given.only].flat() as Condition[]),
    ...(given.instead === undefined ? {} : { instead: given.instead }),
    ...(given.noun === undefined ? {} : { noun: given.noun }),
    metavar: given.metavar ?? own.metavar,
    expected: own.expected,
    ...(given.default === undefined ? {} : { default: given.default }),
    isRequired: given.required ?? false,
    isRepeatable: own.isRepeatable ?? false,
    isFlag: own.isFlag ?? false,
    schema: own.schema,
    decode: own.decode,
  };
}

function rangeSchema(range: Range): JsonObject {
  return {
    ...(range.min === undefined ? {} : { minimum: range.min }),
    ...(range.max === undefined ? {} : { maximum: range.max }),
    ...(range.above === undefined ? {} : { exclusiveMinimum: range.above }),
    ...(range.below === undefined ? {} : { exclusiveMaximum: range.below }),
  };
}

function toNumber(raw: unknown, unit?: Unit): number {
  if (typeof raw === "number") return raw;
  if (typeof raw !== "string" || raw.trim() === "") return Number.NaN;
  return (unit ? parseQuantity(raw, unit) : Number(raw)) ?? Number.NaN;
}

/** A whole number. */
function count<G extends Prose & Given & Range>(given: G): OptionSpec<Presence<number, G>> {
  return spec<Presence<number, G>>(given, {
    metavar: "n",
    expected: rangeText({ ...given, whole: true }),
    schema: { type: "integer", ...rangeSchema(given) },
    decode(raw) {
      const value = toNumber(raw);
      return isInRange(value, { ...given, whole: true }) ? { value: value as Presence<number, G> } : got(raw);
    },
  });
}

/** A number, in a unit when one is declared. */
function number<G extends Prose & Given & Range & { unit?: Unit }>(given: G): OptionSpec<Presence<number, G>> {
  const others = given.unit ? acceptedUnits(given.unit).filter((unit) => unit !== given.unit) : [];
  const unitProse = given.unit ? ` in ${given.unit}${others.length > 0 ? ` (or ${others.join(", ")})` : ""}` : "";
  return spec<Presence<number, G>>(given, {
    metavar: given.unit ?? "x",
    expected: rangeText(given) + unitProse,
    schema: given.unit
      ? { anyOf: [{ type: "number", ...rangeSchema(given) }, { type: "string" }] }
      : { type: "number", ...rangeSchema(given) },
    decode(raw) {
      const value = toNumber(raw, given.unit);
      return isInRange(value, given) ? { value: value as Presence<number, G> } : got(raw);
    },
  });
}

/** One number for both axes or two, "y,x" (slowest axis first, as trackpy's tuples). */
function perAxis<G extends Prose & Given & Range>(given: G): OptionSpec<Presence<PerAxis, G>> {
  return spec<Presence<PerAxis, G>>(given, {
    metavar: "px",
    expected: `${rangeText(given)}, or two for y,x`,
    schema: {
      anyOf: [
        { type: "number" },
        { type: "array", items: { type: "number" }, minItems: 2, maxItems: 2 },
        { type: "string" },
      ],
    },
    decode(raw) {
      const parts = Array.isArray(raw) ? raw : typeof raw === "string" ? raw.split(",") : [raw];
      const numbers = parts.map((part) => toNumber(part, "px"));
      if (numbers.length < 1 || numbers.length > 2 || !numbers.every((value) => isInRange(value, given)))
        return got(raw);
      const [y, x = y] = numbers as [number, number?];
      return { value: { y, x } as Presence<PerAxis, G> };
    },
  });
}

/** Free text. */
function text<G extends Prose & Given>(given: G): OptionSpec<Presence<string, G>> {
  return spec<Presence<string, G>>(given, {
    metavar: "text",
    expected: "text",
    schema: { type: "string" },
    // No text of a shell has a zero in it, and no file name may.
    decode: (raw) =>
      typeof raw === "string" && raw !== "" && !raw.includes("\0") ? { value: raw as Presence<string, G> } : got(raw),
  });
}

/** A file, a folder or a device. */
function path<G extends Prose & Given>(given: G): OptionSpec<Presence<string, G>> {
  return { ...text(given), metavar: given.metavar ?? "path", expected: "a path" };
}

/** One of a registry's names. */
function choice<const Names extends readonly string[], G extends Prose & Given>(
  names: Names,
  given: G,
): OptionSpec<Presence<Names[number], G>> {
  return spec<Presence<Names[number], G>>(given, {
    metavar: "name",
    expected: names.length > 1 ? `${names.slice(0, -1).join(", ")} or ${names[names.length - 1]}` : `${names[0]}`,
    schema: { enum: names },
    decode: (raw) => (names.includes(raw as string) ? { value: raw as Presence<Names[number], G> } : got(raw)),
  });
}

/** On or off; `--no-name` on the command line, true or false in a run file. */
function flag(given: Prose & { default: boolean }): OptionSpec<boolean> {
  return spec<boolean>(given, {
    metavar: "",
    expected: "true or false",
    isFlag: true,
    schema: { type: "boolean" },
    decode: (raw) =>
      raw === true || raw === "true" ? { value: true } : raw === false || raw === "false" ? { value: false } : got(raw),
  });
}

/** Any option given several times; in a run file a list, or one value. */
function list<Value>(
  item: OptionSpec<Value | undefined>,
  given: { required?: true } = {},
): OptionSpec<readonly Value[]> {
  return {
    ...item,
    isRepeatable: true,
    isRequired: given.required ?? false,
    ...(given.required ? {} : { default: [] }),
    schema: { anyOf: [item.schema, { type: "array", items: item.schema }] },
    decode(raw) {
      const values: Value[] = [];
      for (const part of Array.isArray(raw) ? raw : [raw]) {
        const decoded = item.decode(part);
        if ("got" in decoded) return decoded;
        values.push(decoded.value as Value);
      }
      return { value: values };
    },
  };
}

/** A value with a notation of its own, "2048x2048" or "10,20,640,480"; `parse` returns undefined for what it cannot read. */
function custom<Value, G extends Prose & Given>(
  given: G & { expected: string; metavar: string; schema?: JsonObject },
  parse: (raw: unknown) => Value | undefined,
): OptionSpec<Presence<Value, G>> {
  return spec<Presence<Value, G>>(given, {
    metavar: given.metavar,
    expected: given.expected,
    schema: given.schema ?? { type: "string" },
    decode(raw) {
      const value = parse(raw);
      return value === undefined ? got(raw) : { value: value as Presence<Value, G> };
    },
  });
}

export const option = { count, number, perAxis, text, path, choice, flag, list, custom };
