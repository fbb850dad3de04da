/** Frames as lossless JPEG XL files: the options, and what they come to. */
import type { Problem } from "../../../errors.js";
import type { StreamDescriptor } from "../../../model/descriptor.js";
import { option } from "../../../option/option.js";
import { rootOption } from "../../root/root-option.js";
import { type CompressPlan, defineCompression } from "../compression.js";
import { placeProblems, templateOf } from "./place-problems.js";

export interface JxlPlan extends CompressPlan {
  /** The folder; null with a root. */
  readonly out: string | null;
  readonly root: string | null;
  readonly nameTemplate: string;
  /** Null: 1, or with a root the next free number. */
  readonly run: number | null;
  readonly resume: boolean;
  readonly effort: number;
  readonly encoder: "libjxl" | "cjxl";
}

interface Seen {
  /** Version of the cjxl program; null when it is not asked for or not there. */
  readonly cjxl: string | null;
}

export const jxlCompression = defineCompression({
  options: {
    out: option.path({
      doc: "Folder for the files and their journal, journal.ndjson; made when it is not there. This or --root.",
      metavar: "folder",
    }),
    ...rootOption("as in data/2026-11-20/run_001_frame_000000.jxl, with run_001_journal.ndjson"),
    nameTemplate: option.text({
      doc: "Name of a frame's file: {frame} is its number ({frame:06} with zeros to six digits), {run} that of --run, {date} the day the run started, in local time. Default frame_{frame:06}.jxl, with --root run_{run:03}_frame_{frame:06}.jxl.",
      metavar: "template",
    }),
    run: option.count({
      doc: "Number that {run} in the name template stands for. Default 1, with --root the next free one of the day.",
      min: 0,
    }),
    effort: option.count({
      doc: "How hard to try: 1 keeps up with cameras; 7 takes about a hundred times as long for files a tenth smaller.",
      min: 1,
      max: 9,
      default: 1,
    }),
    encoder: option.choice(["libjxl", "cjxl"], {
      doc: "libjxl is built in; cjxl is the program of that name, which has to be installed, one process a frame.",
      default: "libjxl",
    }),
    resume: option.flag({
      doc: "Go on with a run that was cut: frames whose file and line in the journal are there are compared by checksum and not stored again.",
      default: false,
    }),
  },
  async look({ encoder }): Promise<Seen> {
    if (encoder !== "cjxl") return { cjxl: null };
    return { cjxl: (await import("../../../codecs/jxl/cjxl-encoder.js")).cjxlVersion() ?? null };
  },
  problems: (o, input, seen) => [
    ...inputProblems(input),
    ...placeProblems(o),
    ...encoderProblems(o.encoder, seen as Seen),
  ],
  settings: (o): Omit<JxlPlan, keyof CompressPlan> => ({
    out: o.out ?? null,
    root: o.root ?? null,
    nameTemplate: templateOf(o),
    run: o.run ?? null,
    resume: o.resume,
    effort: o.effort,
    encoder: o.encoder,
  }),
  load: async () => (await import("./compressor.js")).jxlCompressor,
});

/** What cannot become a lossless JPEG XL. */
function inputProblems({ pixelFormat }: StreamDescriptor): Problem[] {
  if (pixelFormat !== "float32") return [];
  const hint = "JPEG XL would round them: keep floats with mote archive --out run.h5.";
  return [{ code: "stages-do-not-fit", where: "compress", what: "expected uint8 or uint16 frames, got float32", hint }];
}

function encoderProblems(encoder: string, { cjxl }: Seen): Problem[] {
  if (encoder !== "cjxl" || cjxl !== null) return [];
  const hint =
    "Install it (Debian: apt install libjxl-tools), or leave --encoder away: the built-in one writes the same format.";
  return [
    { code: "no-such-program", where: "compress, --encoder cjxl", what: "there is no program cjxl to be run", hint },
  ];
}
