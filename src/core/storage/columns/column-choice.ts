/** Columns of a table of detections, chosen by their names: an option of each container that lets its table be chosen. */
import type { ParameterFault } from "../../errors.js";
import type { StreamDescriptor } from "../../model/descriptor.js";
import { type OptionSpec, option, type Prose } from "../../option/option.js";
import { type TrackColumnName, trackTable } from "./track-table.js";

const known: readonly string[] = trackTable.map(({ name }) => name);

/** The names, in the order in which the table is to have them; `needed` are those that a row cannot do without. */
export function columnChoice(
  prose: Prose,
  needed: readonly TrackColumnName[],
): OptionSpec<readonly TrackColumnName[] | undefined> {
  const expected = `some of ${listed(known)}, with commas between them, each once, ${listed(needed)} among them`;
  const names = { type: "array", items: { enum: known }, uniqueItems: true, minItems: needed.length };
  return option.custom(
    { ...prose, expected, metavar: "names", schema: { anyOf: [{ type: "string" }, names] } },
    (raw) => {
      const chosen: readonly unknown[] = Array.isArray(raw) ? raw : String(raw).split(",");
      const isGood = new Set(chosen).size === chosen.length && chosen.every((name) => known.includes(name as string));
      return isGood && needed.every((name) => chosen.includes(name))
        ? (chosen as readonly TrackColumnName[])
        : undefined;
    },
  );
}

/** The option `field` asks for the flags of a stream whose detections have none. */
export function flagsFaults(
  field: string,
  chosen: readonly TrackColumnName[] | undefined,
  { detections }: StreamDescriptor,
  isGiven: (option: string) => boolean,
): ParameterFault[] {
  if (!chosen?.includes("flags") || !isGiven(field)) return [];
  if (detections === null || detections.columns.includes("flags")) return [];
  return [
    {
      field,
      code: "stages-do-not-fit",
      what: "this stream has no column flags",
      hint: "Add --flags to `track`, or leave it out.",
    },
  ];
}

function listed(names: readonly string[]): string {
  return `${names.slice(0, -1).join(", ")} and ${names.at(-1)}`;
}
