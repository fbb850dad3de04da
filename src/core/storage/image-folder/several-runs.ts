import { basename } from "node:path";
import { refusal } from "../../errors.js";
import { formatCount } from "../../units.js";

/** Frames of several runs have the same numbers: they do not become one recording. */
export function severalRuns(where: string, journals: readonly string[]) {
  const shown = journals
    .slice(0, 8)
    .map((path) => basename(path))
    .join(", ");
  const more = journals.length > 8 ? ` and ${journals.length - 8} more` : "";
  return refusal(
    "choice-needed",
    where,
    `${formatCount(journals.length, "run")} share this folder: ${shown}${more}`,
    `Name the journal of one: mote recover ${journals[0]}`,
  );
}
