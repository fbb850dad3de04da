/** What can be chosen of the containers, gathered from their declarations. */
import type { Problem } from "../../errors.js";
import { kebab } from "../../option/names.js";
import { inGroup, type OptionSpecs } from "../../option/option.js";
import { parameterProblems } from "../../option/parameter-problems.js";
import { containers, folderContainer } from "../container-for.js";
import type { Asked, Choices, Container } from "../formats/format.js";
import type { StoreSettings } from "../frame-store.js";

const loaders = new Set([...Object.values(containers), folderContainer].flatMap(({ choices = [] }) => choices));
const all = await Promise.all([...loaders].map(async (load) => ({ load, choices: await load() })));

/** The options of all containers, each under its container's heading. */
export const containerOptions: OptionSpecs = Object.assign(
  {},
  ...all.map(({ choices }) => inGroup(choices.heading, choices.options)),
);

/** Decoded values; what no container declares is left alone. */
type Values = { readonly [option: string]: unknown };

/** What was asked for beside the containers' options. */
export interface AskedOfAll extends Omit<Asked, "out"> {
  /** Each --out and what it stands for. */
  readonly out: readonly { readonly path: string; readonly container: Container }[];
}

/** What the options come to, for the stores; only of containers that are written. */
export function containerSettings(values: Values, asked: AskedOfAll): StoreSettings {
  const settings: Record<string, object> = {};
  for (const { choices, own } of asOfEach(asked)) {
    if (own.out.length > 0) settings[choices.key] = choices.settings(values, own);
  }
  return settings;
}

/** Options of containers that are not written, and what is wrong with those of the others. */
export function containerProblems(where: string, values: Values, asked: AskedOfAll): Problem[] {
  return asOfEach(asked).flatMap(({ choices, own }) => {
    if (own.out.length > 0) return parameterProblems(where, choices.faults?.(values, own) ?? [], choices.optionOf);
    const given = Object.keys(choices.options).filter(asked.isGiven);
    return given.map((name) => ({
      code: "option-conflict",
      where: `${where}, --${kebab(name)}`,
      what: `no --out is ${choices.noun}`,
      hint: choices.howToGet?.(asked.root !== undefined) ?? `Add one, or leave --${kebab(name)} out.`,
    }));
  });
}

/** All choices, each with the --out that it is for. */
function asOfEach({ out, ...asked }: AskedOfAll): { choices: Choices; own: Asked }[] {
  return all.map(({ load, choices }) => {
    const own = out.filter(({ container }) => container.choices?.includes(load)).map(({ path }) => path);
    return { choices, own: { ...asked, out: own } };
  });
}

/** ".h5 and .mote keep everything, .tif frames alone, .csv detections alone, ...": what is written under which extension. */
export function extensionsText(): string {
  const names = (keeps: (container: Container) => boolean) =>
    listed(Object.keys(containers).filter((extension) => keeps(containers[extension]!)));
  const everything = names(
    ({ keepsFrames, keepsFramesOnly, isEither }) => keepsFrames && !keepsFramesOnly && !isEither,
  );
  const frames = names(({ keepsFramesOnly }) => keepsFramesOnly === true);
  const detections = names(({ keepsFrames }) => !keepsFrames);
  const either = names(({ isEither }) => isEither === true);
  return `${everything} keep everything, ${frames} frames alone, ${detections} detections alone, ${either} detections where there are some, else frames`;
}

function listed(names: readonly string[]): string {
  return `${names.slice(0, -1).join(", ")} and ${names.at(-1)}`;
}
