/**
 * The options of `acquire --camera sim`. None has a default of its own in its declaration, since some depend on the bit
 * depth; what is left out comes from `simDefaults`, and the help says so.
 */
import { refusal } from "../../errors.js";
import { type OptionsOf, option } from "../../option/option.js";
import { type Fault, parseFault } from "../faults.js";
import type { SimSettings } from "./settings.js";

/** Beads that `track --preset tweezer` follows on a 2048x2048 16-bit camera. */
export const simDefaults = {
  shape: { height: 2048, width: 2048 },
  bitDepth: 16,
  seed: 1,
  beads: 1000,
  beadShape: "gaussian",
  beadSigma: 4,
  amplitude: 1750,
  amplitudeSpread: 0.7,
  diffusion: 0.5,
  drift: { y: 0, x: 0 },
  blink: 0,
  background: 200,
  gradient: { y: 0, x: 0 },
  gain: 1,
  offset: 100,
  readNoise: 3,
  hotPixels: 0,
  faults: [],
} as const satisfies SimSettings;

/** Defaults that depend on the bit depth, as shares of the largest grey value: 8 and 12 bit cameras are not as deep. */
const lowDepth = {
  8: { amplitude: 80, background: 20, offset: 5, gain: 20 },
  12: { amplitude: 1400, background: 200, offset: 100, gain: 1 },
} as const;

const d = simDefaults;

export const simOptions = {
  beads: option.count({ doc: `Simulated beads in the first frame. Default ${d.beads}.`, min: 0, max: 1_000_000 }),
  beadShape: option.choice(["gaussian", "ring"], {
    doc: `Image of a simulated bead; a ring is brightest at 1.41 sigma and dark in its middle. Default ${d.beadShape}.`,
  }),
  beadSigma: option.number({
    doc: `Standard deviation of a simulated bead's image. Default ${d.beadSigma}.`,
    unit: "px",
    min: 0.3,
    max: 200,
  }),
  amplitude: option.number({
    metavar: "grey",
    doc: `Mean brightness of the simulated beads above the background, grey levels. Default ${d.amplitude} (${lowDepth[12].amplitude} at 12, ${lowDepth[8].amplitude} at 8 bits).`,
    min: 0,
    max: 65535,
  }),
  amplitudeSpread: option.number({
    metavar: "share",
    doc: `Brightness varies evenly from bead to bead by this share of the mean, up and down. Default ${d.amplitudeSpread}.`,
    min: 0,
    max: 1,
  }),
  diffusion: option.number({
    metavar: "px2",
    doc: `Diffusion coefficient of the simulated beads, square pixels a frame; the mean squared displacement grows by four of it. Default ${d.diffusion}.`,
    min: 0,
    max: 1e4,
  }),
  drift: option.perAxis({
    doc: "Drift of all simulated beads, pixels a frame, y,x. Default 0,0.",
    metavar: "y,x",
    min: -1000,
    max: 1000,
  }),
  blink: option.number({
    metavar: "share",
    doc: `Probability that a simulated bead is dark in a frame. Default ${d.blink}.`,
    min: 0,
    max: 1,
  }),
  background: option.number({
    metavar: "grey",
    doc: `Light at the simulated frame's centre, grey levels above the offset. Default ${d.background} (${lowDepth[8].background} at 8 bits).`,
    min: 0,
    max: 65535,
  }),
  backgroundGradient: option.perAxis({
    doc: "Grey levels by which the simulated background rises from the first row and column to the last, y,x. Default 0,0.",
    metavar: "y,x",
    min: -65535,
    max: 65535,
  }),
  gain: option.number({
    metavar: "electrons",
    doc: `Electrons a grey level of the simulated camera: the light's noise has the variance level / gain. Default ${d.gain} (${lowDepth[8].gain} at 8 bits).`,
    min: 1e-3,
    max: 1e6,
  }),
  offset: option.number({
    metavar: "grey",
    doc: `Grey level of the simulated camera without light. Default ${d.offset} (${lowDepth[8].offset} at 8 bits).`,
    min: 0,
    max: 65535,
  }),
  readNoise: option.number({
    metavar: "electrons",
    doc: `Read noise of the simulated camera, electrons, standard deviation. Default ${d.readNoise}.`,
    min: 0,
    max: 1e5,
  }),
  bitDepth: option.custom<number, { doc: string; expected: string; metavar: string; schema: { enum: number[] } }>(
    {
      doc: `Bits of the simulated camera; 8 gives uint8 pixels, 12 and 16 uint16. Default ${d.bitDepth}.`,
      metavar: "bits",
      expected: "8, 12 or 16",
      schema: { enum: [8, 12, 16] },
    },
    (raw) => [8, 12, 16].find((bits) => bits === raw || `${bits}` === raw),
  ),
  hotPixels: option.count({
    doc: `Pixels of the simulated camera that are stuck at a high level. Default ${d.hotPixels}.`,
    min: 0,
    max: 1_000_000,
  }),
  seed: option.count({
    doc: `Seed of the simulation; the same seed gives the same frames. Default ${d.seed}.`,
    min: 0,
  }),
  fault: option.list<Fault>(
    option.custom<Fault, { doc: string; expected: string; metavar: string }>(
      {
        doc: "A fault of the simulated camera: drop@100 or drop@100-105 loses frames, duplicate@200 sends one twice. Repeatable.",
        metavar: "fault",
        expected: "drop@N, drop@N-M or duplicate@N",
      },
      (raw) => (typeof raw === "string" ? parseFault(raw) : isFault(raw) ? raw : undefined),
    ),
  ),
  truth: option.path({
    doc: "Write the true bead positions to this CSV file (frame,bead,y,x,amplitude), for every frame exposed, lost ones too.",
  }),
};

