/** The cameras, one line each: all that `acquire` knows of them is computed from this table. */
import { absent, type Condition, inGroup, type OptionSpecs, onlyWith, option } from "../option/option.js";
import type { Camera } from "./camera.js";
import { replay } from "./replay/camera.js";
import { sim } from "./sim/camera.js";

export const cameras: readonly Camera[] = [replay, sim];

/** Those that `--camera` names. */
export const namedCameras = cameras.filter(({ chosenBy }) => chosenBy === undefined);
const choosers = cameras.flatMap(({ chosenBy }) => chosenBy ?? []);

/** `--camera`, which stands alone. */
export const cameraOption = option.choice(
  namedCameras.map(({ name }) => name),
  {
    doc: `Take frames from this camera instead of files; ${namedCameras.map(({ summary }) => summary).join("; ")}.`,
    only: Object.fromEntries(choosers.map((name) => [name, absent])),
    instead: "Name files or a camera, not both.",
  },
);

/** The cameras' own options, each under its camera's heading and meaning nothing with another. */
export const variantOptions: OptionSpecs = Object.assign({}, ...cameras.map(optionsOf));

/** An option that chooses its camera needs no other that does. */
function optionsOf({ name, chosenBy, heading, options }: Camera): OptionSpecs {
  const { [chosenBy ?? ""]: chooser, ...others } = options;
  const chosen: Condition = chosenBy === undefined ? { camera: name } : { camera: absent };
  return inGroup(heading, { ...(chooser && { [chosenBy!]: chooser }), ...onlyWith(chosen, others) });
}

/** The camera that these decoded options choose; undefined where they choose none. */
export function cameraOf(options: { readonly [name: string]: unknown }): Camera | undefined {
  if (options.camera !== undefined) return cameraNamed(options.camera as string);
  return cameras.find(({ chosenBy }) => {
    const value = chosenBy === undefined ? undefined : options[chosenBy];
    return value !== undefined && !(Array.isArray(value) && value.length === 0);
  });
}

export function cameraNamed(name: string): Camera {
  return cameras.find((camera) => camera.name === name)!;
}
