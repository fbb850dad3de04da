/** How a request names one of a run's links. */
import { refusal } from "../errors.js";
import { nearestName } from "../option/names.js";
import { option } from "../option/option.js";
import type { SpokenRun } from "./request.js";

export const linkField = option.text({
  doc: "The link, by the label of the stage that it leads to; may be left out where the run has one alone.",
  metavar: "stage",
});

/** The link into the stage of this label; refuses, naming those that there are. */
export function chosenLink(
  { name, view }: SpokenRun,
  request: string,
  stage: string | undefined,
): { readonly linkIndex: number; readonly from: string; readonly to: string } {
  const { layout, labels } = view;
  const links = layout.links.map(({ from, to }, linkIndex) => ({ linkIndex, from: labels[from]!, to: labels[to]! }));
  const found = stage === undefined && links.length === 1 ? links[0] : links.find(({ to }) => to === stage);
  if (found) return found;
  const known = links.map(({ to }) => to);
  const nearest = stage === undefined ? undefined : nearestName(stage, known);
  throw refusal(
    "bad-option",
    `${name}, ${request}, --link`,
    stage === undefined ? "is required: this run has several" : `no link leads to a stage ${stage}`,
    nearest === undefined ? `Links lead to ${known.join(", ")}.` : `Did you mean ${nearest}?`,
  );
}
