/** What `mote inspect` asks of a format: the facts of a file, as data and as lines for people, and a frame to draw. */
import { type MoteError, refusal } from "../../errors.js";
import type { FrameDrawing } from "../../imaging/draw/draw-frame.js";
import type { Ending } from "./ending.js";

/** Several texts stand below each other; null: nothing to say. */
export type Line = readonly [label: string, text: string | readonly string[] | null];

export interface Inspection<Facts extends object = object> {
  /** For programs: "hdf5". */
  readonly kind: string;
  /** Plain data. */
  readonly facts: Facts;
  /** What its own mark says of its end. */
  readonly ending: Ending;
  /** The facts for people, with what is known of its end beside the file, too. */
  lines(ending: Ending): readonly Line[];
}

export interface Inspector {
  inspect(path: string): Promise<Inspection>;
  /** What is needed to draw a frame, a refusal when it is not there; absent: as that of any images. */
  draw?(path: string, frameNumber: number): Promise<FrameDrawing>;
}

/** `last` is the last frame's number, null without frames. */
export function noSuchFrame(path: string, frameNumber: number, last: number | null): MoteError {
  return refusal(
    "no-such-item",
    `inspect, --png ${frameNumber}`,
    `there is no frame ${frameNumber} in ${path}`,
    last === null ? "It holds no frames." : `Its last frame is ${last}.`,
  );
}