export type SimOptions = OptionsOf<typeof simOptions>;

function isFault(raw: unknown): raw is Fault {
  if (typeof raw !== "object" || raw === null) return false;
  const { kind, first, last } = raw as Partial<Fault>;
  return parseFault(`${kind}@${first}-${last}`) !== undefined;
}

/** Completes the options; refuses light that the bit depth cannot hold. */
export function simSettings(options: SimOptions, size: SimSettings["shape"] | undefined): SimSettings {
  const bitDepth = options.bitDepth ?? d.bitDepth;
  const depth = bitDepth === 8 ? lowDepth[8] : bitDepth === 12 ? lowDepth[12] : d;
  const settings: SimSettings = {
    shape: size ?? d.shape,
    bitDepth,
    seed: options.seed ?? d.seed,
    beads: options.beads ?? d.beads,
    beadShape: options.beadShape ?? d.beadShape,
    beadSigma: options.beadSigma ?? d.beadSigma,
    amplitude: options.amplitude ?? depth.amplitude,
    amplitudeSpread: options.amplitudeSpread ?? d.amplitudeSpread,
    diffusion: options.diffusion ?? d.diffusion,
    drift: options.drift ?? d.drift,
    blink: options.blink ?? d.blink,
    background: options.background ?? depth.background,
    gradient: options.backgroundGradient ?? d.gradient,
    gain: options.gain ?? depth.gain,
    offset: options.offset ?? depth.offset,
    readNoise: options.readNoise ?? d.readNoise,
    hotPixels: options.hotPixels ?? d.hotPixels,
    faults: options.fault,
  };
  const most = 2 ** bitDepth - 1;
  const darkest = settings.background - (Math.abs(settings.gradient.y) + Math.abs(settings.gradient.x)) / 2;
  if (settings.offset + settings.background > most) {
    throw refusal(
      "bad-option",
      "acquire, --background",
      `offset and background are ${settings.offset + settings.background} grey levels, ${bitDepth} bits hold ${most}`,
      "Lower --background or --offset, or raise --bit-depth.",
    );
  }
  if (darkest < 0) {
    throw refusal(
      "bad-option",
      "acquire, --background-gradient",
      `the background would fall to ${darkest} grey levels in a corner`,
      "Raise --background or lower the gradient.",
    );
  }
  return settings;
}
