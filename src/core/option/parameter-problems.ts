/** A library's faults in the words of the command line: the option a parameter came from is named in front. */
import type { ParameterFault, Problem } from "../errors.js";
import { kebab } from "./names.js";

/** `optionOf` holds the parameters whose option has another name; `where` is the stage or command. */
export function parameterProblems<Field extends string>(
  where: string,
  faults: readonly ParameterFault<Field>[],
  optionOf: { readonly [F in Field]?: string } = {},
): Problem[] {
  return faults.map(({ field, given, ...rest }) => {
    const option = `--${kebab(optionOf[field] ?? field)}`;
    return { code: "bad-option", where: `${where}, ${option}${given === undefined ? "" : ` ${given}`}`, ...rest };
  });
}
