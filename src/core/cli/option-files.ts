/** What is refused of options that stand in a file is told with that file, and with the option as it is spelled there. */
import { MoteError } from "../errors.js";
import { camel } from "../option/names.js";

/** The place of an option of a stage or command, "run.json, archive, minFree"; undefined where it is of no file. */
export type Spell = (label: string, option: string) => string | undefined;

/** Throws `error`, its places those of the files that `spell` knows; `other` is put before places that are no option's. */
export function rethrowSpelled(error: unknown, spell: Spell, other?: string): never {
  if (!(error instanceof MoteError) || error.exitCode !== 2) throw error;
  const problems = error.problems.map((problem) => {
    const { where } = problem;
    const [option, label, name] = /^([^,]+), --([\w-]+)/.exec(where) ?? [];
    const spelled = option === undefined ? undefined : spell(label!, camel(name!));
    if (spelled !== undefined) return { ...problem, where: spelled + where.slice(option!.length) };
    return other === undefined || where.includes(other) ? problem : { ...problem, where: `${other}, ${where}` };
  });
  throw new MoteError(problems, { exitCode: 2, cause: error });
}

/** How one of these names, as they are written, spells the option; the option's own name when none does. */
export function spelling(option: string, written: readonly string[]): string {
  return written.find((name) => camel(name) === option) ?? option;
}
