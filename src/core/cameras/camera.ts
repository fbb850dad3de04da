/**
 * What a camera declares: how it is chosen, its own options, what its frames will be, and how it is opened. A camera is a
 * folder with a `camera.ts` and a line in the registry; what only a run needs is loaded in `open`.
 */
import type { Problem } from "../errors.js";
import type { ConnectContext, Connection } from "../held.js";
import type { StreamDescriptor } from "../model/descriptor.js";
import type { UsedFiles } from "../model/used-files.js";
import { size } from "../option/geometry.js";
import { given, type OptionSpecs, type OptionsOf, option } from "../option/option.js";
import type { FileFacts, lookAtFiles } from "../storage/read/look-at-files.js";
import type { CameraContext, FrameSource } from "./frame-source.js";

type Awaitable<Value> = Value | Promise<Value>;

/** How a camera looks into files that somebody else made; here or in a thread. */
export type LookAtFiles = (...look: Parameters<typeof lookAtFiles>) => Promise<FileFacts>;

/** Options that say the same of every camera. */
export const everyCamera = {
  fps: option.number({
    doc: "Frames a second: paces the frames by the real clock, which makes the source live. Without it they come as fast as they are taken.",
    unit: "Hz",
    above: 0,
    max: 1e6,
  }),
  frames: option.count({
    doc: "Stop after this many frames (of a camera: exposed, lost ones included). Default: all of the files; without end for a camera.",
    min: 1,
  }),
  pixelSize: option.number({
    doc: "Edge of a pixel in the specimen; wins over what a file says.",
    unit: "um",
    above: 0,
    max: 1e6,
  }),
  size: size({
    doc: "Width x height of the frames of headerless files, or of a camera (2048x2048 by default).",
    only: [{ camera: given }, { pixelFormat: given }],
    instead: "Size and pixel format together describe headerless files.",
  }),
};

/** What is true of the frames before the first one; the rest of the descriptor is the same for every camera. */
export type FramesOffered = Pick<
  StreamDescriptor,
  "shape" | "pixelFormat" | "bitDepth" | "pixelSizeUm" | "rateHz" | "frameCount" | "isLive" | "source"
> &
  Partial<Pick<StreamDescriptor, "recordedLoss" | "numberStep">>;

export interface NegotiatedCamera<Plan extends object> {
  readonly frames: FramesOffered;
  /** Everything `open` needs, as plain JSON: it crosses threads. */
  readonly plan: Plan;
  /** Scratch in the shared memory. */
  readonly scratchBytes?: number;
}

/** In all of it `where` is the stage, for complaints. */
export interface Camera<
  Specs extends OptionSpecs = OptionSpecs,
  Plan extends object = object,
  Facts = unknown,
  Data = unknown,
> {
  /** What `--camera` says, where no option of its own chooses it. */
  readonly name: string;
  /** The option of its own that chooses it in place of `--camera`: a value of it is enough. */
  readonly chosenBy?: keyof Specs & string;
  /** What `--camera` says of it: "sim is the simulated one". */
  readonly summary: string;
  /** A sentence or two for help. */
  readonly description: string;
  /** Where its options stand in help: "Simulated camera:". */
  readonly heading: string;
  /** Its own options; that they mean nothing with another camera needs no rule of theirs. */
  readonly options: Specs;
  /** What follows `mote ` in a shell, and what it shows. */
  readonly examples: readonly { readonly cmd: string; readonly shows: string }[];
  /** Looks at the world without changing it or keeping it open. */
  look?(where: string, options: CameraOptions<Specs>, lookAtFiles: LookAtFiles): Awaitable<Facts>;
  /** Pure: refuses with a MoteError of exit code 2, or says what the frames will be. */
  negotiate(where: string, options: CameraOptions<Specs>, facts: Facts): NegotiatedCamera<Plan>;
  /** Last look before anything is opened. */
  check?(where: string, plan: Plan): Awaitable<readonly Problem[]>;
  /** The files that it will read and may write over. */
  uses?(where: string, plan: Plan): UsedFiles;
  /** Takes hold of the device before anything is opened, on the main thread, which it never blocks; a camera that has none needs nothing. */
  connect?(plan: Plan, context: ConnectContext): Awaitable<Connection<Data>>;
  open(plan: Plan, context: CameraContext<Data>): Promise<FrameSource>;
}

export type CameraOptions<Specs extends OptionSpecs> = OptionsOf<typeof everyCamera> & OptionsOf<Specs>;

/** Checks a declaration's types and forgets them, so that all cameras fit one table. */
export function defineCamera<Specs extends OptionSpecs, Plan extends object, Facts = undefined, Data = undefined>(
  declaration: Camera<Specs, Plan, Facts, Data>,
): Camera {
  return declaration as unknown as Camera;
}
