/** The options of `track --refine`, and what they mean to the library. */
import type { StreamDescriptor } from "../core/model/descriptor.js";
import { given, type OptionsOf, option } from "../core/option/option.js";
import { locateRanges } from "../core/tracking/locate/parameters.js";
import { type CameraNoise, refineMethods } from "../core/tracking/refine/parameters.js";

/** The methods that weigh pixels by the camera's noise. */
const byNoise = ["gaussian", "radial-symmetry"];

const besideGain = {
  only: { refine: byNoise, gain: given },
  instead: "Gain, offset and read noise describe the camera together.",
} as const;

export const refineOptions = {
  refine: option.choice(refineMethods, {
    doc: "How positions are refined: the centroid as trackpy does, radial symmetry (Parthasarathy 2012), or a Gaussian of maximum likelihood; ep is then the uncertainty of that method.",
    default: "centroid",
    only: { locator: "particle" },
    instead: "A ring has its own sub-pixel fit.",
  }),
  maxIterations: option.count({
    doc: "Steps at most to centre the window on a particle.",
    ...locateRanges.maxIterations,
    default: 10,
  }),
  sigma: option.number({
    doc: "Width of the particles' image; fitted when not given.",
    above: 0,
    unit: "px",
    only: { refine: "gaussian" },
  }),
  gain: option.number({
    doc: "Electrons per grey level; from the calibration when not given.",
    above: 0,
    only: { refine: byNoise },
    instead: "The centroid does not use the camera's noise.",
  }),
  offset: option.number({
    doc: "Grey level without light; from the calibration when not given.",
    min: 0,
    ...besideGain,
  }),
  readNoise: option.number({
    doc: "Read noise in electrons; from the calibration when not given.",
    min: 0,
    ...besideGain,
  }),
  correctBias: option.flag({
    doc: "Correct pixel locking by the distribution of sub-pixel positions (SPIFF).",
    default: false,
  }),
};

/** The camera's noise: as given, else from the stream's calibration; undefined when neither says. */
export function cameraNoise(o: OptionsOf<typeof refineOptions>, input: StreamDescriptor): CameraNoise | undefined {
  const known = input.calibration?.camera as Partial<CameraNoise> | undefined;
  const gain = o.gain ?? known?.gain;
  if (gain === undefined) return undefined;
  return { gain, offset: o.offset ?? known?.offset ?? 0, readNoise: o.readNoise ?? known?.readNoise ?? 0 };
}

/** Parameters of the refining library whose options are called otherwise. */
export const refineNames = { window: "diameter", camera: "calibration" } as const;
